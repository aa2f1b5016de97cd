"""What the content stages make of one page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..results import MarkdownGenerationResult


def empty_links() -> dict[str, list[dict[str, Any]]]:
    """The shape of ``links`` when a page has none."""
    return {"internal": [], "external": []}


def empty_media() -> dict[str, list[dict[str, Any]]]:
    """The shape of ``media`` when a page has none."""
    return {"images": [], "videos": [], "audios": []}


@dataclass
class PageContent:
    """Everything the content stages found in one page; picklable.

    A stage that failed leaves its part at the default and its reason in :attr:`stage_errors`.
    """

    cleaned_html: str | None = None
    """The page (or the selection) without scripts, styles and layout attributes; None in prefetch mode."""

    markdown: MarkdownGenerationResult | None = None
    """Raw markdown, with citations on first use and ``fit_markdown`` after a content filter; None in prefetch mode."""

    links: dict[str, list[dict[str, Any]]] = field(default_factory=empty_links)
    """``internal`` and ``external`` lists of ``href``, ``text``, ``title``, ``base_domain``; absolute, each once. With
    ``score_links`` also ``intrinsic_score`` (0 to 10), ``contextual_score`` (None) and ``total_score``."""

    media: dict[str, list[dict[str, Any]]] = field(default_factory=empty_media)
    """``images``, ``videos`` and ``audios``; every ``src`` is absolute. Several addresses of one picture or player have
    the same ``group_id``."""

    tables: list[dict[str, Any]] = field(default_factory=list)
    """Data tables: ``headers``, ``rows``, ``caption``, ``summary``, ``metadata``."""

    metadata: dict[str, Any] = field(default_factory=dict)
    """Title, description, keywords, author, language, canonical, ``published_time``, ``modified_time``, ``og:*``,
    ``twitter:*``, ``article:*``, and ``structured_data`` with ``json_ld``, ``microdata`` and ``rdfa``; also
    ``selection``, a note, when ``css_selector`` or ``target_elements`` matched nothing."""

    extracted_content: str | None = None
    """JSON text of what an extraction strategy found; None when none ran."""

    fit_html: str = ""
    """The blocks a content filter chose; empty without a filter."""

    stage_errors: dict[str, str] = field(default_factory=dict)
    """One sentence for each stage that failed, by stage name."""
