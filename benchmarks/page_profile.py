"""Where does the processor time of a page go, in a crawl over HTTP with one engine?

    python benchmarks/page_profile.py [--pages 1000] [--sessions 20] [--fetch-only]

crawls real documentation from nginx twice: as it is, for the processor time of a page, and with a profiler on the
engine's thread, for the shares. What built-in functions take counts for whoever called them. A profiler makes code of
many small calls look dearer than it is, so the shares are for comparison with each other and with those of an earlier
version, as the numbers of calls are. With content work, its stages follow, timed one by one without a profiler.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus import default_folder, ensure
from nginx import serving_with_nginx, with_markers
from serve import HOSTS

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, SemaphoreDispatcher
from scrapy_crawl4.content import extract_page, pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS: Mapping[str, str] = {
    "scrapy_crawl4/content": "ours: content stages",
    "scrapy_crawl4/dispatch": "ours: dispatch",
    "scrapy_crawl4/facade": "ours: facade",
    "scrapy_crawl4": "ours: the rest",
    "turbohtml": "turbohtml",
    "site-packages/scrapy": "Scrapy",
    "site-packages/aiohttp": "aiohttp",
    "site-packages/yarl": "aiohttp",
    "site-packages/multidict": "aiohttp",
    "asyncio": "asyncio and sockets",
    "site-packages/twisted": "Twisted",
    "site-packages/w3lib": "w3lib and urllib",
    "urllib": "w3lib and urllib",
    "pydispatch": "Scrapy",
}
"""By a part of the path of a file; the first that fits counts."""
OTHER = "other"
MICRO = 1e6


def part_of(path: str) -> str:
    return next((name for piece, name in PARTS.items() if piece in path), OTHER)


def shares(profile: cProfile.Profile) -> tuple[Counter[str], Counter[str]]:
    """Return the seconds and the calls of each part."""
    seconds: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    stats: Any = pstats.Stats(profile)
    for (path, _, _), (_, count, own, _, callers) in stats.stats.items():
        if path != "~":
            seconds[part_of(path)] += own
            calls[part_of(path)] += count
            continue
        for (caller, _, _), (_, called, there, _) in callers.items():
            seconds[part_of(caller)] += there
            calls[part_of(caller)] += called
    return seconds, calls


async def crawl(urls: list[str], options: argparse.Namespace, profile: cProfile.Profile | None) -> float:
    """Crawl *urls*; return the processor time of this process, in seconds."""
    config = CrawlerRunConfig(stream=True, fetch_only=options.fetch_only)
    dispatcher = SemaphoreDispatcher(options.sessions)

    async def switch(on: bool) -> None:
        if profile is not None:
            profile.enable() if on else profile.disable()

    async with AsyncWebCrawler(settings={"CRAWL4_CONTENT_WORKERS": 0}) as crawler:
        await crawler.arun(urls[0], config=config)
        home = (await crawler._enter()).home
        await home.run(switch(True))
        began = time.process_time()
        async for result in crawler.arun_many(urls, config=config, dispatcher=dispatcher):
            assert result.success, result.error_message
        taken = time.process_time() - began
        await home.run(switch(False))
    return taken


def stages(pages: list[str]) -> dict[str, float]:
    """Return the seconds that each content stage takes for *pages*."""
    seconds: defaultdict[str, float] = defaultdict(float)
    usual = pipeline._Page.stage

    def timed(page: Any, name: str, work: Any, default: Any) -> Any:
        began = time.perf_counter()
        try:
            return usual(page, name, work, default)
        finally:
            seconds[name] += time.perf_counter() - began

    pipeline._Page.stage = timed  # type: ignore[method-assign]
    try:
        for page in pages:
            extract_page(page, url="http://127.0.0.1/page", config=CrawlerRunConfig())
    finally:
        pipeline._Page.stage = usual  # type: ignore[method-assign]
    return dict(seconds)


def table(title: str, seconds: Mapping[str, float], pages: int, calls: Mapping[str, int] | None = None) -> None:
    whole = sum(seconds.values())
    print(f"\n| {title} | us a page | share |{' calls a page |' if calls else ''}")
    print("|---|---:|---:|" + ("---:|" if calls else ""))
    for name, taken in sorted(seconds.items(), key=lambda item: -item[1]):
        counted = f" {calls[name] / pages:,.0f} |" if calls else ""
        print(f"| {name} | {taken / pages * MICRO:,.0f} | {taken / whole:.1%} |{counted}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Tell where the processor time of a page goes.")
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--fetch-only", action="store_true", help="no content work")
    parser.add_argument("--folder", type=Path, default=default_folder(), help="the corpus; made when it is not there")
    options = parser.parse_args()
    files = {page.path: options.folder / "files" / page.path for page in ensure(options.folder)[: options.pages]}
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # nginx may run as somebody else
        with_markers(files, Path(folder))
        with serving_with_nginx(Path(folder)) as port:
            urls = [f"http://{HOSTS[n % len(HOSTS)]}:{port}/{path}" for n, path in enumerate(files)]
            taken = asyncio.run(crawl(urls, options, None))
            profile = cProfile.Profile()
            asyncio.run(crawl(urls, options, profile))
    print(f"{len(urls)} pages, {taken / len(urls) * MICRO:,.0f} us of processor time each, of all threads")
    seconds, calls = shares(profile)
    table("engine's thread, profiled", seconds, len(urls), calls)
    if not options.fetch_only:
        texts = [file.read_bytes().decode("utf-8", "replace") for file in files.values()]
        table("content stage, not profiled", stages(texts), len(texts))


if __name__ == "__main__":
    main()
