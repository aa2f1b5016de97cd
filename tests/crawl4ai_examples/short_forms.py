"""After "Streamlined arun_many() with Dispatchers", release notes 0.4.3b1."""

import asyncio

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig

URLS = ["https://site1.example.org/page/1", "https://site2.example.org/page/2"]


async def main():
    async with AsyncWebCrawler() as crawler:
        results = await crawler.arun_many(urls=URLS, config=CrawlerRunConfig())
        for result in results:
            print(result.url, result.success)
        async for result in await crawler.arun_many(urls=URLS, config=CrawlerRunConfig(stream=True)):
            print("finished", result.url)


asyncio.run(main())
