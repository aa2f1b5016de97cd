"""docs/reference.md, docs/signals.md and docs/scrapy-settings.md say what the code and Scrapy say."""

import ast
import dataclasses
import re
from collections import Counter
from pathlib import Path

import pytest
from scrapy import signals
from scrapy.settings import default_settings

from scrapy_crawl4 import AsyncWebCrawler, UnsupportedOption, stats
from scrapy_crawl4.addon import (
    MEMORY_THROTTLE_PRIORITY,
    PIPELINE_PRIORITY,
    RATE_LIMIT_PRIORITY,
    RUN_CONFIG_PRIORITY,
)
from scrapy_crawl4.config.settings import Crawl4Settings
from scrapy_crawl4.facade.arguments import DISPATCH_SETTINGS

from .crawling import run_spider

ROOT = Path(__file__).parent.parent
REFERENCE, SIGNALS, SCRAPY = (
    (ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("reference", "signals", "scrapy-settings")
)
README = (ROOT / "README.md").read_text("utf-8")


def section(text, title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]


def rows(text):
    """The cells of the first table in `text`, without its heading."""
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def names(text):
    return re.findall(r"`([\w/]+)`", text)


# Settings


def test_settings_are_those_of_the_code_and_of_the_readme():
    told = rows(section(REFERENCE, "Settings"))
    fields = [field.metadata["name"] or f"CRAWL4_{field.name.upper()}" for field in dataclasses.fields(Crawl4Settings)]
    assert [names(row[0])[0] for row in told] == fields
    readme = [row for row in rows(section(README, "Settings")) if row[0].startswith("`CRAWL4_")]
    assert [row[:4] for row in told] == [row[:4] for row in readme]


def test_units_are_in_the_names_of_settings():
    units = {"s": ("_SECS", "_DELAY"), "MB": ("_MB",), "% of the limit": ("_PERCENT",)}
    for name, _, _, unit, *_ in rows(section(REFERENCE, "Settings")):
        assert not unit or unit not in units or name.strip("`").endswith(units[unit])


def test_settings_of_dispatch_are_marked():
    marked = {names(row[0])[0] for row in rows(section(REFERENCE, "Settings")) if "*dispatch*" in row[5]}
    assert marked | {"CONCURRENT_REQUESTS"} == DISPATCH_SETTINGS


# Meta keys


def test_every_meta_key_of_the_package_is_told():
    literals = set()
    for path in (ROOT / "scrapy_crawl4").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                literals.add((node.targets[0].id if isinstance(node.targets[0], ast.Name) else "", node.value.value))
    keys = {
        value
        for name, value in literals
        if name.isupper() and isinstance(value, str) and re.fullmatch(r"crawl4(_[a-z_]+)?", value)
    }
    assert {name for row in rows(section(REFERENCE, "Meta keys")) for name in names(row[0])} == keys


# Statistics


def test_statistics_are_those_of_the_code():
    told = [(row[0].strip("`"), row[2]) for row in rows(section(REFERENCE, "Statistics"))]
    assert told == list(stats.ALL)


# Signals

EVERY_SIGNAL = [name for name, value in vars(signals).items() if type(value) is object]


class Recorder:
    """An extension that records the signals of its crawler."""

    seen: list[str]

    @classmethod
    def from_crawler(cls, crawler):
        recorder = cls()
        recorder.handlers = [recorder.listen(crawler, name) for name in EVERY_SIGNAL]
        return recorder

    def listen(self, crawler, name):
        def handler(**arguments):
            self.seen.append(name)

        crawler.signals.connect(handler, getattr(signals, name))
        return handler


def test_every_signal_of_scrapy_is_told():
    assert set(names(SIGNALS)) & set(EVERY_SIGNAL) == set(EVERY_SIGNAL)


async def test_signals_behind_the_facade_come_in_the_order_told(site):
    told = {row[0]: names(row[1]) for row in rows(section(SIGNALS, "Behind `AsyncWebCrawler`"))}
    seen = Recorder.seen = []

    async def signals_of(url, **overrides):
        del seen[:]
        assert (await crawler.arun(url, **overrides)).success
        return told_ones()

    def told_ones():
        return [name for name in seen if name != "scheduler_empty"]

    async with AsyncWebCrawler(settings={"EXTENSIONS": {Recorder: 1}}) as crawler:
        assert told_ones() == told["the crawler opens"]
        *page, item = told["a page over HTTP"]
        assert await signals_of(site.url("/page/1")) == [*page, item]
        assert await signals_of(site.url("/redirect/1")) == [*told["a redirect on the way"], *page, item]
        assert await signals_of(site.url("/page/2"), check_robots_txt=True) == [*page, "robots_parsed", *page, item]
        assert await signals_of("raw:<p>a") == told["a `raw:` or `file:` task"] == [item]
        del seen[:]
    assert told_ones() == told["the crawler closes"]


SPIDER = """
from scrapy_crawl4 import CrawlResult


class Recorder:
    def __init__(self, crawler):
        names = [name for name, value in vars(signals).items() if type(value) is object]
        self.handlers = [self.listen(crawler, name) for name in names]

    def listen(self, crawler, name):
        def handler(**arguments):
            print("SIGNAL", name, file=sys.stderr)

        crawler.signals.connect(handler, getattr(signals, name))
        return handler

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)


class TheSpider(Spider):
    name = "signals"
    custom_settings = {"EXTENSIONS": {Recorder: 1}}

    async def start(self):
        yield Request(url("/page/1"))

    def parse(self, response):
        yield CrawlResult.from_response(response)
"""


@pytest.mark.slow
def test_signals_of_a_project_come_in_the_order_told(site, tmp_path):
    told = [name for row in rows(section(SIGNALS, "In a project")) for name in names(row[1])]
    crawl = run_spider(site, tmp_path, SPIDER)
    seen = [line.removeprefix("SIGNAL ") for line in crawl.log.splitlines() if line.startswith("SIGNAL ")]
    assert [name for name in seen if name in told] == told


# Scrapy's settings


def scrapy_names(text):
    return [name for name in names(text) if re.fullmatch(r"[A-Z][A-Z0-9_]+", name)]


TABLE = rows(section(SCRAPY, "Changed, replaced or read"))
LISTED = [
    *(name for row in TABLE for name in scrapy_names(row[0])),
    *(name for line in section(SCRAPY, "The same in both").splitlines() for name in scrapy_names(line)),
    *(name for line in section(SCRAPY, "Of spiders and projects").splitlines() for name in scrapy_names(line)),
]


def test_every_setting_of_scrapy_is_told_once():
    known = {name for name in dir(default_settings) if name.isupper()}
    assert sorted(known - set(LISTED)) == []
    assert sorted(set(LISTED) - known) == []
    assert [name for name, count in Counter(LISTED).items() if count > 1] == []


def test_every_setting_that_the_package_names_is_in_the_table():
    in_table = {name for row in TABLE for name in scrapy_names(row[0])}
    elsewhere = {"DOWNLOAD_HANDLERS", "DOWNLOAD_HANDLERS_BASE"}  # told with what the handlers read
    for path in (ROOT / "scrapy_crawl4").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in LISTED:
                assert node.value in in_table | elsewhere, path


def test_places_of_the_addon_are_those_told():
    table = {name: row for row in TABLE for name in scrapy_names(row[0])}
    told = [int(number) for number in re.findall(r"\d+", table["DOWNLOADER_MIDDLEWARES"][1])]
    assert told == [MEMORY_THROTTLE_PRIORITY, RUN_CONFIG_PRIORITY, RATE_LIMIT_PRIORITY]
    assert f" {PIPELINE_PRIORITY}," in table["ITEM_PIPELINES"][1]


REFUSED = {
    "AUTOTHROTTLE_ENABLED": True,
    "RETRY_HTTP_CODES": [500],
    "RETRY_EXCEPTIONS": ["builtins.OSError"],
    "DOWNLOADER": "scrapy.core.downloader.Downloader",
    "TWISTED_REACTOR": "twisted.internet.selectreactor.SelectReactor",
    "LOG_ENABLED": True,
    "LOG_FILE": "crawl.log",
    "LOG_STDOUT": True,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_run_of_urls_refuses_is_refused(name):
    row = next(row for row in TABLE if name in scrapy_names(row[0]))
    assert "refused" in row[2]
    with pytest.raises(UnsupportedOption, match=name):
        AsyncWebCrawler(settings={name: REFUSED[name]}).arun_many(["https://example.org/"])


def test_nothing_else_is_told_to_be_refused():
    told = {name for row in TABLE if "refused" in row[2] for name in scrapy_names(row[0])}
    # Rows of several settings, of which the sentence names the refused value.
    assert told - REFUSED.keys() == {
        "ASYNCIO_EVENT_LOOP",
        "AUTOTHROTTLE_DEBUG",
        "AUTOTHROTTLE_MAX_DELAY",
        "AUTOTHROTTLE_START_DELAY",
        "AUTOTHROTTLE_TARGET_CONCURRENCY",
        "FORCE_CRAWLER_PROCESS",
        "REACTOR_THREADPOOL_MAXSIZE",
        "TWISTED_REACTOR_ENABLED",
    }
