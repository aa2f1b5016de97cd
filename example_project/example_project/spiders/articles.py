"""Follows links and yields every page as a CrawlResult."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import scrapy
from scrapy.http import Response

from scrapy_crawl4 import CrawlResult


class ArticlesSpider(scrapy.Spider):
    """All pages that can be reached from a start page on the example's three hosts.

    scrapy crawl articles -a start=http://127.0.0.1:8000/ -O articles.jsonl
    """

    name = "articles"
    allowed_domains = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
    # An error page is a result, too: one that says what is wrong.
    handle_httpstatus_list = (404,)

    def __init__(self, start: str = "http://127.0.0.1:8000/", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = start

    async def start(self) -> AsyncIterator[scrapy.Request]:
        # Requests for start_urls are not remembered as seen, and pages link back to the first one.
        yield scrapy.Request(self.first)

    def parse(self, response: Response) -> Iterator[Any]:
        yield CrawlResult.from_response(response)
        yield from response.follow_all(css="a")
