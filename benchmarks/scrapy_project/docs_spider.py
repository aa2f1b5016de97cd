from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import scrapy

from scrapy_crawl4 import CrawlResult

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.http import Response


class DocsSpider(scrapy.Spider):
    """Yields a result for each URL in the file given as ``-a urls=FILE``."""

    name = "docs"
    urls: str

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for url in Path(self.urls).read_text(encoding="utf-8").splitlines():
            yield scrapy.Request(url, dont_filter=True)

    def parse(self, response: Response) -> Iterator[CrawlResult]:
        yield CrawlResult.from_response(response)
