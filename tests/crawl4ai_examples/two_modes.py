"""After "Memory-Adaptive Dispatcher", release notes 0.5.0, and tutorial_v0.5: one dispatcher for two loops."""

import asyncio

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, MemoryAdaptiveDispatcher

dispatcher = MemoryAdaptiveDispatcher(memory_threshold_percent=80.0, check_interval=0.5)
URLS = ["https://site1.example.org/page/1", "https://site2.example.org/status/404"]


async def batch():
    async with AsyncWebCrawler() as crawler:
        results = await crawler.arun_many(urls=URLS, config=CrawlerRunConfig(stream=False), dispatcher=dispatcher)
        for result in results:
            print("batch", result.url, result.status_code)


async def stream():
    async with AsyncWebCrawler() as crawler:
        async for result in await crawler.arun_many(
            urls=URLS, config=CrawlerRunConfig(stream=True), dispatcher=dispatcher
        ):
            print("stream", result.url, result.status_code)


asyncio.run(batch())
asyncio.run(stream())
