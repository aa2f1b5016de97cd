"""What is measured, and who takes part."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments import Environment

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNNERS = Path(__file__).parent.parent / "peers"

OURS = Environment("scrapy-crawl4", ours=True)
CRAWL4AI = Environment("crawl4ai", ("crawl4ai",))
CRAWLEE = Environment("crawlee", ("crawlee[httpx,curl-impersonate]", "html-to-markdown", "markdownify"))
SCRAPY = Environment("scrapy", ("Scrapy", "aiohttp", "html-to-markdown", "markdownify"))
AIOHTTP = Environment("aiohttp", ("aiohttp",))

SCRAPY_SETTINGS = {
    "CONCURRENT_REQUESTS_PER_DOMAIN": "{sessions}",
    "CONCURRENT_REQUESTS": "{sessions}",
    "DOWNLOAD_DELAY": "0",
    "LOG_ENABLED": "False",
    "ROBOTSTXT_OBEY": "False",
    "TELNETCONSOLE_ENABLED": "False",
}


@dataclass(frozen=True)
class Contestant:
    """Who takes part, and with what.

    runner: the program in ``peers``; a spider runs by ``scrapy runspider``.
    variant: what the runner makes of a page, or how.
    crawler: arguments of our AsyncWebCrawler, or the HTTP client of crawlee.
    settings: more settings of a spider.
    """

    name: str
    environment: Environment
    runner: str
    variant: str = ""
    crawler: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    def arguments(self, work: Path, sessions: int) -> list[str]:
        """Return what follows the interpreter on the command line."""
        if self.runner != "pages_spider.py":
            return [str(RUNNERS / self.runner), str(work)]
        settings = {name: value.format(sessions=sessions) for name, value in SCRAPY_SETTINGS.items()}
        given = [f"{name}={value}" for name, value in (settings | dict(self.settings)).items()]
        options = [part for each in given for part in ("-s", each)]
        return ["-m", "scrapy", "runspider", str(RUNNERS / self.runner), "-a", f"work={work}", *options]


@dataclass(frozen=True)
class Workload:
    """The same pages for several contestants, the first of them ours.

    server: ``nginx`` with the pages of the corpus; ``slow``, made-up pages of 2 KB, each after 200 ms; ``tiny``, the
        corpus from a server that notes when its first page went out; ``heavy``, the same with pages of 1 to 5 MB.
    shown: the figures that the plot shows, each with its title.
    """

    name: str
    title: str
    server: str
    pages: int
    sessions: int
    contestants: tuple[Contestant, ...]
    shown: Mapping[str, str] = field(default_factory=lambda: {"speed": "pages/s", "peak": "peak memory, MB"})


def ours(name: str, variant: str = "", **crawler: Any) -> Contestant:
    title = "scrapy-crawl4" + (f", {name}" if name else "")
    return Contestant(title, OURS, "with_scrapy_crawl4.py", variant, crawler)


def spider(name: str, variant: str = "", environment: Environment = SCRAPY, **settings: str) -> Contestant:
    return Contestant(name, environment, "pages_spider.py", variant, settings=settings)


CRAWLEE_FAST = Contestant("crawlee, html-to-markdown", CRAWLEE, "with_crawlee.py", "html-to-markdown")
CRAWL4AI_HTTP = Contestant("crawl4ai", CRAWL4AI, "with_crawl4ai.py")
RAW = Contestant("aiohttp alone", AIOHTTP, "with_aiohttp.py")

CONTENT = Workload(
    "content",
    "Pages of documentation with Markdown and all default content stages",
    "nginx",
    1000,
    20,
    (
        ours("one engine", settings={"CRAWL4_CONTENT_WORKERS": 0}),
        ours("two workers", settings={"CRAWL4_CONTENT_WORKERS": 2}),
        ours("workers auto", settings={"CRAWL4_CONTENT_WORKERS": "auto"}),
        ours("two engines", engines=2),
        CRAWL4AI_HTTP,
        CRAWLEE_FAST,
        Contestant("crawlee, markdownify", CRAWLEE, "with_crawlee.py", "markdownify"),
        spider("Scrapy, markdownify", "markdownify"),
        spider("Scrapy, html-to-markdown", "html-to-markdown"),
        spider("Scrapy, html-to-markdown in a thread", "thread"),
    ),
)
LATENCY = Workload(
    "latency",
    "Made-up pages of 2 KB from a server that takes 200 ms",
    "slow",
    2000,
    100,
    (ours(""), RAW, CRAWLEE_FAST, CRAWL4AI_HTTP),
)
FETCH = Workload(
    "fetch",
    "Fetching alone",
    "nginx",
    3000,
    20,
    (
        ours("fetch_only", "fetch"),
        spider("Scrapy, runspider"),
        Contestant("crawlee", CRAWLEE, "with_crawlee.py"),
        RAW,
    ),
)
ADDON = Workload(
    "addon",
    "The same spider with the add-on and without it, no content work",
    "nginx",
    3000,
    20,
    (
        spider("Scrapy with the add-on", environment=OURS, ADDONS='{"scrapy_crawl4.Addon": 500}'),
        spider("Scrapy without it", environment=OURS),
    ),
)
FIRST = Workload(
    "first",
    "The first result of a stream",
    "tiny",
    1000,
    20,
    (ours(""),),
    {"after_ms": "first result after the first response, ms"},
)
BLOCKS = Workload(
    "blocks",
    "The longest time that a loop did not get on, with pages of 1 to 5 MB among the others",
    "heavy",
    300,
    20,
    (ours("", "watched"),),
    {"caller_ms": "loop of the caller, ms", "engine_ms": "loop of the engine, ms"},
)
WORKLOADS = (CONTENT, LATENCY, FETCH, ADDON, FIRST, BLOCKS)
