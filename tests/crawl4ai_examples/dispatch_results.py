"""After "Dispatch Results", advanced/multi-url-crawling."""

import asyncio

from scrapy_crawl4 import AsyncWebCrawler


async def main():
    async with AsyncWebCrawler() as crawler:
        results = await crawler.arun_many(["https://site1.example.org/page/1", "https://site2.example.org/page/2"])
    for result in results:
        if result.success:
            told = result.dispatch_result
            print("page", result.url)
            print(f"memory {told.memory_usage:.1f} MB, peak {told.peak_memory:.1f} MB")
            print("it took time:", told.end_time - told.start_time > 0)
            print("tasks have names:", bool(told.task_id), repr(told.error_message))


asyncio.run(main())
