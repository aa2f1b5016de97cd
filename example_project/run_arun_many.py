"""arun_many() in three ways: a batch, a stream, and with a dispatcher of your own.

python run_arun_many.py              # crawls the embedded site
python run_arun_many.py URL...       # crawls these
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable

from serve_pages import ExampleSite

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BaseDispatcher,
    CacheMode,
    CrawlerRunConfig,
    CrawlResult,
    Load,
    RateLimiter,
)

PAGES = [
    ("archive", "/catalogue.html"),  # slow
    ("archive", "/popular.html"),  # 429 first, with Retry-After
    ("notes", "/articles/tide-pools.html"),
    ("notes", "/articles/bread.html"),
    ("notes", "/old/tides"),  # two redirects
    ("docs", "/tutorial.html"),
    ("docs", "/reference/"),
    ("archive", "/russian.html"),  # windows-1251
    ("archive", "/japanese.html"),  # Shift_JIS
    ("archive", "/lost.html"),  # 404
    ("notes", "/articles/bread.html"),  # once more: one result for each input
]


def example_urls(site: ExampleSite) -> list[str]:
    return [site.url(host, path) for host, path in PAGES]


async def batch(urls: Iterable[str]) -> list[CrawlResult]:
    """All results, in the order of the URLs."""
    config = CrawlerRunConfig(cache_mode=CacheMode.BYPASS)
    async with AsyncWebCrawler() as crawler:
        return await crawler.arun_many(urls, config=config)


async def stream(urls: Iterable[str]) -> AsyncIterator[CrawlResult]:
    """Each result as soon as it is there."""
    config = CrawlerRunConfig(cache_mode=CacheMode.BYPASS, stream=True)
    async with AsyncWebCrawler() as crawler:
        async for result in crawler.arun_many(urls, config=config):
            yield result


class SlowStart(BaseDispatcher):
    """One page at a time at first, one more for each page done, and half of that once a host says "too many"."""

    def permits(self, load: Load) -> int:
        wanted = 1 + load.done
        if load.rate_limited:
            wanted = wanted // 2
        return min(max(wanted, 1), self.max_session_permit)


async def own_dispatcher(urls: Iterable[str]) -> list[CrawlResult]:
    """A batch under a dispatcher of ten lines, and a pace for each host."""
    dispatcher = SlowStart(max_session_permit=8, rate_limiter=RateLimiter(base_delay=(0.05, 0.1)))
    async with AsyncWebCrawler() as crawler:
        return await crawler.arun_many(urls, dispatcher=dispatcher)


def line(result: CrawlResult) -> str:
    """What one row of a table says about a result."""
    title = (result.metadata or {}).get("title") if result.success else result.error_message
    retries = result.dispatch_result.retries if result.dispatch_result else 0
    words = len(result.markdown.split()) if result.markdown else 0
    return f"{result.index:5} {result.status_code or '-':>6} {retries:7} {words:5}  {title or '':40} {result.url}"


HEADING = "index status retries words  title or error"


async def main(urls: list[str]) -> None:
    print("Batch", HEADING, *map(line, await batch(urls)), sep="\n")
    print("\nStream", HEADING, sep="\n")
    async for result in stream(urls):
        print(line(result))
    print("\nOwn dispatcher", HEADING, *map(line, await own_dispatcher(urls)), sep="\n")


if __name__ == "__main__":
    if sys.argv[1:]:
        asyncio.run(main(sys.argv[1:]))
    else:
        with ExampleSite() as embedded:
            asyncio.run(main(example_urls(embedded)))
