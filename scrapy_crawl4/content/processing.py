"""The content stages without a crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..results import CrawlResult

if TYPE_CHECKING:
    from ..config import CrawlerRunConfig


def process(
    html: str | bytes, url: str = "", config: CrawlerRunConfig | None = None, *, content_type: str | None = None
) -> CrawlResult:
    """The content stages without a crawl: a complete :class:`~scrapy_crawl4.CrawlResult` of a page you already have.

    :param html: the page; bytes are decoded as browsers do, and may also be a PDF or a feed.
    :param url: where it came from; relative links resolve against it.
    :param config: what is wanted; None is the default.
    :param content_type: the Content-Type it came with, such as ``"text/csv; charset=utf-8"``; None is HTML, for bytes
        unless they begin like something else.
    """
    return CrawlResult.from_html(html, url=url, config=config, content_type=content_type).complete()
