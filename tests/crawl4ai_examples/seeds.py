"""After "Basic Example", "Streaming Example" and "With a Custom Dispatcher", api/arun_many."""

import asyncio

from scrapy_crawl4 import AsyncWebCrawler, CacheMode, CrawlerRunConfig, MemoryAdaptiveDispatcher

URLS = ["https://site1.example.org/page/1", "https://site2.example.org/page/2", "https://site3.example.org/status/404"]


async def main():
    async with AsyncWebCrawler() as crawler:
        results = await crawler.arun_many(urls=URLS, config=CrawlerRunConfig(stream=False))
        for result in results:
            if result.success:
                print("batch", result.url)
            else:
                print("batch failed", result.url, result.error_message)

        config = CrawlerRunConfig(stream=True, cache_mode=CacheMode.BYPASS)
        async for result in await crawler.arun_many(urls=URLS, config=config):
            if result.success:
                print("stream", result.url)

        dispatcher = MemoryAdaptiveDispatcher(memory_threshold_percent=70.0, max_session_permit=10)
        results = await crawler.arun_many(urls=URLS, config=CrawlerRunConfig(), dispatcher=dispatcher)
        print("dispatcher", [result.status_code for result in results])


asyncio.run(main())
