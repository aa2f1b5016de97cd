"""What does it cost that a run outlives its process?

    python benchmarks/job_cost.py [--pages 150] [--rounds 16]

crawls the same real pages with a job and without one, many times, in an order that is drawn anew for each round, and
prints what a page took: in CPU time of this process, all threads, and on the clock. The least, the quartile and the
median of all rounds are compared, since on a machine with other work single rounds differ by more than a job costs.
Exit status 1 if the median of either is above 1.10, or a page failed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from corpus import default_folder, ensure
from serve import serving, url_of

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, SemaphoreDispatcher

PERMITS = 16
ALLOWED = 1.10
MS = 1000


@dataclass(frozen=True)
class Cost:
    """What one run took, in seconds."""

    cpu: float
    clock: float


async def crawl(urls: list[str], job: str | None) -> Cost:
    config = CrawlerRunConfig(stream=True, verbose=False)
    cpu, clock = time.process_time(), time.perf_counter()
    async with AsyncWebCrawler() as crawler:
        results = crawler.arun_many(urls, config, SemaphoreDispatcher(semaphore_count=PERMITS), job=job)
        failed = [result.url async for result in results if not result.success]
    if failed:
        sys.exit(f"{len(failed)} pages failed, {failed[0]} the first")
    return Cost(time.process_time() - cpu, time.perf_counter() - clock)


def measure(urls: list[str], rounds: int, folder: Path) -> tuple[list[Cost], list[Cost]]:
    """Return the costs of all rounds without a job, and with one."""
    without: list[Cost] = []
    with_job: list[Cost] = []
    asyncio.run(crawl(urls, None))  # what is loaded on first use counts for nobody
    for number in range(rounds):
        turns = [(None, without), (str(folder / str(number)), with_job)]
        random.shuffle(turns)
        for job, costs in turns:
            costs.append(asyncio.run(crawl(urls, job)))
    return without, with_job


def compare(name: str, without: list[float], with_job: list[float], pages: int) -> float:
    """Print what a page took, and return what the job made of the median: 1.05 is five percent more."""
    places = {"least": 0, "quartile": len(without) // 4, "median": len(without) // 2}
    ratio = 0.0
    for place, at in places.items():
        one, two = sorted(without)[at], sorted(with_job)[at]
        ratio = two / one
        print(
            f"{name}, {place}: {one / pages * MS:.2f} ms a page without, {two / pages * MS:.2f} with a job: {ratio:.3f}"
        )
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare runs with and without a job.")
    parser.add_argument("--pages", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--synthetic", action="store_true", help="small made-up pages instead of real ones")
    parser.add_argument("--folder", help="where the jobs are kept meanwhile: on which disk")
    options = parser.parse_args()
    paths = [page.path for page in ensure(default_folder())][: options.pages]
    with serving(default_folder()) as port, tempfile.TemporaryDirectory(dir=options.folder) as folder:
        made_up = [f"synthetic/{number}" for number in range(options.pages)]
        urls = [url_of(number, path, port) for number, path in enumerate(made_up if options.synthetic else paths)]
        without, with_job = measure(urls, options.rounds, Path(folder))
    ratios = [
        compare("CPU", [cost.cpu for cost in without], [cost.cpu for cost in with_job], len(urls)),
        compare("clock", [cost.clock for cost in without], [cost.clock for cost in with_job], len(urls)),
    ]
    return int(max(ratios) > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
