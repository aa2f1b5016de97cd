"""A spider; ``compare.py`` runs it with ``scrapy runspider``, with the add-on of scrapy-crawl4 and without it.

The variant says what is made of a page: ``html-to-markdown``, ``markdownify``, ``thread`` (html-to-markdown in a
thread), or a small item without any content.
"""

import asyncio
import sys
from pathlib import Path

import scrapy

# runspider knows no folder of its own.
sys.path.append(str(Path(__file__).parent))

from work import Work


def to_markdown(html: str) -> str:
    from html_to_markdown import convert

    return convert(html).content


def with_markdownify(html: str) -> str:
    from markdownify import markdownify

    return markdownify(html)


class PagesSpider(scrapy.Spider):
    """Asks for the URLs of the work in the file ``-a work=FILE``."""

    name = "pages"

    def __init__(self, work: str) -> None:
        super().__init__()
        self.job = Work(work)
        self.job.start()

    async def start(self):
        convert = {"html-to-markdown": self.parse_fast, "markdownify": self.parse_slow, "thread": self.parse_apart}
        callback = convert.get(self.job.variant, self.parse)
        for url in self.job.urls:
            yield scrapy.Request(url, callback=callback, dont_filter=True)

    def parse(self, response):
        self.job.note(response.url, response.body)
        yield {"url": response.url}

    def parse_fast(self, response):
        self.job.note(response.url, to_markdown(response.text))

    def parse_slow(self, response):
        self.job.note(response.url, with_markdownify(response.text))

    async def parse_apart(self, response):
        self.job.note(response.url, await asyncio.to_thread(to_markdown, response.text))

    def closed(self, reason):
        self.job.finish()
