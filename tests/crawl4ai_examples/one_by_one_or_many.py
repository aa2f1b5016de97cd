"""After examples/arun_vs_arun_many.py: arun in a loop, arun_many with and without a rate limiter."""

import asyncio

from scrapy_crawl4 import AsyncWebCrawler, CacheMode, CrawlerRunConfig, MemoryAdaptiveDispatcher, RateLimiter

VERBOSE = False


async def one_by_one(urls):
    config = CrawlerRunConfig(cache_mode=CacheMode.BYPASS, verbose=VERBOSE)
    results = []
    async with AsyncWebCrawler() as crawler:
        for url in urls:
            container = await crawler.arun(url=url, config=config)
            results.append(container[0])
    return results


async def many(urls, dispatcher):
    config = CrawlerRunConfig(cache_mode=CacheMode.BYPASS, verbose=VERBOSE)
    async with AsyncWebCrawler() as crawler:
        container = await crawler.arun_many(urls=urls, config=config, dispatcher=dispatcher)
        if isinstance(container, list):
            return container
        return [result async for result in container]


async def main():
    urls = [f"https://site{number}.example.org/page/1" for number in range(1, 7)]
    limited = MemoryAdaptiveDispatcher(
        rate_limiter=RateLimiter(base_delay=(1.0, 3.0), max_delay=60.0, max_retries=3), max_session_permit=50
    )
    free = MemoryAdaptiveDispatcher(rate_limiter=None, max_session_permit=len(urls))
    for name, results in (
        ("one by one", await one_by_one(urls)),
        ("limited", await many(urls, limited)),
        ("free", await many(urls, free)),
    ):
        print(name, len(results), all(result.success for result in results))


if __name__ == "__main__":
    asyncio.run(main())
