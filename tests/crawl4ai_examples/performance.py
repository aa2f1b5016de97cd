"""After "Performance Analysis", multi_urls_crawling for LLMs."""

import asyncio
import time

from scrapy_crawl4 import AsyncWebCrawler, CrawlerMonitor, DisplayMode, MemoryAdaptiveDispatcher

URLS = ["https://site1.example.org/page/1", "https://site2.example.org/page/2", "https://site3.example.org/status/404"]


async def main():
    dispatcher = MemoryAdaptiveDispatcher(
        memory_threshold_percent=80.0,
        max_session_permit=12,
        monitor=CrawlerMonitor(display_mode=DisplayMode.DETAILED),
    )
    begin = time.time()
    async with AsyncWebCrawler() as crawler:
        results = await crawler.arun_many(urls=URLS, dispatcher=dispatcher)
    took = time.time() - begin
    good = [result for result in results if result.success]
    print(f"{took:.2f} s, {took / len(results):.2f} s each")
    print(f"{len(good)}/{len(results)} ({len(good) / len(results) * 100:.1f} %)")
    if good and good[0].dispatch_result:
        used = [result.dispatch_result.memory_usage for result in good]
        print(f"memory {sum(used) / len(used):.1f} MB, ", end="")
        print(f"peak {max(result.dispatch_result.peak_memory for result in good):.1f} MB")


asyncio.run(main())
