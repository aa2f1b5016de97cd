"""After "Semaphore-based Crawling", advanced/multi-url-crawling."""

import asyncio

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BrowserConfig,
    CacheMode,
    CrawlerMonitor,
    CrawlerRunConfig,
    DisplayMode,
    RateLimiter,
    SemaphoreDispatcher,
)


async def crawl(urls):
    browser = BrowserConfig(headless=True, verbose=False)
    config = CrawlerRunConfig(cache_mode=CacheMode.BYPASS)
    dispatcher = SemaphoreDispatcher(
        semaphore_count=5,
        rate_limiter=RateLimiter(base_delay=(0.5, 1.0), max_delay=10.0),
        monitor=CrawlerMonitor(max_visible_rows=15, display_mode=DisplayMode.DETAILED),
    )
    async with AsyncWebCrawler(config=browser) as crawler:
        return await crawler.arun_many(urls, config=config, dispatcher=dispatcher)


results = asyncio.run(crawl([f"https://site{number}.example.org/page/{number}" for number in range(1, 7)]))
print(len(results), [result.metadata["title"] for result in results])
