"""Stream many URLs from a generator to a slow consumer: is what was read ahead bounded, and memory flat?

    python benchmarks/stream_memory.py [--urls 20000] [--delay 0.002] [--lookahead 1000]

prints, along the way, how many URLs were read and not consumed at most, and the memory of the process. Exit status 1
if the lookahead is exceeded, a result is missing or failed, or memory still grows after a quarter of the URLs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
from corpus import default_folder
from serve import serving, url_of

from scrapy_crawl4 import AsyncWebCrawler, MemoryAdaptiveDispatcher

if TYPE_CHECKING:
    from collections.abc import Iterator

PERMITS = 32
REPORTS = 20
GROWTH_ALLOWED = 0.05
"""Share by which memory may still grow over the last three quarters of a run."""


@dataclass
class Watch:
    """What was read from the generator and what the consumer got."""

    read: int = 0
    consumed: int = 0
    failed: int = 0
    most_ahead: int = 0

    def urls(self, count: int, port: int) -> Iterator[str]:
        for number in range(count):
            self.read += 1
            self.most_ahead = max(self.most_ahead, self.read - self.consumed)
            yield url_of(number, f"synthetic/{number}", port)


async def stream(options: argparse.Namespace, port: int, watch: Watch) -> list[float]:
    """Consume the stream slowly and return the memory in MB at each report."""
    process = psutil.Process()
    memory: list[float] = []
    dispatcher = MemoryAdaptiveDispatcher(max_session_permit=PERMITS)
    urls = watch.urls(options.urls, port)
    async with AsyncWebCrawler() as crawler:
        run = crawler.arun_many(urls, dispatcher=dispatcher, stream=True, lookahead=options.lookahead)
        async for result in run:
            watch.consumed += 1
            watch.failed += not result.success
            await asyncio.sleep(options.delay)
            if watch.consumed % max(1, options.urls // REPORTS) == 0:
                memory.append(process.memory_info().rss / 2**20)
                print(
                    f"{watch.consumed:7,} consumed, {watch.read:7,} read, at most {watch.most_ahead:,} ahead, "
                    f"RSS {memory[-1]:,.0f} MB",
                    flush=True,
                )
    return memory


def verdict(options: argparse.Namespace, watch: Watch, memory: list[float]) -> list[str]:
    warm = memory[len(memory) // 4]
    growth = max(memory[len(memory) // 4 :]) / warm - 1
    print(
        f"{watch.consumed:,} results, {watch.failed:,} failed; at most {watch.most_ahead:,} read and not consumed, "
        f"lookahead {options.lookahead:,}; memory grew by {growth:.1%} after warm-up"
    )
    faults = {
        "results are missing": watch.consumed != options.urls,
        "pages failed": bool(watch.failed),
        "more was read ahead than the lookahead": watch.most_ahead > options.lookahead,
        "memory still grows": growth > GROWTH_ALLOWED,
    }
    return [fault for fault, found in faults.items() if found]


def main() -> int:
    parser = argparse.ArgumentParser(description="Stream many URLs to a slow consumer and watch memory.")
    parser.add_argument("--urls", type=int, default=20_000)
    parser.add_argument("--delay", type=float, default=0.002, help="seconds the consumer takes for each result")
    parser.add_argument("--lookahead", type=int, default=1000)
    options = parser.parse_args()
    watch = Watch()
    started = time.monotonic()
    with serving(default_folder()) as port:
        memory = asyncio.run(stream(options, port, watch))
    print(f"{options.urls / (time.monotonic() - started):.0f} pages/s")
    faults = verdict(options, watch, memory)
    print("; ".join(faults) or "as documented")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
