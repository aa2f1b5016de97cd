"""Crawl pages with scrapy-crawl4; started by ``compare.py`` in an environment of its own.

The variant is ``fetch`` for no content work, ``watched`` to have both loops watched, or nothing.
"""

import asyncio

from work import Work, refuse, work

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, SemaphoreDispatcher

EXTENSIONS = {"EXTENSIONS": {"lateness.EngineLateness": 500}}


async def main(job: Work) -> None:
    job.start()
    try:
        config = CrawlerRunConfig(stream=True, **({"fetch_only": True} if job.variant == "fetch" else {}))
        crawler = await AsyncWebCrawler(**job.crawler).start()
    except (TypeError, ValueError) as error:
        refuse(error)
    try:
        await consume(crawler, config, job)
    finally:
        await crawler.close()


async def consume(crawler: AsyncWebCrawler, config: CrawlerRunConfig, job: Work) -> None:
    dispatcher = SemaphoreDispatcher(semaphore_count=job.sessions)
    async for result in await crawler.arun_many(job.urls, config=config, dispatcher=dispatcher):
        content = result.html if job.variant == "fetch" else result.markdown.raw_markdown
        job.note(result.url, content if result.success else None)


async def watched(job: Work) -> None:
    from lateness import EngineLateness, Lateness

    here = Lateness()
    job.crawler["settings"] = {**job.crawler.get("settings", {}), **EXTENSIONS}
    here.begin(asyncio.get_running_loop())
    try:
        await main(job)
    finally:
        here.end()
    job.more["caller_ms"] = here.most * 1000
    job.more["engine_ms"] = max(each.most for each in EngineLateness.watches if each.looks) * 1000


if __name__ == "__main__":
    job = work()
    asyncio.run(watched(job) if job.variant == "watched" else main(job))
    job.finish()
