"""Crawl 3,000 pages of real documentation in three ways, and check every result.

    python benchmarks/real_docs.py [--pages 1000] [--folder FOLDER]

1,000 pages with ``await crawler.arun_many``, 1,000 with ``async for``, 1,000 with ``scrapy crawl`` and a feed, each in
a process of its own. A result counts when it is there exactly once, did not fail, has the title of its page, and has
its own URL's marker, and no other page's, in its Markdown. Exit status 1 if anything is off.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus import default_folder, ensure
from serve import markers_in, serving, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpus import Page

PERMITS = 32
SHOWN = 5
PROJECT = Path(__file__).parent / "scrapy_project"


@dataclass(frozen=True)
class Way:
    name: str
    command: tuple[str, ...]
    folder: Path


THIS = (sys.executable, str(Path(__file__).resolve()))
SCRAPY = (sys.executable, "-m", "scrapy", "crawl", "docs")
WAYS = (
    Way("batch", (*THIS, "--crawl", "batch", "{urls}", "{out}"), Path()),
    Way("stream", (*THIS, "--crawl", "stream", "{urls}", "{out}"), Path()),
    Way("scrapy crawl", (*SCRAPY, "-a", "urls={urls}", "-O", "{out}:jsonlines"), PROJECT),
)


async def crawl(way: str, urls: list[str], out: Path) -> None:
    """Crawl *urls* with the facade and write the results to *out*, as the feed of ``scrapy crawl`` does."""
    from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, MemoryAdaptiveDispatcher

    dispatcher = MemoryAdaptiveDispatcher(max_session_permit=PERMITS)
    async with AsyncWebCrawler() as crawler:
        with out.open("w", encoding="utf-8") as lines:
            config = CrawlerRunConfig(stream=way == "stream")
            run = crawler.arun_many(urls, config=config, dispatcher=dispatcher)
            if way == "batch":
                lines.writelines(result.model_dump_json() + "\n" for result in await run)
            else:
                async for result in await run:
                    lines.write(result.model_dump_json() + "\n")


def measure(way: Way, expected: dict[str, str]) -> bool:
    """Run *way* over the URLs of *expected*, print its figures and return whether all results are right."""
    with tempfile.TemporaryDirectory() as folder:
        urls, out = Path(folder) / "urls.txt", Path(folder) / "out.jsonl"
        urls.write_text("\n".join(expected), encoding="utf-8")
        command = [part.format(urls=urls, out=out) for part in way.command]
        started = time.monotonic()
        status, peak_mb = run(command, way.folder)
        seconds = time.monotonic() - started
        faults = [f"exit status {status}"] * bool(status)
        faults += check(expected, read(out), ordered=way.name == "batch")
    pages = f"{len(expected):,} pages, {len(expected) / seconds:6.1f} pages/s with start and end"
    print(f"{way.name:13} {pages}, peak RSS {peak_mb:,.0f} MB, {len(faults)} faults", flush=True)
    for fault in faults[:SHOWN]:
        print(f"    {fault}", flush=True)
    return not faults


def run(command: list[str], folder: Path) -> tuple[int, float]:
    """Run *command* in *folder*; return its exit status and the most memory it held, in MB."""
    process = subprocess.Popen(command, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss / 1024


def read(out: Path) -> Iterator[dict[str, Any]]:
    if out.exists():
        with out.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines)


def check(expected: dict[str, str], results: Iterator[dict[str, Any]], *, ordered: bool) -> list[str]:
    """Return what is wrong, a line for each fault; *expected* has the title of each URL."""
    seen: list[str] = []
    faults = []
    for result in results:
        seen.append(result["url"])
        title = expected.get(result["url"])
        faults += [f"{result['url']}: {fault}" for fault in faults_of(result, title)]
    faults += [f"{url}: {times} results" for url, times in Counter(seen).items() if times != 1]
    faults += [f"{url}: no result" for url in expected.keys() - set(seen)]
    if ordered and seen != list(expected):
        faults.append("results are not in the order of the input")
    return faults


def faults_of(result: dict[str, Any], title: str | None) -> Iterator[str]:
    if title is None:
        yield "nobody asked for it"
    if not result["success"]:
        yield f"failed: {result['error_message']}"
        return
    found = " ".join(str((result["metadata"] or {}).get("title")).split())
    if found != title:
        yield f"title {found!r} in place of {title!r}"
    markdown = result["markdown"]
    raw = markdown["raw_markdown"] if isinstance(markdown, dict) else markdown or ""
    markers = markers_in(raw)
    if markers != [result["url"]]:
        yield f"markers {markers} in {len(raw)} characters of Markdown"


def parts(pages: list[Page], each: int, port: int) -> Iterator[dict[str, str]]:
    """Titles by URL, *each* pages for one way after the other."""
    urls = [url_of(index, page.path, port) for index, page in enumerate(pages)]
    for start in range(0, each * len(WAYS), each):
        yield {urls[index]: pages[index].title for index in range(start, start + each)}


def main() -> int:
    parser = argparse.ArgumentParser(description="Crawl real documentation in three ways and check every result.")
    parser.add_argument("--pages", type=int, default=1000, help="pages for each way (default 1000)")
    parser.add_argument("--folder", type=Path, default=default_folder(), help="the corpus; made when it is not there")
    parser.add_argument("--crawl", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.crawl:
        way, urls, out = options.crawl
        asyncio.run(crawl(way, Path(urls).read_text(encoding="utf-8").splitlines(), Path(out)))
        return 0
    pages = ensure(options.folder)
    if len(pages) < options.pages * len(WAYS):
        parser.error(f"the corpus has {len(pages)} pages, {options.pages * len(WAYS)} are needed")
    with serving(options.folder) as port:
        right = [measure(way, part) for way, part in zip(WAYS, parts(pages, options.pages, port), strict=True)]
    print("all results are right" if all(right) else "SOMETHING IS OFF")
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
