"""After "Robots.txt Compliance", multi_urls_crawling for LLMs: async for, without stream=True."""

import asyncio

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, RateLimiter, SemaphoreDispatcher

URLS = [
    "https://site1.example.org/page/1",
    "https://site2.example.org/private/2",
    "https://site3.example.org/status/404",
]


async def main():
    config = CrawlerRunConfig(check_robots_txt=True, user_agent="MyBot/1.0", mean_delay=2.0, max_range=1.0)
    dispatcher = SemaphoreDispatcher(
        max_session_permit=3, rate_limiter=RateLimiter(base_delay=(2.0, 5.0), max_retries=1)
    )
    async with AsyncWebCrawler() as crawler:
        async for result in await crawler.arun_many(urls=URLS, config=config, dispatcher=dispatcher):
            if result.success:
                print("crawled:", result.url)
            elif "robots.txt" in result.error_message:
                print("forbidden:", result.url)
            else:
                print("error:", result.url)


asyncio.run(main())
