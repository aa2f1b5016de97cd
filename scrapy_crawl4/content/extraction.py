"""The extraction stage: structured data by a strategy."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from ..exceptions import UnsupportedOption
from .chunking import IdentityChunking

if TYPE_CHECKING:
    from .chunking import ChunkingStrategy

INPUT_FORMATS = ("markdown", "fit_markdown", "html", "cleaned_html", "fit_html")
_HTML_FORMATS = frozenset({"html", "cleaned_html", "fit_html"})


class ExtractionStrategy(ABC):
    """Base class of extraction strategies, yours included: implement :meth:`extract`.

    :param input_format: what :meth:`extract` is given: ``"markdown"``, ``"fit_markdown"``, ``"html"`` (the page as it
        came), ``"cleaned_html"`` or ``"fit_html"``. Markdown comes in the chunks of ``chunking_strategy``, HTML whole.
    :param verbose: kept for strategies that print.
    :raises ValueError: *input_format* is none of these.
    """

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


class NotYet(ExtractionStrategy):
    """A strategy whose name is part of the interface and whose work is not done yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise UnsupportedOption(f"{type(self).__name__} is not available yet; use an ExtractionStrategy of your own")

    def extract(self, url: str, html: str, *q: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """Never reached: the constructor raises."""
        raise NotImplementedError


def extract_json(strategy: ExtractionStrategy, url: str, text: str, chunking: ChunkingStrategy) -> str:
    """What *strategy* finds in *text*, as JSON text."""
    cut = IdentityChunking() if strategy.input_format in _HTML_FORMATS else chunking
    found = strategy.run(url, cut.chunk(text))
    return json.dumps(found, indent=4, default=str, ensure_ascii=False)
