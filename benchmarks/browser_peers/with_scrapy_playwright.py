"""Show pages with scrapy-playwright; started by ``browser_speed.py`` in an environment of its own."""

import json
import sys
import time

import scrapy
from scrapy.crawler import CrawlerProcess

executable, urls_file, out_file, sessions, wait_until = sys.argv[1:]
with open(urls_file, encoding="utf-8") as lines:
    urls = lines.read().split()
HANDLER = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
results = []


class Pages(scrapy.Spider):
    name = "pages"

    async def start(self):
        meta = {"playwright": True, "playwright_page_goto_kwargs": {"wait_until": wait_until}}
        for url in urls:
            yield scrapy.Request(url, meta=meta)

    def parse(self, response):
        results.append([response.url, " ".join((response.css("title::text").get() or "").split())])


process = CrawlerProcess(
    {
        "DOWNLOAD_HANDLERS": {"http": HANDLER, "https": HANDLER},
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "PLAYWRIGHT_LAUNCH_OPTIONS": {"executable_path": executable, "headless": True},
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": int(sessions),
        "CONCURRENT_REQUESTS": int(sessions),
        "CONCURRENT_REQUESTS_PER_DOMAIN": int(sessions),
        "DOWNLOAD_DELAY": 0,
        "ROBOTSTXT_OBEY": False,
        "LOG_LEVEL": "ERROR",
    }
)
process.crawl(Pages)
started = time.perf_counter()
process.start()
with open(out_file, "w", encoding="utf-8") as out:
    json.dump({"seconds": time.perf_counter() - started, "results": results}, out)
