"""Follows the links that a result has found, so that no page is parsed twice."""

from collections.abc import AsyncIterator
from typing import Any

import scrapy
from scrapy.http import Response

from scrapy_crawl4 import CrawlerRunConfig, CrawlResult


class LinksSpider(scrapy.Spider):
    """The pages of one host that can be reached from a start page, without those behind navigation alone.

    scrapy crawl links -a start=http://127.0.0.1:8000/docs/ -O links.jsonl
    """

    name = "links"
    # Each request carries its configuration: how it is fetched, and what is made of the page.
    page = CrawlerRunConfig(excluded_tags=["nav"], page_timeout=20_000, max_retries=1)

    def __init__(self, start: str = "http://127.0.0.1:8000/", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = start

    async def start(self) -> AsyncIterator[scrapy.Request]:
        yield scrapy.Request(self.first, meta={"crawl4": self.page})

    async def parse(self, response: Response) -> AsyncIterator[Any]:
        result = CrawlResult.from_response(response)
        await result.acomplete()  # in a thread, in turn with other pages; the pipeline has nothing left to do
        yield result
        for link in result.links["internal"]:
            yield scrapy.Request(link["href"], meta={"crawl4": self.page})
