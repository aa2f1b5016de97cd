"""Yields ordinary items: a dataclass for each article, a dict for each page of the listing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import scrapy
from scrapy.http import Response


@dataclass
class Article:
    url: str
    title: str
    author: str
    date: str


class TitlesSpider(scrapy.Spider):
    """Titles and authors of the notes, by way of the listing.

    scrapy crawl titles -a start=http://127.0.0.1:8000/ -O titles.jsonl
    """

    name = "titles"

    def __init__(self, start: str = "http://127.0.0.1:8000/", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start_urls = [start]

    def parse(self, response: Response) -> Iterator[Any]:
        entries = response.css(".entries a")
        yield {"listing": response.css("h1::text").get(), "entries": len(entries)}
        yield from response.follow_all(entries, self.parse_article)
        yield from response.follow_all(css="a.next")

    def parse_article(self, response: Response) -> Iterator[Article]:
        yield Article(
            url=response.url,
            title=response.css("h1::text").get(""),
            author=response.css(".author::text").get(""),
            date=response.css("time::attr(datetime)").get(""),
        )
