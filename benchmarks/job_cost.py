"""What does it cost that a run outlives its process?

    python benchmarks/job_cost.py [--pages 300] [--rounds 7]

crawls the same real pages with a job and without one, in turn, and prints for each pair of rounds how much longer the
one with the job took: in CPU time of this process, all threads, and on the clock. Exit status 1 if the median of
either is above 1.10, or a page failed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
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


def compare(urls: list[str], rounds: int, folder: Path) -> list[tuple[float, float]]:
    """Return for each round what the job made of CPU time and of time on the clock: 1.05 is five percent more."""
    ratios = []
    for number in range(-1, rounds):
        job = str(folder / str(number))
        # The one that is first in a round changes, since the machine may be busier by the time of the second.
        order = (job, None) if number % 2 else (None, job)
        costs = {name: asyncio.run(crawl(urls, name)) for name in order}
        with_job, without = costs[job], costs[None]
        ratio = (with_job.cpu / without.cpu, with_job.clock / without.clock)
        if number < 0:
            continue  # what is loaded on first use counts for nobody
        ratios.append(ratio)
        print(
            f"round {number + 1}: {len(urls) / without.clock:.0f} pages/s without, {len(urls) / with_job.clock:.0f} "
            f"with a job; CPU {ratio[0]:.3f}, clock {ratio[1]:.3f}",
            flush=True,
        )
    return ratios


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare runs with and without a job.")
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--synthetic", action="store_true", help="small made-up pages instead of real ones")
    parser.add_argument("--folder", help="where the jobs are kept meanwhile: on which disk")
    options = parser.parse_args()
    paths = [page.path for page in ensure(default_folder())][: options.pages]
    with serving(default_folder()) as port, tempfile.TemporaryDirectory(dir=options.folder) as folder:
        made_up = [f"synthetic/{number}" for number in range(options.pages)]
        urls = [url_of(number, path, port) for number, path in enumerate(made_up if options.synthetic else paths)]
        ratios = compare(urls, options.rounds, Path(folder))
    cpu, clock = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(f"median: CPU {cpu:.3f}, clock {clock:.3f}")
    return int(max(cpu, clock) > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
