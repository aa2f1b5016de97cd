"""Spiders run as users run them: in a process of their own, with a reactor or without."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .server import Seen, Site

ROOT = Path(__file__).parent.parent
ADDON = {"scrapy_crawl4.Addon": 500}

SETTINGS: dict[str, Any] = {
    "LOG_LEVEL": "INFO",
    "REMOTE_CONTROL_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    # Tests are quick because the network is near, not because we are impolite.
    "DOWNLOAD_DELAY": 0,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
}
REACTORS: dict[str, dict[str, Any]] = {
    "asyncio": {},
    "none": {"TWISTED_REACTOR_ENABLED": False},
    "select": {"TWISTED_REACTOR": "twisted.internet.selectreactor.SelectReactor"},
}

HEAD = """
import asyncio, json, os, sys, time
import scrapy
from scrapy import Request, Spider, signals
from scrapy.crawler import AsyncCrawlerProcess, CrawlerProcess
from scrapy.exceptions import CloseSpider
from itemadapter import ItemAdapter

PORT = int(os.environ["SITE_PORT"])


def url(path="/", host=1):
    return f"http://127.0.0.{host}:{PORT}{path}"
"""

MAIN = """
if __name__ == "__main__":
    settings = json.loads(os.environ["CRAWL_SETTINGS"])
    reactorless = settings.get("TWISTED_REACTOR_ENABLED") is False
    process = (AsyncCrawlerProcess if reactorless else CrawlerProcess)(settings)
    crawler = process.create_crawler(TheSpider)
    items = []

    def scraped(item):
        items.append(ItemAdapter(item).asdict())

    crawler.signals.connect(scraped, signals.item_scraped)
    process.crawl(crawler)
    process.start()
    stats = crawler.stats.get_stats() if crawler.stats else {}
    print(json.dumps({"items": items, "stats": stats}, default=str), file=sys.stdout)
"""


@dataclass(frozen=True)
class Crawl:
    """What a crawl left."""

    items: list[dict[str, Any]]
    stats: dict[str, Any]
    log: str
    code: int


def run_spider(
    site: Site,
    folder: Path,
    source: str,
    *,
    addon: bool = True,
    reactor: str = "asyncio",
    timeout: float = 150,
    **settings: Any,
) -> Crawl:
    """Run `TheSpider` of `source`, in which `url(path, host)` is there, and return what it left."""
    with running_spider(site, folder, source, addon=addon, reactor=reactor, **settings) as process:
        return ended(process, timeout)


@contextmanager
def running_spider(
    site: Site, folder: Path, source: str, *, addon: bool = True, reactor: str = "asyncio", **settings: Any
) -> Iterator[subprocess.Popen[str]]:
    """The same, without waiting for its end; what still runs at the end of the block is killed."""
    script = folder / "the_spider.py"
    script.write_text(HEAD + textwrap.dedent(source) + MAIN)
    chosen = {**SETTINGS, **REACTORS[reactor], **({"ADDONS": ADDON} if addon else {}), **settings}
    with subprocess.Popen(
        [sys.executable, "-W", "error::ResourceWarning", str(script)],
        cwd=folder,
        env={**environment(), "SITE_PORT": str(site.port), "CRAWL_SETTINGS": json.dumps(chosen)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], timeout: float = 150) -> Crawl:
    """Wait for the end of a crawl and return what it left."""
    try:
        output, log = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        _, log = process.communicate()
        raise AssertionError(f"the crawl did not end:\n{log}") from None
    return made_of(output, log, process.returncode)


def made_of(output: str, log: str, code: int) -> Crawl:
    """Read what the script printed."""
    try:
        told = json.loads(output)
    except json.JSONDecodeError:
        told = {"items": [], "stats": {}}
    return Crawl(told["items"], told["stats"], log, code)


def interrupt(process: subprocess.Popen[str]) -> Crawl:
    """Press Ctrl-C and wait for the end."""
    process.send_signal(signal.SIGINT)
    return ended(process, timeout=100)


def environment() -> dict[str, str]:
    """The environment of a child that imports this checkout."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def asked(requests: list[Seen]) -> Counter[tuple[str, str, str, tuple[tuple[str, str], ...]]]:
    """Requests by what the server saw of them, headers included."""
    return Counter((seen.host, seen.method, seen.path, tuple(sorted(seen.headers.items()))) for seen in requests)


# Times and memory differ from crawl to crawl.
PASSING = (
    "elapsed",
    "time",
    "memusage",
    "per_minute",
    "request_bytes",
    "log_count/DEBUG",
    "log_count/INFO",
    "log_count/WARNING",
)
"""What changes from run to run. Warnings: the first process on a machine that meets a cookie tells that it could not
fetch a newer list of public suffixes."""


def steady(stats: dict[str, Any]) -> dict[str, Any]:
    """Stats that are the same with the add-on and without."""
    return {
        name: value
        for name, value in stats.items()
        if not name.startswith("crawl4/") and not any(part in name for part in PASSING)
    }
