"""Checks of content options that need the parser; they cost nothing per page and are made before any request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import turbohtml
from turbohtml import SelectorSyntaxError

from ..exceptions import UnsupportedOption
from .chunking import ChunkingStrategy
from .extraction import ExtractionStrategy
from .markdown import MarkdownGenerationStrategy
from .scraping import WebScrapingStrategy
from .tables import TableExtractionStrategy

if TYPE_CHECKING:
    from ..config import CrawlerRunConfig

_INSTANCES = {
    "markdown_generator": (MarkdownGenerationStrategy, "generate_markdown"),
    "extraction_strategy": (ExtractionStrategy, "run"),
    "chunking_strategy": (ChunkingStrategy, "chunk"),
    "table_extraction": (TableExtractionStrategy, "extract_tables"),
}


def check_content_options(config: CrawlerRunConfig) -> None:
    """Check the content options of *config* as far as that is possible without a page.

    :raises ValueError: an option has a value that cannot work; the sentence names the option.
    :raises UnsupportedOption: ``scraping_strategy`` is one of your own.
    """
    for name in ("css_selector", "excluded_selector"):
        selector = getattr(config, name)
        if selector is not None and selector != "":
            _check_selector(name, selector)
    for name in ("target_elements", "excluded_tags"):
        for selector in _listed(name, getattr(config, name)):
            _check_selector(name, selector)
    for name in ("exclude_domains", "exclude_social_media_domains", "keep_attrs"):
        _listed(name, getattr(config, name))
    for name, (kind, method) in _INSTANCES.items():
        value = getattr(config, name)
        if value is not None and (isinstance(value, type) or not hasattr(value, method)):
            raise ValueError(f"{name} must be an instance of {kind.__name__}, got {value!r}")
    if config.scraping_strategy is not None and type(config.scraping_strategy) is not WebScrapingStrategy:
        raise UnsupportedOption("scraping_strategy can only be None or WebScrapingStrategy(): there is one engine")


def _listed(name: str, value: Any) -> list[str]:
    values = [value] if isinstance(value, str) and name == "target_elements" else value
    if values is None:
        return []
    if isinstance(values, str) or not all(isinstance(item, str) for item in values):
        raise ValueError(f"{name} must be a list of strings, got {value!r}")
    return list(values)


def _check_selector(name: str, selector: Any) -> None:
    if not isinstance(selector, str):
        raise ValueError(f"{name} must be a CSS selector, got {selector!r}")  # noqa: TRY004  # one error for bad values
    try:
        turbohtml.Element("div").matches(selector)
    except SelectorSyntaxError as error:
        raise ValueError(f"{name} is not valid: {error}") from None
