"""After demo_parallel_crawl of examples/quickstart_examples_set_1.py."""

import asyncio

from scrapy_crawl4 import AsyncWebCrawler, CrawlResult


async def main():
    urls = [
        "https://site1.example.org/page/1",
        "https://site2.example.org/page/2",
        "https://site3.example.org/status/404",
    ]
    async with AsyncWebCrawler() as crawler:
        results: list[CrawlResult] = await crawler.arun_many(urls=urls)
        print("pages:", len(results))
        for number, result in enumerate(results):
            print(number + 1, result.url, "ok" if result.success else "failed")
            if result.success:
                print(result.markdown.raw_markdown[:20])


asyncio.run(main())
