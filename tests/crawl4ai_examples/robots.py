"""After "Robots.txt Consideration", advanced/multi-url-crawling."""

import asyncio

from scrapy_crawl4 import AsyncWebCrawler, CacheMode, CrawlerRunConfig


async def main():
    urls = [
        "https://site1.example.org/page/1",
        "https://site2.example.org/private/2",
        "https://site3.example.org/status/500",
    ]
    config = CrawlerRunConfig(cache_mode=CacheMode.ENABLED, check_robots_txt=True, semaphore_count=3)
    async with AsyncWebCrawler() as crawler:
        async for result in crawler.arun_many(urls, config=config):
            if result.success:
                print("crawled:", result.url)
            elif result.status_code == 403 and "robots.txt" in result.error_message:
                print("forbidden by robots.txt:", result.url)
            else:
                print("failed:", result.url, result.error_message)


if __name__ == "__main__":
    asyncio.run(main())
