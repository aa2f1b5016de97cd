"""Does the speed stay, and does memory, however many URLs there are?

    python benchmarks/scale.py [--largest 1000000] [--kinds stream,batch] [--sessions 32]

crawls 1,000, 10,000, 100,000 and 1,000,000 tiny pages from a server that costs next to nothing, as a stream and as a
batch, each size in a process of its own. URLs come from a generator. Every URL must have exactly one result, with the
title of its page. Prints pages per second, processor time of a page, and the most memory of the process, and compares
the largest size with 10,000. Exit status 1 unless the largest stream does 0.95 of the pages per second and takes at
most 10 MB more, or when a result is missing or wrong.

A batch keeps all of its results: beyond the recovery threshold of the memory limit they wait in a file on the disk, and
are read when they are looked at, so that a batch of a million needs gigabytes of either.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from comparison.table import number, table
from process_tree import Tree
from serve import url_of
from tiny_server import serving_tiny

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (1_000, 10_000, 100_000, 1_000_000)
KINDS = ("stream", "batch")
REFERENCE = 10_000
SPEED_NEEDED = 0.95
MB_ALLOWED = 10


@dataclass(frozen=True)
class Cost:
    """What one size took: seconds from the first call to the last result, processor time with the start, MB at most."""

    kind: str
    urls: int
    seconds: float
    cpu: float
    peak: float

    @property
    def speed(self) -> float:
        return self.urls / self.seconds


class Ticked:
    """One byte for each URL: whether its result came."""

    def __init__(self, urls: int) -> None:
        self._left = urls
        self._seen = bytearray(urls)

    def tick(self, url: str, title: str | None, success: bool) -> None:
        """Note a result.

        :raises SystemExit: when it is not the one of its page, or the second one.
        """
        name = int(url.rpartition("/")[2])
        if not success or title != f"Page {name}" or self._seen[name]:
            sys.exit(f"{url}: {'a second result' if self._seen[name] else f'title {title!r}'}")
        self._seen[name] = 1
        self._left -= 1

    def check(self) -> None:
        if self._left:
            sys.exit(f"{self._left:,} results are missing.")


def urls_of(count: int, port: int) -> Iterator[str]:
    return (url_of(name, f"tiny/{name}", port) for name in range(count))


async def crawl(kind: str, count: int, port: int, sessions: int) -> float:
    """Crawl in this process and return the seconds that it took."""
    from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, SemaphoreDispatcher

    ticked = Ticked(count)
    started = time.perf_counter()
    async with AsyncWebCrawler() as crawler:
        config = CrawlerRunConfig(stream=kind == "stream")
        run = crawler.arun_many(urls_of(count, port), config, SemaphoreDispatcher(semaphore_count=sessions))
        if kind == "stream":
            async for result in run:
                ticked.tick(result.url, (result.metadata or {}).get("title"), result.success)
        else:
            for result in await run:
                ticked.tick(result.url, (result.metadata or {}).get("title"), result.success)
        seconds = time.perf_counter() - started
    ticked.check()
    return seconds


def measure(kind: str, count: int, sessions: int) -> Cost:
    """Crawl in a process of its own, watched from here; a fresh server too."""
    with serving_tiny() as port, tempfile.NamedTemporaryFile("w+") as out:
        here = [sys.executable, __file__, "--run", kind, str(count), str(port), str(sessions), out.name]
        process = subprocess.Popen(here)
        tree = Tree(psutil.Process(process.pid))
        try:
            with tree.watched():
                process.wait()
        finally:
            if process.poll() is None:
                tree.kill()
                process.wait()
        if process.returncode:
            sys.exit(f"A {kind} of {count:,} ended with status {process.returncode}.")
        told = json.loads(Path(out.name).read_text(encoding="utf-8"))
    return Cost(kind, count, told["seconds"], told["cpu"], tree.peak)


def run_here(kind: str, count: str, port: str, sessions: str, out: str) -> None:
    seconds = asyncio.run(crawl(kind, int(count), int(port), int(sessions)))
    cpu = time.process_time()
    Path(out).write_text(json.dumps({"seconds": seconds, "cpu": cpu}), encoding="utf-8")


def verdict(costs: list[Cost], kind: str) -> bool:
    """Print the largest size against 10,000, and return whether it holds; that of a batch is only told."""
    of_kind = {cost.urls: cost for cost in costs if cost.kind == kind}
    largest = of_kind[max(of_kind)]
    if largest.urls <= REFERENCE or REFERENCE not in of_kind:
        return True
    speed = largest.speed / of_kind[REFERENCE].speed
    more = largest.peak - of_kind[REFERENCE].peak
    print(f"{kind}: {largest.urls:,} at {speed:.3f} of the pages/s of {REFERENCE:,}, with {more:+.1f} MB")
    holds = speed >= SPEED_NEEDED and more <= MB_ALLOWED
    if kind == "stream":
        print(f"at least {SPEED_NEEDED} and at most {MB_ALLOWED} MB: {'holds' if holds else 'DOES NOT HOLD'}")
    return holds or kind != "stream"


def main() -> int:
    parser = argparse.ArgumentParser(description="Crawl from 1,000 to 1,000,000 tiny pages.")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="leaves the larger sizes out")
    parser.add_argument("--kinds", default=",".join(KINDS), help="stream, batch, or both with a comma")
    parser.add_argument("--sessions", type=int, default=32, help="pages at a time")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--run", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run_here(*options.run)
        return 0
    kinds = options.kinds.split(",")
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"There is no kind {', '.join(sorted(unknown))}.")
    costs: list[Cost] = []
    for kind in kinds:
        for size in (size for size in SIZES if size <= options.largest):
            costs.append(cost := measure(kind, size, options.sessions))
            print(f"{kind:6} {size:9,} {cost.speed:8.1f} pages/s {cost.peak:8.1f} MB", flush=True)
    rows = [
        [f"{cost.kind} of {cost.urls:,}", number(cost.speed), f"{cost.cpu / cost.urls * 1000:.3f}", f"{cost.peak:.1f}"]
        for cost in costs
    ]
    print("\n" + table(["", "pages/s", "CPU ms/page", "peak MB"], rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(cost) for cost in costs]), encoding="utf-8")
    held = [verdict(costs, kind) for kind in kinds]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
