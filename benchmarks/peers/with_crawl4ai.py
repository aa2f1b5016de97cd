"""Crawl pages with crawl4ai over HTTP; started by ``compare.py`` in an environment of its own."""

import asyncio

from crawl4ai import AsyncWebCrawler, CacheMode, CrawlerRunConfig, HTTPCrawlerConfig
from crawl4ai.async_crawler_strategy import AsyncHTTPCrawlerStrategy
from crawl4ai.async_dispatcher import SemaphoreDispatcher
from crawl4ai.async_logger import AsyncLogger
from work import Work, work


async def main(job: Work) -> None:
    logger = AsyncLogger(verbose=False)
    strategy = AsyncHTTPCrawlerStrategy(HTTPCrawlerConfig(), logger=logger, max_connections=job.sessions)
    config = CrawlerRunConfig(cache_mode=CacheMode.BYPASS, verbose=False, mean_delay=0, max_range=0)
    dispatcher = SemaphoreDispatcher(semaphore_count=job.sessions)  # it has no stream
    job.start()
    async with AsyncWebCrawler(crawler_strategy=strategy, logger=logger, verbose=False) as crawler:
        for result in await crawler.arun_many(job.urls, config=config, dispatcher=dispatcher):
            job.note(result.url, result.markdown.raw_markdown if result.success else None)


if __name__ == "__main__":
    job = work()
    asyncio.run(main(job))
    job.finish()
