"""Show pages with scrapy-crawl4; started by ``browser_speed.py`` in its own environment."""

import asyncio
import json
import os
import sys
import time

from scrapy_crawl4 import AsyncWebCrawler, BrowserConfig, CrawlerRunConfig, SemaphoreDispatcher

executable, urls_file, out_file, sessions, wait_until = sys.argv[1:]
with open(urls_file, encoding="utf-8") as lines:
    urls = lines.read().split()
os.environ["CRAWL4_BROWSER_EXECUTABLE"] = executable


async def main():
    config = CrawlerRunConfig(wait_until=wait_until, delay_before_return_html=0, mean_delay=0, max_range=0)
    dispatcher = SemaphoreDispatcher(semaphore_count=int(sessions))
    async with AsyncWebCrawler(config=BrowserConfig()) as crawler:
        found = await crawler.arun_many(urls, config=config, dispatcher=dispatcher)
        return [[each.url, " ".join(((each.metadata or {}).get("title") or "").split())] for each in found]


started = time.perf_counter()
results = asyncio.run(main())
with open(out_file, "w", encoding="utf-8") as out:
    json.dump({"seconds": time.perf_counter() - started, "results": results}, out)
