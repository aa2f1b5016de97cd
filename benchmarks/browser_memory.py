"""Does a browser whose pages are used again grow?

    python benchmarks/browser_memory.py [--pages 500] [--sessions 8]

shows real documentation and prints the memory of the browser's whole tree of processes, and that of the crawler, after
each hundred pages: the median of twenty looks, one after each page. Exit status 1 if that of the browser is more than
20 % higher at the end than after the first hundred.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from statistics import median

import psutil
from browser_site import default_folder, pages, serving
from process_tree import memory_of
from serve import url_of

from scrapy_crawl4 import AsyncWebCrawler, BrowserConfig, CrawlerRunConfig, SemaphoreDispatcher

ALLOWED = 1.2
STEP = 100
LOOKS = 20


def memory_now() -> tuple[float, float]:
    """Memory of the browser with its driver, and of this process, in MB."""
    total = 0.0
    for child in psutil.Process().children():
        if "run-driver" not in child.cmdline():  # what serves the pages, and keeps those that were asked for
            continue
        for process in (child, *child.children(recursive=True)):
            try:
                total += memory_of(process.pid)
            except OSError:  # it has ended
                continue
    return total, memory_of(os.getpid())


async def measure(urls: list[str], sessions: int) -> list[float]:
    """Show the pages of *urls* and return the memory after each hundred, in MB."""
    config = CrawlerRunConfig(stream=True, wait_until="load", delay_before_return_html=0, mean_delay=0, max_range=0)
    done, looks, found = 0, [], []
    async with AsyncWebCrawler(config=BrowserConfig()) as crawler:
        async for result in await crawler.arun_many(urls, config, SemaphoreDispatcher(semaphore_count=sessions)):
            if not result.success:
                sys.exit(f"{result.url}: {result.error_message}")
            done += 1
            if (done - 1) % STEP >= STEP - LOOKS:
                looks.append(memory_now())
            if done % STEP == 0:
                browser, own = (median(column) for column in zip(*looks, strict=True))
                found.append(browser)
                looks.clear()
                print(f"{done:5} pages: {browser:7.0f} MB, and {own:4.0f} MB in the crawler", flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Look at the memory of a browser whose pages are used again.")
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--sessions", type=int, default=8, help="pages at a time")
    parser.add_argument("--folder", type=Path, default=default_folder(), help="the corpus; made when it is not there")
    options = parser.parse_args()
    with serving(options.folder) as port:
        corpus = pages(options.folder, options.pages)
        urls = [url_of(index, page.path, port) for index, page in enumerate(corpus)]
        found = asyncio.run(measure(urls, options.sessions))
    growth = found[-1] / found[0]
    print(f"after {options.pages} pages {growth:.2f} times that after {STEP}")
    return int(growth > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
