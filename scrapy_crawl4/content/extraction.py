"""The extraction stage: structured data by a strategy."""

from __future__ import annotations

import json
import logging
from abc import ABC, abstractmethod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from .chunking import IdentityChunking, RegexChunking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .chunking import ChunkingStrategy

logger = logging.getLogger(__name__)

INPUT_FORMATS = ("markdown", "fit_markdown", "html", "cleaned_html", "fit_html")
_HTML_FORMATS = frozenset({"html", "cleaned_html", "fit_html"})
_DEFAULT_CHUNKING = RegexChunking()


class ExtractionStrategy(ABC):
    """Base class of extraction strategies, yours included: implement :meth:`extract`.

    :param input_format: what :meth:`extract` is given: ``"markdown"``, ``"fit_markdown"``, ``"html"`` (the page as it
        came), ``"cleaned_html"`` or ``"fit_html"``. Markdown comes in the chunks of ``chunking_strategy``, HTML whole.
    :param verbose: logs how many records a page has, at the level INFO.
    :raises ValueError: *input_format* is none of these.
    """

    whole_text: ClassVar[bool] = False
    """Whether Markdown comes whole, too, unless there is a ``chunking_strategy``."""

    without_filter: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Which input format stands in for ``"fit_html"`` or ``"fit_markdown"`` when no content filter is configured; one
    that has no stand-in is an error then."""

    def __init__(self, input_format: str = "markdown", *, verbose: bool = False) -> None:
        if input_format not in INPUT_FORMATS:
            raise ValueError(f"input_format must be one of {', '.join(INPUT_FORMATS)}, got {input_format!r}")
        self.input_format = input_format
        self.verbose = verbose
        self.name = type(self).__name__

    @abstractmethod
    def extract(self, url: str, html: str, *q: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """What is found in one chunk, as a list of dictionaries.

        :param url: the URL of the page.
        :param html: the chunk, in the format of ``input_format``.
        """

    def run(self, url: str, sections: list[str], *q: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """What is found in all chunks, in their order."""
        return [item for section in sections for item in self.extract(url, section, *q, **kwargs)]


class NoExtractionStrategy(ExtractionStrategy):
    """Extracts nothing; a page with it has no ``extracted_content``."""

    def extract(self, url: str, html: str, *q: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """The chunk itself."""
        return [{"index": 0, "content": html}]


def wanted_format(strategy: ExtractionStrategy, *, filtered: bool) -> str:
    """The input format that *strategy* is given.

    :param filtered: whether a content filter is configured.
    """
    stand_ins: Mapping[str, str] = {} if filtered else getattr(strategy, "without_filter", {})
    return stand_ins.get(strategy.input_format, strategy.input_format)


def extract_json(strategy: ExtractionStrategy, url: str, text: str, chunking: ChunkingStrategy | None) -> str:
    """What *strategy* finds in *text*, as JSON text.

    :param chunking: how Markdown is cut; None for the default.
    """
    whole = strategy.input_format in _HTML_FORMATS or (chunking is None and getattr(strategy, "whole_text", False))
    cut = IdentityChunking() if whole else chunking or _DEFAULT_CHUNKING
    found = strategy.run(url, cut.chunk(text))
    if getattr(strategy, "verbose", False):
        logger.info("%s: %d records of %s", type(strategy).__name__, len(found), url)
    return json.dumps(found, indent=4, default=str, ensure_ascii=False)
