"""After examples/dispatcher_example.py: four dispatchers, the results shown as a table of rich."""

import asyncio
import time

from rich import print  # noqa: A004  # the example prints with rich
from rich.table import Table

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BrowserConfig,
    CacheMode,
    CrawlerMonitor,
    CrawlerRunConfig,
    DisplayMode,
    MemoryAdaptiveDispatcher,
    RateLimiter,
    SemaphoreDispatcher,
)


def monitor():
    return CrawlerMonitor(max_visible_rows=15, display_mode=DisplayMode.DETAILED)


def limiter():
    return RateLimiter(base_delay=(1.0, 2.0), max_delay=30.0, max_retries=2)


async def timed(urls, browser, config, dispatcher):
    start = time.perf_counter()
    async with AsyncWebCrawler(config=browser) as crawler:
        results = await crawler.arun_many(urls, config=config, dispatcher=dispatcher)
    return len(results), time.perf_counter() - start


async def main():
    urls = [f"https://site{number}.example.org/page/{number}" for number in range(1, 9)]
    browser = BrowserConfig(headless=True, verbose=False)
    config = CrawlerRunConfig(cache_mode=CacheMode.BYPASS)
    adaptive = {"memory_threshold_percent": 70.0, "max_session_permit": 10}
    dispatchers = {
        "Adaptive": MemoryAdaptiveDispatcher(**adaptive, monitor=monitor()),
        "Adaptive, limited": MemoryAdaptiveDispatcher(**adaptive, rate_limiter=limiter(), monitor=monitor()),
        "Semaphore": SemaphoreDispatcher(semaphore_count=5, monitor=monitor()),
        "Semaphore, limited": SemaphoreDispatcher(semaphore_count=5, rate_limiter=limiter(), monitor=monitor()),
    }
    table = Table("Dispatcher", "Pages", "Pages a second")
    for name, dispatcher in dispatchers.items():
        pages, duration = await timed(urls, browser, config, dispatcher)
        table.add_row(name, str(pages), f"{pages / duration:.2f}")
    print(table)


if __name__ == "__main__":
    asyncio.run(main())
