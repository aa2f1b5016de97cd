"""Scraping strategies: crawl4ai's name for the stages that read the tree."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from ..exceptions import UnsupportedOption

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


class PDFContentScrapingStrategy(WebScrapingStrategy):
    """The same engine under crawl4ai's name for PDF: what a document is, it says itself. PDF needs the extra ``pdf``.

    :raises UnsupportedOption: for crawl4ai's options about the pictures in a document and its pages at a time.
    """

    def __init__(
        self,
        save_images_locally: bool = False,
        extract_images: bool = False,
        image_save_dir: str | None = None,
        batch_size: int = 4,
        logger: Any = None,
    ) -> None:
        for name, asked in (
            ("save_images_locally", save_images_locally),
            ("extract_images", extract_images),
            ("image_save_dir", image_save_dir is not None),
            ("batch_size", batch_size != 4),  # noqa: PLR2004  # crawl4ai's default
            ("logger", logger is not None),
        ):
            if asked:
                raise UnsupportedOption(f"PDFContentScrapingStrategy({name}=...) has no effect: leave it out.")
