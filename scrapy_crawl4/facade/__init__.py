"""The asyncio facade: :class:`AsyncWebCrawler` and what goes in and comes out of it."""

from .crawler import AsyncWebCrawler
from .run import CrawlRun
from .strategy import AsyncHTTPCrawlerStrategy, AsyncPlaywrightCrawlerStrategy
from .sync import crawl_many
from .tasks import CrawlTask

__all__ = [
    "AsyncHTTPCrawlerStrategy",
    "AsyncPlaywrightCrawlerStrategy",
    "AsyncWebCrawler",
    "CrawlRun",
    "CrawlTask",
    "crawl_many",
]
