"""After "Batch Processing", advanced/multi-url-crawling; also v0_4_3b2_features_demo and "Real-Time Monitoring"."""

import asyncio

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BrowserConfig,
    CacheMode,
    CrawlerMonitor,
    CrawlerRunConfig,
    DisplayMode,
    MemoryAdaptiveDispatcher,
)

URLS = ["https://example.org/page/1", "https://example.org/page/2", "https://example.org/status/404"]


async def main():
    browser = BrowserConfig(headless=True, verbose=False)
    config = CrawlerRunConfig(cache_mode=CacheMode.BYPASS, stream=False)
    dispatcher = MemoryAdaptiveDispatcher(
        memory_threshold_percent=70.0,
        check_interval=1.0,
        max_session_permit=10,
        monitor=CrawlerMonitor(display_mode=DisplayMode.DETAILED),
    )
    async with AsyncWebCrawler(config=browser) as crawler:
        results = await crawler.arun_many(urls=URLS, config=config, dispatcher=dispatcher)
        for result in results:
            if result.success:
                print("done:", result.url, result.metadata["title"])
            else:
                print("failed:", result.url, result.error_message)


asyncio.run(main())
