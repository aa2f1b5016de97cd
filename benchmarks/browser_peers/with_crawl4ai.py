"""Show pages with crawl4ai; started by ``browser_speed.py`` in an environment of its own."""

import asyncio
import json
import sys
import time

from crawl4ai import AsyncWebCrawler, BrowserConfig, CacheMode, CrawlerRunConfig
from crawl4ai.async_dispatcher import SemaphoreDispatcher
from playwright.async_api import BrowserType  # noqa: TID253 - the only thing that this program does

executable, urls_file, out_file, sessions, wait_until = sys.argv[1:]
with open(urls_file, encoding="utf-8") as lines:
    urls = lines.read().split()
launch = BrowserType.launch


async def launch_ours(self, **options):
    # It has no option for the program.
    options.pop("channel", None)
    return await launch(self, **options | {"executable_path": executable})


BrowserType.launch = launch_ours


async def main():
    config = CrawlerRunConfig(
        cache_mode=CacheMode.BYPASS, wait_until=wait_until, delay_before_return_html=0, verbose=False
    )
    dispatcher = SemaphoreDispatcher(semaphore_count=int(sessions))
    async with AsyncWebCrawler(config=BrowserConfig(headless=True, verbose=False)) as crawler:
        found = await crawler.arun_many(urls, config=config, dispatcher=dispatcher)
        return [[each.url, " ".join(((each.metadata or {}).get("title") or "").split())] for each in found]


started = time.perf_counter()
results = asyncio.run(main())
with open(out_file, "w", encoding="utf-8") as out:
    json.dump({"seconds": time.perf_counter() - started, "results": results}, out)
