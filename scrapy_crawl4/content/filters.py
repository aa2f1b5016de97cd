"""Content filters: which blocks of a page are its content."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import turbohtml
from turbohtml import Element, Text

from .metadata import extract_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from turbohtml import Node


@dataclass(frozen=True, slots=True)
class FilterPage:
    """What a :class:`TreeFilter` is given of a page; it must not change the tree."""

    root: Element
    """The page, or the selection from it, cleaned: no scripts, no styles, nothing hidden, absolute URLs. Attributes are
    those of the page."""

    url: str = ""
    """Where the page came from."""

    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What the page says about itself, as in ``CrawlResult.metadata``."""


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
    def filter_content(self, html: str, min_word_threshold: int | None = None) -> list[str]:
        """The chosen blocks of *html*, each as HTML, in document order.

        :param min_word_threshold: drop blocks of fewer words; filters that do not count words take no notice.
        """


class TreeFilter(RelevantContentFilter):
    """A filter that works on the tree the other stages use: nothing is parsed twice, and structure is kept."""

    @abstractmethod
    def unwanted(self, page: FilterPage, min_word_threshold: int | None = None) -> Sequence[Node]:
        """The nodes (elements and text) to take off *page*; what lies inside one of them need not be named.

        The same page gives the same answer. Nothing is written to the filter, which may serve several threads.
        """

    def filter_content(self, html: str, min_word_threshold: int | None = None) -> list[str]:
        """The chosen blocks of *html*, each as HTML, in document order; empty if nothing was chosen."""
        page = _page_of(html)
        for node in self.unwanted(page, min_word_threshold):
            node.decompose()
        return [block for child in _top(page.root) if (block := _html(child).strip())]


def _page_of(html: str) -> FilterPage:
    document = turbohtml.parse(html, positions=False)
    metadata = extract_metadata(document, "")
    document.remove("head,script,style,noscript,template,svg")
    return FilterPage(document.root or Element("html"), metadata=metadata)


def _top(root: Element) -> list[Node]:
    """The children of *root*, or of its body."""
    body = root.find("body") if root.tag == "html" else None
    return list(body if body is not None else root)


def _html(node: Node) -> str:
    return node.html if isinstance(node, (Element, Text)) else ""
