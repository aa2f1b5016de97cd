"""Content filters: which blocks of a page are its content."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ..exceptions import UnsupportedOption


class RelevantContentFilter(ABC):
    """Base class of content filters, yours included: a filter picks the blocks worth keeping.

    :param user_query: what the reader is looking for, for filters that go by it.
    :param verbose: kept for filters that print.
    :param logger: kept for filters that log.
    """

    def __init__(self, user_query: str | None = None, verbose: bool = False, logger: Any = None) -> None:
        self.user_query = user_query
        self.verbose = verbose
        self.logger = logger

    @abstractmethod
    def filter_content(self, html: str) -> list[str]:
        """The chosen blocks of *html*, each as HTML, in document order."""


class _NotYet(RelevantContentFilter):
    """A filter whose name is part of the interface and whose work is not done yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise UnsupportedOption(
            f"{type(self).__name__} is not available yet; use a RelevantContentFilter of your own, or no filter"
        )

    def filter_content(self, html: str) -> list[str]:
        """Never reached: the constructor raises."""
        raise NotImplementedError


class BM25ContentFilter(_NotYet):
    """Keeps the blocks that match a query: not available yet."""


class MainContentFilter(_NotYet):
    """Keeps the main content of a page: not available yet."""


class LLMContentFilter(_NotYet):
    """Keeps what a language model chooses: not available yet."""


class PruningContentFilter(_NotYet):
    """Drops what does not look like content: not available yet."""
