"""After "Handling Large-Scale Crawling" and "Error Handling and Recovery", multi_urls_crawling for LLMs."""

import asyncio

from scrapy_crawl4 import (
    AsyncWebCrawler,
    CacheMode,
    CrawlerMonitor,
    CrawlerRunConfig,
    DisplayMode,
    MemoryAdaptiveDispatcher,
    RateLimiter,
)

URLS = [
    *(f"https://site{number}.example.org/page/{number}" for number in range(1, 7)),
    "https://site7.example.org/status/404",
]


async def main():
    dispatcher = MemoryAdaptiveDispatcher(
        memory_threshold_percent=70.0,
        max_session_permit=25,
        memory_wait_timeout=300.0,
        rate_limiter=RateLimiter(base_delay=(0.1, 0.5), max_retries=2),
        monitor=CrawlerMonitor(display_mode=DisplayMode.AGGREGATED),
    )
    config = CrawlerRunConfig(
        cache_mode=CacheMode.ENABLED,
        stream=True,
        word_count_threshold=100,
        exclude_external_links=True,
        page_timeout=30000,
    )
    good, failed = 0, []
    async with AsyncWebCrawler() as crawler:
        async for result in await crawler.arun_many(urls=URLS, config=config, dispatcher=dispatcher):
            if result.success:
                good += 1
            else:
                failed.append((result.url, result.status_code, result.error_message))
    print("good:", good, "of", len(URLS))
    for failure in failed:
        print("failed:", *failure)


asyncio.run(main())
