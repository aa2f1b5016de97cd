"""The main job on the embedded site: batch, stream, own dispatcher, `scrapy crawl`, `scrapy crawl4`.

    python demo.py

prints what came out and ends with status 0 if all of it is as expected. It needs nothing but loopback, and leaves
nothing behind.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

import run_arun_many  # noqa: E402 - after the line above, so that it leaves no __pycache__
from run_arun_many import HEADING, example_urls, line  # noqa: E402
from serve_pages import HOSTS, RETRY_AFTER_SECONDS, ExampleSite  # noqa: E402

from scrapy_crawl4 import CrawlResult  # noqa: E402

HERE = Path(__file__).parent
TITLES = [
    "The catalogue",
    "The popular page",
    "What lives in a tide pool",
    "Bread from three things",
    "What lives in a tide pool",
    "Fold in ten minutes",
    "Reference of Fold",
    "Письмо с маяка",  # noqa: RUF001 - Russian letters are meant
    "灯台からの手紙",
    None,
    "Bread from three things",
]
SITE_PAGES = 20
"""Pages that can be reached from the start page, two of which are lost."""

surprises: list[str] = []


def expect(true: object, what: str) -> None:
    if not true:
        surprises.append(what)
        print(f"  ! not as expected: {what}")


def heading(text: str) -> None:
    print(f"\n== {text}")


def title(result: CrawlResult) -> str | None:
    return (result.metadata or {}).get("title") if result.success else None


def check_results(results: list[CrawlResult], urls: list[str]) -> None:
    """The same for batch, stream and own dispatcher; *results* are in the order of the input."""
    expect([result.url for result in results] == urls, "one result for each URL")
    expect([title(result) for result in results] == TITLES, "each page has its own title")
    failed = [result.error_message for result in results if not result.success]
    expect(failed == ["HTTP 404 Not Found"], "the lost page is the only failure, and says why")
    popular = results[1].dispatch_result
    expect(popular and popular.retries == 1, "the 429 is retried once")
    expect(popular and popular.wait_time >= RETRY_AFTER_SECONDS * 0.9, "the retry waits as long as the server asked")
    expect(results[4].redirected_url == urls[2], "redirects are followed")


def show_batch(urls: list[str]) -> None:
    heading("arun_many as a batch: a list in the order of the URLs")
    results = asyncio.run(run_arun_many.batch(urls))
    print(HEADING, *map(line, results), sep="\n")
    check_results(results, urls)
    show_markdown(results[2], "## Who can stand it")
    show_markdown(results[5], "# Fold in ten minutes")
    expect("| Periwinkle | 212 | 35 |" in squeezed(results[2].markdown), "the table is a Markdown table")
    expect("```python" in results[5].markdown, "the code fence has its language")


def squeezed(text: str) -> str:
    return " ".join(text.split())


def show_markdown(result: CrawlResult, start: str) -> None:
    print(f"\n   From the Markdown of {result.url}:")
    lines = [text for text in result.markdown.splitlines() if text.strip()]
    begin = lines.index(start) if start in lines else 0
    print(*(f"   | {text[:100]}" for text in lines[begin : begin + 12]), sep="\n")


def show_stream(urls: list[str]) -> None:
    heading("arun_many as a stream: each result when it is there")

    async def collect() -> list[CrawlResult]:
        return [result async for result in run_arun_many.stream(urls)]

    results = asyncio.run(collect())
    print(HEADING, *map(line, results), sep="\n")
    expect(results[0].index != 0, "the slow page, first in the list, is not the first to come")
    check_results(sorted(results, key=lambda result: result.index or 0), urls)


def show_own_dispatcher(urls: list[str]) -> None:
    heading("arun_many with a dispatcher of its own, SlowStart")
    results = asyncio.run(run_arun_many.own_dispatcher(urls))
    starts = sorted(result.dispatch_result.start_time for result in results if result.dispatch_result)
    print(f"   {len(results)} results, pages started at", *(f"{start - starts[0]:.2f}" for start in starts), "s")
    check_results(results, urls)


def scrapy(*arguments: str) -> None:
    """Run a scrapy command in the project; its log is shown only if it fails."""
    print("   $ scrapy", *arguments)
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        cwd=HERE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    expect(done.returncode == 0, f"scrapy {arguments[0]} ends with status 0, not {done.returncode}")
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-4000:])


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(row) for row in path.read_text("utf-8").splitlines()] if path.exists() else []


def show_articles(site: ExampleSite, out: Path) -> None:
    heading("scrapy crawl articles: follows links, yields CrawlResult.from_response(response)")
    scrapy("crawl", "articles", "-a", f"start={site.url('notes')}", "-O", str(out / "articles.jsonl"))
    rows = read(out / "articles.jsonl")
    failed = {row["url"]: row["error_message"] for row in rows if not row["success"]}
    for name, address in HOSTS.items():
        here = [row for row in rows if address in row["url"]]
        links = sum(len(row["links"]["internal"]) + len(row["links"]["external"]) for row in here)
        tables = sum(len(row["tables"]) for row in here)
        print(f"   {name:8} {len(here):3} pages, {links:3} links, {tables} tables")
    print(*(f"   failed: {url}  {error}" for url, error in failed.items()), sep="\n")
    expect(len(rows) == SITE_PAGES, f"{SITE_PAGES} pages, not {len(rows)}")
    expect(
        failed
        == dict.fromkeys(
            [site.url("notes", "/articles/tide-table.html"), site.url("archive", "/lost.html")], "HTTP 404 Not Found"
        ),
        "two pages are lost",
    )
    expect(all(row["markdown"] for row in rows), "every page has Markdown")
    expect(any(row["url"] == site.url("archive", "/popular.html") for row in rows), "the 429 recovers")


def show_titles(site: ExampleSite, out: Path) -> None:
    heading("scrapy crawl titles: ordinary items")
    scrapy("crawl", "titles", "-a", f"start={site.url('notes')}", "-O", str(out / "titles.jsonl"))
    rows = read(out / "titles.jsonl")
    print(*(f"   {row}" for row in rows[:3]), f"   ... {len(rows)} items", sep="\n")
    expect(len(rows) == 9, "three pages of the listing and six articles")


def show_command(urls: list[str], out: Path) -> None:
    heading("scrapy crawl4: URLs in, JSON Lines out")
    scrapy("crawl4", *urls[2:7], "-o", str(out / "pages.jsonl"))
    rows = read(out / "pages.jsonl")
    print(*(f"   {row['status_code']}  {row['metadata']['title']}" for row in rows), sep="\n")
    expect(sorted(row["url"] for row in rows) == sorted(urls[2:7]), "one line for each URL")


def main() -> int:
    started = time.monotonic()
    with ExampleSite() as site, tempfile.TemporaryDirectory() as folder:
        print("The embedded site:", *(site.url(host) for host in HOSTS))
        urls = example_urls(site)
        show_batch(urls)
        show_stream(urls)
        show_own_dispatcher(urls)
        show_articles(site, Path(folder))
        show_titles(site, Path(folder))
        show_command(urls, Path(folder))
    print(f"\n{time.monotonic() - started:.0f} seconds.", end=" ")
    print(*(["NOT as expected:", *surprises] if surprises else ["All as expected."]), sep="\n  ")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
