"""Scraping strategies: crawl4ai's name for the stages that read the tree."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .page import PageContent


class ContentScrapingStrategy(ABC):
    """Base class of scraping strategies."""

    @abstractmethod
    def scrap(self, url: str, html: str, **kwargs: Any) -> PageContent:
        """The content of one page."""


class WebScrapingStrategy(ContentScrapingStrategy):
    """The stages of this package on turbohtml's tree; there is one engine, so all of crawl4ai's names mean it."""

    def scrap(self, url: str, html: str, **kwargs: Any) -> PageContent:
        """The content of one page; *kwargs* are fields of :class:`~scrapy_crawl4.CrawlerRunConfig`."""
        from ..config import CrawlerRunConfig  # noqa: PLC0415  # the stages take a configuration, users of scrap do not
        from .pipeline import extract_page  # noqa: PLC0415  # it imports this module

        return extract_page(html, url=url, config=CrawlerRunConfig(**kwargs))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


LXMLWebScrapingStrategy = WebScrapingStrategy
