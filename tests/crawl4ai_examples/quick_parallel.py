"""After "Multi-URL Concurrency", core/quickstart; also "Basic Multi-URL Crawling", multi_urls_crawling for LLMs."""

import asyncio

from scrapy_crawl4 import AsyncWebCrawler, CacheMode, CrawlerRunConfig


async def main():
    urls = [
        "https://site1.example.org/page/1",
        "https://site2.example.org/page/2",
        "https://site3.example.org/status/404",
    ]
    config = CrawlerRunConfig(cache_mode=CacheMode.BYPASS, stream=True)
    async with AsyncWebCrawler() as crawler:
        async for result in await crawler.arun_many(urls, config=config):
            if result.success:
                print("[OK]", result.url, len(result.markdown.raw_markdown) > 100)
            else:
                print("[ERROR]", result.url, result.error_message)

        config = config.clone(stream=False)
        results = await crawler.arun_many(urls, config=config)
        for result in results:
            if result.success:
                print("[OK]", result.url, len(result.markdown.raw_markdown) > 100)
            else:
                print("[ERROR]", result.url, result.error_message)


if __name__ == "__main__":
    asyncio.run(main())
