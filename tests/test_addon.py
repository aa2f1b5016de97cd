"""The add-on: settings and nothing else, and a project that does not notice."""

import logging
from pathlib import Path
from typing import Any

import pytest
from scrapy.core.downloader import Downloader
from scrapy.downloadermiddlewares.httpcache import HttpCacheMiddleware as ScrapyHttpCacheMiddleware
from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings, Settings

from scrapy_crawl4.addon import Addon
from scrapy_crawl4.dispatch import BaseDispatcher, SemaphoreDispatcher
from scrapy_crawl4.downloader import DispatchDownloader
from scrapy_crawl4.downloadermiddlewares import MemoryThrottleMiddleware, RateLimitMiddleware, RunConfigMiddleware
from scrapy_crawl4.downloadermiddlewares.http_cache import HttpCacheMiddleware
from scrapy_crawl4.exceptions import DispatcherError
from scrapy_crawl4.exporters import ResultMarshalExporter
from scrapy_crawl4.pipelines import CrawlResultPipeline
from scrapy_crawl4.scheduler import DurableScheduler

from .crawling import asked, run_spider, steady
from .server import Site

OURS = {
    "DOWNLOADER": DispatchDownloader,
    "DOWNLOADER_MIDDLEWARES": {
        MemoryThrottleMiddleware: 60,
        RunConfigMiddleware: 90,
        RateLimitMiddleware: 560,
        ScrapyHttpCacheMiddleware: None,
        HttpCacheMiddleware: 900,
    },
    "ITEM_PIPELINES": {CrawlResultPipeline: 50},
    "CRAWL4_RATE_LIMIT_CODES": [429, 503],
    "CRAWL4_MAX_RETRIES": 2,
    "FEED_EXPORTERS": {"marshal": ResultMarshalExporter},
    "RETRY_HTTP_CODES": [500, 502, 504, 522, 524, 408],
}


def resulting(project: dict[str, Any]) -> dict[str, Any]:
    settings = Settings(project)
    Addon().update_settings(settings)
    return plain(settings)


def plain(settings: Settings) -> dict[str, Any]:
    """The settings, component dictionaries as dictionaries."""
    return {name: dict(value) if isinstance(value, BaseSettings) else value for name, value in settings.items()}


def test_it_changes_these_settings_and_nothing_else() -> None:
    assert resulting({}) == {**plain(Settings()), **OURS}


def test_what_a_project_has_set_stays() -> None:
    class OwnDownloader(DispatchDownloader):
        pass

    project = {
        "DOWNLOADER": OwnDownloader,
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy_crawl4.downloadermiddlewares.RateLimitMiddleware": 700,
            MemoryThrottleMiddleware: None,
            RunConfigMiddleware: 80,
            "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
            "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
        },
        "ITEM_PIPELINES": {"own.Pipeline": 300} | {CrawlResultPipeline: 900},
        "RETRY_HTTP_CODES": [429, 500, 599],
        "RETRY_TIMES": 5,
        "FEED_EXPORTERS": {"own": "own.Exporter"},
        "CONCURRENT_REQUESTS": 3,
    }
    del project["ITEM_PIPELINES"]["own.Pipeline"]
    # No 503 here: it stays unretried.
    expected = {**plain(Settings(project)), "RETRY_HTTP_CODES": [500, 599], "CRAWL4_RATE_LIMIT_CODES": [429]}
    expected["CRAWL4_MAX_RETRIES"] = 5
    expected["FEED_EXPORTERS"] = {"marshal": ResultMarshalExporter, "own": "own.Exporter"}
    assert resulting(project) == expected


def test_own_components_are_joined_by_ours() -> None:
    own = {"scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None}
    merged = resulting({"DOWNLOADER_MIDDLEWARES": own})["DOWNLOADER_MIDDLEWARES"]
    assert merged == {**own, **OURS["DOWNLOADER_MIDDLEWARES"]}


def test_the_cache_takes_the_place_that_a_project_gave_it() -> None:
    own = {"scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": 450}
    merged = resulting({"DOWNLOADER_MIDDLEWARES": own})["DOWNLOADER_MIDDLEWARES"]
    assert merged == {**OURS["DOWNLOADER_MIDDLEWARES"], HttpCacheMiddleware: 450}


def test_settings_of_the_project_win_over_the_add_on() -> None:
    settings = Settings()
    Addon().update_settings(settings)
    assert settings.getpriority("DOWNLOADER") == 15
    settings.set("DOWNLOADER", "other.Downloader", priority="project")
    assert settings["DOWNLOADER"] == "other.Downloader"


def test_it_may_run_twice() -> None:
    settings = Settings()
    Addon().update_settings(settings)
    once = plain(settings)
    Addon().update_settings(settings)
    assert plain(settings) == once


def test_another_downloader_is_kept_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    path = "scrapy.core.downloader.Downloader"
    with caplog.at_level(logging.WARNING):
        settings = resulting({"DOWNLOADER": path})
    assert settings == {**plain(Settings()), **OURS, "DOWNLOADER": path}
    (record,) = caplog.records
    assert "so CRAWL4_DISPATCHER only holds requests back for memory" in record.getMessage()
    assert issubclass(DispatchDownloader, Downloader)


def test_switched_off_it_changes_nothing() -> None:
    settings = Settings({"CRAWL4_ENABLED": False})
    before = plain(settings)
    with pytest.raises(NotConfigured, match="CRAWL4_ENABLED is off"):
        Addon().update_settings(settings)
    assert plain(settings) == before


@pytest.mark.parametrize(
    ("project", "retried", "limited"),
    [
        ({}, [500, 502, 504, 522, 524, 408], [429, 503]),
        ({"RETRY_ENABLED": False}, [500, 502, 503, 504, 522, 524, 408, 429], []),
        ({"RETRY_HTTP_CODES": [500, 503]}, [500], [503]),
        ({"RETRY_HTTP_CODES": [500]}, [500], []),
        ({"CRAWL4_RATE_LIMIT_CODES": [420, 500]}, [502, 503, 504, 522, 524, 408, 429], [420, 500]),
        ({"CRAWL4_RATE_LIMIT_CODES": [429], "RETRY_ENABLED": False}, [500, 502, 503, 504, 522, 524, 408], [429]),
        # A dispatcher without a rate limiter leaves the codes to Scrapy's retries.
        ({"CRAWL4_DISPATCHER": SemaphoreDispatcher(3)}, [500, 502, 503, 504, 522, 524, 408, 429], [429, 503]),
    ],
)
def test_each_code_has_one_who_retries_it(project: dict[str, Any], retried: list[int], limited: list[int]) -> None:
    settings = resulting(project)
    assert settings["RETRY_HTTP_CODES"] == retried
    assert settings.get("CRAWL4_RATE_LIMIT_CODES") == limited


def test_a_job_gets_the_durable_scheduler_unless_the_project_has_its_own() -> None:
    assert resulting({"JOBDIR": "job"})["SCHEDULER"] is DurableScheduler
    assert resulting({"JOBDIR": "job", "SCHEDULER": "own.Scheduler"})["SCHEDULER"] == "own.Scheduler"


@pytest.mark.parametrize(("project", "expected"), [(16, 40), (0, 0), (50, 50)])
def test_pools_of_connections_have_room_for_all_permits(project: int, expected: int) -> None:
    settings = {"CRAWL4_MAX_SESSION_PERMIT": "40", "CONCURRENT_REQUESTS": project}
    assert resulting(settings)["CONCURRENT_REQUESTS"] == expected


class NeedsMore(BaseDispatcher):
    def __init__(self, more: int) -> None:
        super().__init__()

    def permits(self, load: object) -> int:
        return 1


@pytest.mark.parametrize(
    ("project", "kind", "sentence"),
    [
        ({"CRAWL4_MAX_RETRIES": "many"}, ValueError, "CRAWL4_MAX_RETRIES"),
        ({"CRAWL4_MAX_SESSION_PERMIT": -1}, ValueError, "CRAWL4_MAX_SESSION_PERMIT"),
        ({"CRAWL4_NOTHING": 1}, ValueError, "CRAWL4_NOTHING is not a setting"),
        (
            {"CRAWL4_MEMORY_THRESHOLD_PERCENT": 60, "CRAWL4_RECOVERY_THRESHOLD_PERCENT": 70},
            ValueError,
            "thresholds must rise",
        ),
        ({"CRAWL4_DISPATCHER": "no.such.Thing"}, DispatcherError, "'no.such.Thing' cannot be imported"),
        ({"CRAWL4_DISPATCHER": "json.dumps"}, DispatcherError, "must be a subclass of BaseDispatcher"),
        ({"CRAWL4_DISPATCHER": NeedsMore}, DispatcherError, "NeedsMore cannot be made from settings"),
    ],
)
def test_bad_settings_are_refused_at_once(project: dict[str, Any], kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind, match=sentence) as refused:
        resulting(project)
    assert "\n" not in str(refused.value)


PLAIN = """
class TheSpider(scrapy.Spider):
    name = "plain"

    async def start(self):
        for number in range(10):
            yield Request(url(f"/page/{number}", host=1 + number % 3), headers={"X-Number": str(number)})
        yield Request(url("/redirect/3"))
        yield Request(url("/status/404"), errback=self.failed)
        yield Request(url("/status/500"), errback=self.failed)
        yield Request(url("/set-cookie/taste/sweet", host=8), callback=self.with_cookie)
        yield scrapy.FormRequest(url("/echo"), formdata={"a": "1"}, callback=self.echoed)
        yield Request("data:,hello")

    def with_cookie(self, response):
        yield Request(url("/echo?cookie", host=8), callback=self.echoed)

    def echoed(self, response):
        told = response.json()
        yield {"method": told["method"], "headers": sorted(told["headers"].items()), "cookies": told["cookies"]}

    def failed(self, failure):
        yield {"failed": failure.value.response.status}

    async def parse(self, response):
        yield {"url": response.url, "meta": sorted(response.meta), "length": len(response.body)}
        if response.url.endswith("/page/1"):
            other = await self.crawler.engine.download_async(Request(url("/page/77")))
            yield {"other": other.url}
            yield Request(url("/page/1", host=2), priority=3)
            yield Request(url("/page/1", host=2))
"""


@pytest.mark.parametrize("reactor", ["asyncio", "none", "select"])
def test_a_plain_spider_does_not_notice(site: Site, tmp_path: Path, reactor: str) -> None:
    extra = {"ROBOTSTXT_OBEY": True, "RETRY_TIMES": 1, "SCHEDULER_DEBUG": False}
    without = run_spider(site, tmp_path, PLAIN, addon=False, reactor=reactor, **extra)
    asked_without = asked(site.requests)
    site.reset()
    with_it = run_spider(site, tmp_path, PLAIN, reactor=reactor, **extra)
    assert asked(site.requests) == asked_without
    assert sorted(map(str, with_it.items)) == sorted(map(str, without.items))
    assert len(without.items) > 15
    assert steady(with_it.stats) == steady(without.stats)
    assert with_it.stats.get("log_count/ERROR") == without.stats.get("log_count/ERROR")


def test_one_line_in_a_project_turns_it_on(site: Site, tmp_path: Path) -> None:
    crawl = run_spider(site, tmp_path, PLAIN)
    assert crawl.stats["crawl4/sessions/started_count"] > 10
    assert "DispatchDownloader" in crawl.log
