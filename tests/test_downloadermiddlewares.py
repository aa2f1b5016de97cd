"""RateLimitMiddleware and MemoryThrottleMiddleware in real crawls."""

from itertools import pairwise
from pathlib import Path

import pytest

from .crawling import run_spider
from .server import Site

EACH_REACTOR = pytest.mark.parametrize("reactor", ["asyncio", "none", "select"])

LIMITED = """
class TheSpider(Spider):
    name = "limited"
    handle_httpstatus_list = [429, 503]
    path, meta = "/retry-after/{}/{}?after=1".format("key", 2), {}

    async def start(self):
        yield Request(url(self.settings["LIMITED_PATH"]), meta=self.settings.getdict("LIMITED_META"))

    def parse(self, response):
        yield {"status": response.status, "retries": response.meta.get("retry_times", 0)}
"""


def gaps(site: Site) -> list[float]:
    return [later.time - earlier.time for earlier, later in pairwise(site.requests)]


@EACH_REACTOR
def test_two_refusals_make_two_delayed_retries(site: Site, tmp_path: Path, reactor: str) -> None:
    crawl = run_spider(site, tmp_path, LIMITED, reactor=reactor, LIMITED_PATH="/retry-after/a/2?after=2")
    assert crawl.items == [{"status": 200, "retries": 2}]
    assert len(site.requests) == 3
    assert min(gaps(site)) >= 2, "both retries waited as long as Retry-After said"
    assert crawl.stats["crawl4/rate_limit/retry_count"] == 2
    assert crawl.stats["crawl4/rate_limit/response_count"] == 2
    assert crawl.stats["retry/count"] == 2
    assert crawl.stats["response_received_count"] == 1


def test_a_host_that_always_refuses_is_given_up(site: Site, tmp_path: Path) -> None:
    crawl = run_spider(
        site, tmp_path, LIMITED, LIMITED_PATH="/status/429", CRAWL4_MAX_RETRIES=2, CRAWL4_MAX_DELAY_SECS=0.3
    )
    assert crawl.items == [{"status": 429, "retries": 2}]
    assert len(site.requests) == 3
    assert crawl.stats["crawl4/rate_limit/gave_up_count"] == 1
    assert crawl.log.count("Gave up retrying") == 1


def test_a_spider_that_does_not_handle_the_status_meets_its_errback(site: Site, tmp_path: Path) -> None:
    source = """
    class TheSpider(Spider):
        name = "errback"

        async def start(self):
            yield Request(url("/status/503"), errback=self.failed)

        def failed(self, failure):
            yield {"status": failure.value.response.status}
    """
    crawl = run_spider(site, tmp_path, source, CRAWL4_MAX_RETRIES=1, CRAWL4_MAX_DELAY_SECS=0.2)
    assert crawl.items == [{"status": 503}]
    assert len(site.requests) == 2


@pytest.mark.parametrize(("meta", "requests"), [({"dont_retry": True}, 1), ({"max_retry_times": 1}, 2)])
def test_meta_keys_of_scrapys_retries_count(site: Site, tmp_path: Path, meta: dict, requests: int) -> None:
    crawl = run_spider(
        site, tmp_path, LIMITED, LIMITED_PATH="/status/429", LIMITED_META=meta, CRAWL4_MAX_DELAY_SECS=0.1
    )
    assert [item["status"] for item in crawl.items] == [429]
    assert len(site.requests) == requests


@pytest.mark.parametrize("setting", [{"RETRY_ENABLED": False}, {"RETRY_HTTP_CODES": [500]}])
def test_what_the_project_does_not_retry_is_not_retried(site: Site, tmp_path: Path, setting: dict) -> None:
    crawl = run_spider(site, tmp_path, LIMITED, LIMITED_PATH="/status/429", **setting)
    assert crawl.items == [{"status": 429, "retries": 0}]
    assert len(site.requests) == 1


def test_other_codes_stay_with_scrapys_retries(site: Site, tmp_path: Path) -> None:
    crawl = run_spider(site, tmp_path, LIMITED, LIMITED_PATH="/status/500", RETRY_TIMES=1)
    assert crawl.items == []
    assert len(site.requests) == 2
    assert crawl.stats["retry/max_reached"] == 1


def test_a_refused_host_holds_up_no_other(site: Site, tmp_path: Path) -> None:
    source = """
    class TheSpider(Spider):
        name = "two_hosts"

        async def start(self):
            for number in range(20):
                yield Request(url(f"/retry-after/x/1?after=3&{number}", host=1))
            for number in range(40):
                yield Request(url(f"/page/{number}", host=2))

        def parse(self, response):
            yield {"url": response.url}
    """
    crawl = run_spider(
        site, tmp_path, source, CRAWL4_MAX_SESSION_PERMIT=2, DOWNLOAD_SLOTS={"127.0.0.1": {"concurrency": 1}}
    )
    assert len(crawl.items) == 60
    refused = next(seen.time for seen in site.requests if seen.host == "127.0.0.1")
    others = [seen.time for seen in site.requests if seen.host == "127.0.0.2"]
    first_again = [seen.time for seen in site.requests if seen.host == "127.0.0.1"][1]
    assert first_again - refused >= 3
    assert sum(time < first_again for time in others) == 40, "all of the other host came meanwhile"


def test_responses_from_the_cache_are_left_alone(site: Site, tmp_path: Path) -> None:
    settings = {
        "HTTPCACHE_ENABLED": True,
        "HTTPCACHE_DIR": str(tmp_path / "cache"),
        "CRAWL4_MAX_RETRIES": 0,
        "LIMITED_PATH": "/status/429",
    }
    run_spider(site, tmp_path, LIMITED, **settings)
    crawl = run_spider(site, tmp_path, LIMITED, **{**settings, "CRAWL4_MAX_RETRIES": 3})
    assert crawl.items == [{"status": 429, "retries": 0}]
    assert len(site.requests) == 1


def test_another_downloader_has_its_retries_delayed_here(site: Site, tmp_path: Path) -> None:
    crawl = run_spider(
        site,
        tmp_path,
        LIMITED,
        LIMITED_PATH="/retry-after/a/2?after=1",
        DOWNLOADER="scrapy.core.downloader.Downloader",
    )
    assert crawl.items == [{"status": 200, "retries": 2}]
    assert min(gaps(site)) >= 1
    assert "DOWNLOADER is scrapy.core.downloader.Downloader, so CRAWL4_DISPATCHER only holds requests back" in crawl.log


# A policy that reads a file is pressure that a test can begin and end.
PRESSURE = """
from pathlib import Path
from scrapy_crawl4.dispatch import BaseDispatcher

class Pressed(BaseDispatcher):
    check_interval = 0.1
    def __init__(self, memory_wait_timeout=600.0):
        super().__init__()
        self.memory_wait_timeout = 1.0 if Path("impatient").exists() else None
    def permits(self, load):
        return 0 if Path("pressure").exists() else 8
"""

BYPASS = """
class TheSpider(Spider):
    name = "bypass"

    async def start(self):
        yield Request("data:text/html,<p>local")

    async def parse(self, response):
        from pathlib import Path
        from scrapy_crawl4.gate import DispatchGate

        engine = self.crawler.engine
        Path("pressure").touch()
        await asyncio.sleep(0.3)
        tasks = [asyncio.ensure_future(engine.download_async(Request(url(f"/page/{n}")))) for n in range(5)]
        await asyncio.sleep(0.5)
        yield {"done_under_pressure": sum(task.done() for task in tasks)}
        if not Path("impatient").exists():
            Path("pressure").unlink()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        yield {"results": [getattr(one, "status", str(one)) for one in done]}
        Path("pressure").unlink(missing_ok=True)
"""


@pytest.mark.parametrize("downloader", ["ours", "scrapy"])
@pytest.mark.parametrize("reactor", ["asyncio", "none"])
def test_requests_that_bypass_the_scheduler_wait_for_memory(
    site: Site, tmp_path: Path, reactor: str, downloader: str
) -> None:
    (tmp_path / "pressed.py").write_text(PRESSURE)
    other = {"DOWNLOADER": "scrapy.core.downloader.Downloader"} if downloader == "scrapy" else {}
    crawl = run_spider(site, tmp_path, BYPASS, reactor=reactor, CRAWL4_DISPATCHER="pressed.Pressed", **other)
    assert crawl.items == [{"done_under_pressure": 0}, {"results": [200] * 5}]
    assert crawl.stats["crawl4/memory/held_count"] == 5


@pytest.mark.parametrize("downloader", ["ours", "scrapy"])
def test_pressure_that_does_not_end_fails_what_is_held(site: Site, tmp_path: Path, downloader: str) -> None:
    (tmp_path / "pressed.py").write_text(PRESSURE)
    (tmp_path / "impatient").touch()
    other = {"DOWNLOADER": "scrapy.core.downloader.Downloader"} if downloader == "scrapy" else {}
    crawl = run_spider(site, tmp_path, BYPASS, CRAWL4_DISPATCHER="pressed.Pressed", **other)
    sentence = "Memory allowed no request for 1 s (memory_wait_timeout)."
    assert crawl.items == [{"done_under_pressure": 0}, {"results": [sentence] * 5}]
    assert site.requests == []


def test_pressure_holds_the_scheduler_and_ends(site: Site, tmp_path: Path) -> None:
    (tmp_path / "pressed.py").write_text(PRESSURE)
    (tmp_path / "pressure").touch()
    source = """
    class TheSpider(Spider):
        name = "pressure"

        async def start(self):
            for number in range(30):
                yield Request(url(f"/page/{number}"))
            await asyncio.sleep(0.5)
            from pathlib import Path
            yield {"scheduled": len(self.crawler.engine.scheduler)}
            Path("pressure").unlink()

        def parse(self, response):
            yield {"url": response.url}
    """
    crawl = run_spider(site, tmp_path, source, CRAWL4_DISPATCHER="pressed.Pressed")
    assert crawl.items[0] == {"scheduled": 29}
    assert len(crawl.items) == 31


@pytest.mark.parametrize("middleware", [True, False])
def test_pressure_that_does_not_end_ends_the_crawl(site: Site, tmp_path: Path, middleware: bool) -> None:
    (tmp_path / "pressed.py").write_text(PRESSURE)
    (tmp_path / "impatient").touch()
    (tmp_path / "pressure").touch()
    source = """
    class TheSpider(Spider):
        name = "starved"

        async def start(self):
            for number in range(30):
                yield Request(url(f"/page/{number}"), callback=self.parse, errback=self.failed)

        def failed(self, failure):
            self.logger.info("the errback met %s", failure.value)
    """
    off = {"scrapy_crawl4.downloadermiddlewares.MemoryThrottleMiddleware": None}
    settings = {} if middleware else {"DOWNLOADER_MIDDLEWARES": off}
    crawl = run_spider(site, tmp_path, source, CRAWL4_DISPATCHER="pressed.Pressed", **settings)
    assert site.requests == []
    assert crawl.stats["finish_reason"] == "crawl4_no_permits"
    assert crawl.log.count("ERROR: Memory allowed no") == 1
    assert crawl.log.count("the errback met Memory allowed no") == 1
    assert "Traceback" not in crawl.log


SHED = """
from pathlib import Path
from scrapy_crawl4.dispatch import BaseDispatcher

class Shedding(BaseDispatcher):
    check_interval = 0.1
    def permits(self, load):
        return 4
    def sheds(self, load):
        return load.in_flight == 4 and Path("shed").exists()
"""


@EACH_REACTOR
def test_what_is_taken_back_is_fetched_again(site: Site, tmp_path: Path, reactor: str) -> None:
    (tmp_path / "shedding.py").write_text(SHED)
    (tmp_path / "shed").touch()
    source = """
    class TheSpider(Spider):
        name = "shed"

        async def start(self):
            for number in range(4):
                yield Request(url(f"/slow/1?{number}"))

        @classmethod
        def from_crawler(cls, crawler, *args, **kwargs):
            spider = super().from_crawler(crawler, *args, **kwargs)
            crawler.signals.connect(spider.left, signals.request_left_downloader)
            spider.left_count = 0
            return spider

        def left(self):
            self.left_count += 1

        def parse(self, response):
            from pathlib import Path
            Path("shed").unlink(missing_ok=True)
            yield {"url": response.url, "left": self.left_count}
    """
    crawl = run_spider(site, tmp_path, source, reactor=reactor, CRAWL4_DISPATCHER="shedding.Shedding")
    assert len({item["url"] for item in crawl.items}) == 4
    assert len(crawl.items) == 4
    assert max(item["left"] for item in crawl.items) == 4
    assert crawl.stats["crawl4/sessions/shed_count"] >= 1
    assert len(site.requests) == 4 + crawl.stats["crawl4/sessions/shed_count"]
    assert "Traceback" not in crawl.log
