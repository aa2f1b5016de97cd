"""DispatchDownloader in real crawls: permits, hosts, delays, the scheduler, the end."""

from itertools import pairwise
from pathlib import Path

import pytest

from .crawling import ended, interrupt, run_spider, running_spider
from .server import Site

EACH_REACTOR = pytest.mark.parametrize("reactor", ["asyncio", "none", "select"])

MANY = """
class TheSpider(Spider):
    name = "many"

    async def start(self):
        for number in range(60):
            yield Request(url(f"/slow/0.05?{number}", host=1 + number % 6))

    def parse(self, response):
        yield {"url": response.url}
"""


@EACH_REACTOR
def test_permits_are_never_exceeded(site: Site, tmp_path: Path, reactor: str) -> None:
    crawl = run_spider(site, tmp_path, MANY, reactor=reactor, CRAWL4_MAX_SESSION_PERMIT=5)
    assert len(crawl.items) == 60
    assert site.peak == 5
    assert crawl.stats["crawl4/sessions/max_in_flight"] == 5
    assert crawl.stats["crawl4/sessions/finished_count"] == 60


def test_concurrent_requests_is_the_number_of_permits(site: Site, tmp_path: Path) -> None:
    crawl = run_spider(site, tmp_path, MANY, CONCURRENT_REQUESTS=3)
    assert len(crawl.items) == 60
    assert site.peak == 3


@pytest.mark.parametrize("settings", [{"CONCURRENT_REQUESTS": 0}, {"CRAWL4_MAX_SESSION_PERMIT": 60}])
@EACH_REACTOR
def test_as_many_are_in_flight_as_permitted(site: Site, tmp_path: Path, reactor: str, settings: dict) -> None:
    source = """
    class TheSpider(Spider):
        name = "free"

        async def start(self):
            for number in range(60):
                yield Request(url(f"/gate/all?{number}", host=1 + number % 6))

        def parse(self, response):
            yield {"url": response.url}
    """
    limit = {"CONCURRENT_REQUESTS_PER_DOMAIN": 10}
    with running_spider(site, tmp_path, source, reactor=reactor, **limit, **settings) as process:
        assert site.wait_active(60)
        site.open_gate("all")
        ended(process)
    assert site.peak == 60


def test_concurrency_per_domain_and_slots_are_kept(site: Site, tmp_path: Path) -> None:
    source = """
    class TheSpider(Spider):
        name = "domains"

        async def start(self):
            for number in range(60):
                yield Request(url(f"/gate/all?{number}", host=1 + number % 6))

        def parse(self, response):
            yield {"url": response.url}
    """
    limits = {
        "CONCURRENT_REQUESTS": 30,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 2,
        "DOWNLOAD_SLOTS": {"127.0.0.3": {"concurrency": 1}, "127.0.0.4": {"concurrency": 4}},
    }
    with running_spider(site, tmp_path, source, **limits) as process:
        assert site.wait_active(2 + 2 + 1 + 4 + 2 + 2)
        site.open_gate("all")
        ended(process)
    assert len(site.requests) == 60
    assert site.peaks == {f"127.0.0.{host}": peak for host, peak in enumerate([2, 2, 1, 4, 2, 2], start=1)}


def gaps(site: Site, host: str) -> list[float]:
    times = [seen.time for seen in site.requests if seen.host == host]
    return [later - earlier for earlier, later in pairwise(times)]


# A request arrives later than it starts, by a little and not always the same: what two arrivals may be closer.
JITTER = 0.08


@EACH_REACTOR
def test_download_delay_is_kept_per_host(site: Site, tmp_path: Path, reactor: str) -> None:
    source = """
    class TheSpider(Spider):
        name = "delayed"

        async def start(self):
            for number in range(8):
                yield Request(url(f"/page/{number}", host=1 + number % 2))

        def parse(self, response):
            yield {"url": response.url}
    """
    delays = {"DOWNLOAD_DELAY": 0.2, "DOWNLOAD_DELAY_JITTER": 0, "DOWNLOAD_SLOTS": {"127.0.0.2": {"delay": 0.4}}}
    crawl = run_spider(site, tmp_path, source, reactor=reactor, **delays)
    assert len(crawl.items) == 8
    assert min(gaps(site, "127.0.0.1")) > 0.2 - JITTER
    assert min(gaps(site, "127.0.0.2")) > 0.4 - JITTER


def test_the_slot_of_the_request_decides(site: Site, tmp_path: Path) -> None:
    source = """
    class TheSpider(Spider):
        name = "slots"

        async def start(self):
            for number in range(12):
                yield Request(url(f"/slow/0.05?{number}", host=1 + number % 3), meta={"download_slot": "ours"})

        def parse(self, response):
            yield {"slot": response.meta["download_slot"]}
    """
    crawl = run_spider(site, tmp_path, source, DOWNLOAD_SLOTS={"ours": {"concurrency": 2}})
    assert [item["slot"] for item in crawl.items] == ["ours"] * 12
    assert site.peak == 2


def test_the_limiters_delay_counts_where_it_is_longer(site: Site, tmp_path: Path) -> None:
    source = """
    class TheSpider(Spider):
        name = "paced"

        async def start(self):
            for number in range(4):
                yield Request(url(f"/page/{number}"))

        def parse(self, response):
            yield {"url": response.url}
    """
    run_spider(site, tmp_path, source, DOWNLOAD_DELAY=0.05, CRAWL4_BASE_DELAY=0.3)
    assert min(gaps(site, "127.0.0.1")) > 0.3 - JITTER


def test_autothrottle_still_sets_the_delay(site: Site, tmp_path: Path) -> None:
    source = """
    class TheSpider(Spider):
        name = "throttled"

        async def start(self):
            for number in range(4):
                yield Request(url(f"/slow/0.3?{number}"))

        def parse(self, response):
            slot = self.crawler.engine.downloader.slots["127.0.0.1"]
            yield {"delay": slot.delay, "kind": type(slot).__name__}
    """
    crawl = run_spider(
        site,
        tmp_path,
        source,
        AUTOTHROTTLE_ENABLED=True,
        AUTOTHROTTLE_START_DELAY=0.6,
        AUTOTHROTTLE_TARGET_CONCURRENCY=1.0,
        DOWNLOAD_DELAY_JITTER=0,
    )
    assert len(crawl.items) == 4
    assert {item["kind"] for item in crawl.items} == {"SemaphoreSlot"}
    assert crawl.items[0]["delay"] < 0.6, "the first answer was quicker than the delay it started with"
    assert gaps(site, "127.0.0.1")[0] > 0.6 - JITTER
    assert min(gaps(site, "127.0.0.1")) > 0.3 - JITTER


SLOW_HOST = """
class TheSpider(Spider):
    name = "slow_host"
    fast = 0

    async def start(self):
        for number in range(400):
            yield Request(url(f"/page/{number}", host=1), cb_kwargs={"host": 1})
        for number in range(300):
            yield Request(url(f"/page/{number}", host=2 + number % 6), cb_kwargs={"host": 2})

    async def parse(self, response, host):
        self.fast += host != 1
        if self.fast == 300:
            self.fast += 1
            controller = self.crawler.engine.downloader.gate.controller
            yield {"waiting": controller.waiting, "scheduled": len(self.crawler.engine.scheduler)}
            raise CloseSpider("enough")
"""


@pytest.mark.parametrize("queue", ["memory", "job"])
def test_a_slow_host_holds_up_no_other_and_stays_in_the_scheduler(site: Site, tmp_path: Path, queue: str) -> None:
    crawl = run_spider(
        site,
        tmp_path,
        SLOW_HOST,
        DOWNLOAD_SLOTS={"127.0.0.1": {"delay": 5.0, "jitter": 0, "concurrency": 4}},
        CONCURRENT_REQUESTS=8,
        **({"JOBDIR": str(tmp_path / "job")} if queue == "job" else {}),
    )
    assert crawl.stats["finish_reason"] == "enough"
    hosts = [seen.host for seen in site.requests]
    assert len(hosts) - hosts.count("127.0.0.1") == 300
    # At 5 s a page it would have been 2,000 s; the slow host had a few turns meanwhile.
    assert hosts.count("127.0.0.1") < 10
    (seen,) = crawl.items
    assert seen["waiting"] <= 16, "requests that cannot start are left in the scheduler"
    assert seen["scheduled"] > 350


def test_a_job_goes_on_with_what_was_waiting(site: Site, tmp_path: Path) -> None:
    source = """
    class TheSpider(Spider):
        name = "job"

        async def start(self):
            for number in range(12):
                yield Request(url(f"/page/{number}"), dont_filter=False)

        async def parse(self, response):
            yield {"url": response.url}
            if self.crawler.settings.getbool("STOP_EARLY"):
                raise CloseSpider("early")
    """
    job = {"JOBDIR": str(tmp_path / "job")}
    delay = {"DOWNLOAD_DELAY": 30, "DOWNLOAD_DELAY_JITTER": 0}
    first = run_spider(site, tmp_path, source, STOP_EARLY=True, **job, **delay)
    assert len(first.items) == 1
    assert first.stats["finish_reason"] == "early"
    second = run_spider(site, tmp_path, source, **job)
    assert len(second.items) == 11
    assert sorted(site.paths()) == sorted(f"/page/{number}" for number in range(12))


def test_what_a_callback_waits_for_is_fetched_while_the_crawl_closes(site: Site, tmp_path: Path) -> None:
    source = """
    class TheSpider(Spider):
        name = "closing"

        async def start(self):
            yield Request(url("/page/0"), callback=self.waits)
            yield Request(url("/page/1", host=2), callback=self.closes)

        async def waits(self, response):
            other = await self.crawler.engine.download_async(Request(url("/page/2")))
            yield {"other": other.url}

        async def closes(self, response):
            while not self.crawler.engine.downloader.gate.controller.waiting:
                await asyncio.sleep(0.01)
            raise CloseSpider("early")
            yield
    """
    crawl = run_spider(site, tmp_path, source, DOWNLOAD_SLOTS={"127.0.0.1": {"delay": 4, "jitter": 0}})
    assert crawl.items == [{"other": site.url("/page/2")}]
    assert crawl.stats["finish_reason"] == "early"


def test_another_queue_is_read_ahead_up_to_the_bound(site: Site, tmp_path: Path) -> None:
    source = """
    class TheSpider(Spider):
        name = "plain_queue"

        async def start(self):
            for number in range(100):
                yield Request(url(f"/gate/all?{number}"))
            engine = self.crawler.engine
            while engine.downloader.gate.controller.waiting < 20:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            yield {"waiting": engine.downloader.gate.controller.waiting, "scheduled": len(engine.scheduler)}
            await engine.download_async(Request(url("/page/0", host=2)))

        def parse(self, response):
            yield {"url": response.url}
    """
    settings = {
        "CRAWL4_LOOKAHEAD": 20,
        "SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.ScrapyPriorityQueue",
        "CONCURRENT_REQUESTS": 50,
    }
    with running_spider(site, tmp_path, source, **settings) as process:
        assert site.wait_for(lambda site: "/page/0" in site.paths())
        site.open_gate("all")
        crawl = ended(process)
    assert crawl.items[0] == {"waiting": 20, "scheduled": 72}
    assert len(crawl.items) == 101


@EACH_REACTOR
def test_ctrl_c_ends_a_crawl_whose_host_is_slow(site: Site, tmp_path: Path, reactor: str) -> None:
    source = """
    class TheSpider(Spider):
        name = "interrupted"

        async def start(self):
            for number in range(50):
                yield Request(url(f"/page/{number}"))

        def parse(self, response):
            yield {"url": response.url}
    """
    patience = {"DOWNLOAD_DELAY": 60, "DOWNLOAD_DELAY_JITTER": 0, "CONCURRENT_REQUESTS": 16}
    with running_spider(site, tmp_path, source, reactor=reactor, **patience) as process:
        assert site.wait_for(lambda site: len(site.requests) == 1 and site.active == 0)
        crawl = interrupt(process)
    assert crawl.stats["finish_reason"] == "shutdown"
    assert len(site.requests) == 1
    assert "Traceback" not in crawl.log
    assert "ERROR" not in crawl.log


def test_files_and_data_wait_for_no_host(site: Site, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>a file</p>")
    source = f"""
    class TheSpider(Spider):
        name = "local"

        async def start(self):
            for number in range(10):
                yield Request("{page.as_uri()}?" + str(number))
                yield Request(f"data:text/html,<p>{{number}}")

        def parse(self, response):
            yield {{"text": response.css("p::text").get()}}
    """
    crawl = run_spider(site, tmp_path, source, DOWNLOAD_DELAY=60)
    assert len(crawl.items) == 20
    assert {item["text"] for item in crawl.items} == {"a file", *map(str, range(10))}


CANCELLED = """
class TheSpider(Spider):
    name = "cancelled"

    async def start(self):
        yield Request(url("/page/0", host=5))

    async def parse(self, response):
        engine = self.crawler.engine
        gate = engine.downloader.gate
        tasks = [asyncio.ensure_future(engine.download_async(Request(url(f"/hang?{n}")))) for n in range(6)]
        while gate.controller.waiting < 4:
            await asyncio.sleep(0.01)
        before = [gate.controller.in_flight, gate.controller.waiting]
        for task in tasks[1:]:
            task.cancel()
        await asyncio.wait(tasks[1:])
        await asyncio.sleep(0.05)
        middle = [gate.controller.in_flight, gate.controller.waiting]
        tasks[0].cancel()
        await asyncio.wait(tasks)
        await asyncio.sleep(0.05)
        slot = engine.downloader.slots["127.0.0.1"]
        yield {
            "before": before,
            "middle": middle,
            "after": [gate.controller.in_flight, gate.controller.waiting],
            "slot": [len(slot.active), len(slot.transferring), len(slot.queue)],
            "cancelled": [task.cancelled() for task in tasks],
        }
"""


@pytest.mark.parametrize("reactor", ["asyncio", "none"])
def test_cancelling_ends_waits_and_transfers(site: Site, tmp_path: Path, reactor: str) -> None:
    crawl = run_spider(site, tmp_path, CANCELLED, reactor=reactor, CONCURRENT_REQUESTS_PER_DOMAIN=2)
    (seen,) = crawl.items
    assert seen["before"] == [2, 4]
    assert seen["middle"] == [1, 0]
    assert seen["after"] == [0, 0]
    assert seen["slot"] == [0, 0, 0]
    assert all(seen["cancelled"])
    assert site.wait_active(0), "the server saw the connections end"
    assert "Traceback" not in crawl.log


def test_slots_say_what_scrapys_slots_say(site: Site, tmp_path: Path) -> None:
    source = """
    class TheSpider(Spider):
        name = "slots"

        async def start(self):
            yield Request(url("/page/0", host=5))

        async def parse(self, response):
            engine = self.crawler.engine
            tasks = [asyncio.ensure_future(engine.download_async(Request(url(f"/gate/open?{n}")))) for n in range(5)]
            while engine.downloader.gate.controller.waiting < 3:
                await asyncio.sleep(0.01)
            slot = engine.downloader.slots["127.0.0.1"]
            yield {
                "active": len(slot.active),
                "transferring": len(slot.transferring),
                "free": slot.free_transfer_slots(),
                "lastseen": time.monotonic() - slot.lastseen < 60,
                "text": str(slot).startswith("<downloader.Slot concurrency=2"),
            }
            await engine.download_async(Request(url("/page/1", host=5)))
            await asyncio.gather(*tasks)
    """
    with running_spider(site, tmp_path, source, CONCURRENT_REQUESTS_PER_DOMAIN=2, CONCURRENT_REQUESTS=3) as process:
        assert site.wait_for(lambda site: "/page/1" in site.paths())
        site.open_gate("open")
        crawl = ended(process)
    assert crawl.items == [{"active": 5, "transferring": 2, "free": 0, "lastseen": True, "text": True}]


@pytest.mark.parametrize("after", [0, 2])
def test_a_dispatcher_that_fails_ends_the_crawl_with_a_sentence(site: Site, tmp_path: Path, after: int) -> None:
    (tmp_path / "broken.py").write_text(
        "from scrapy_crawl4.dispatch import BaseDispatcher\n"
        "class Broken(BaseDispatcher):\n"
        "    def permits(self, load):\n"
        f"        if load.done >= {after}:\n"
        "            raise RuntimeError('no idea')\n"
        "        return 1\n"
    )
    source = """
    class TheSpider(Spider):
        name = "broken"

        async def start(self):
            for number in range(5):
                yield Request(url(f"/page/{number}"))

        def parse(self, response):
            yield {"url": response.url}
    """
    crawl = run_spider(site, tmp_path, source, CRAWL4_DISPATCHER="broken.Broken")
    assert "ERROR: The dispatcher Broken failed: RuntimeError: no idea." in crawl.log
    assert crawl.stats["finish_reason"] == "crawl4_no_permits"
    assert len(site.requests) == after
    assert "Traceback" not in crawl.log


def test_a_dispatcher_of_ten_lines_decides(site: Site, tmp_path: Path) -> None:
    (tmp_path / "halves.py").write_text(
        "from scrapy_crawl4.dispatch import BaseDispatcher\n"
        "class TwoThenFour(BaseDispatcher):\n"
        "    def permits(self, load):\n"
        "        return 2 if load.done < 30 else 4\n"
    )
    crawl = run_spider(site, tmp_path, MANY, CRAWL4_DISPATCHER="halves.TwoThenFour")
    assert len(crawl.items) == 60
    assert site.peak == 4
    starts = [seen.time for seen in site.requests]
    assert len(starts) == 60


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"CRAWL4_DISPATCHER": "no.such.Dispatcher"},
            "CRAWL4_DISPATCHER: 'no.such.Dispatcher' cannot be imported; give the path of a dispatcher",
        ),
        ({"CRAWL4_DISPATCHER": "json.JSONDecoder"}, "CRAWL4_DISPATCHER must be a subclass of BaseDispatcher"),
        ({"CRAWL4_MAX_SESSION_PERMIT": 0}, "CRAWL4_MAX_SESSION_PERMIT"),
        ({"CRAWL4_MAX_SESSION_PERMITS": 3}, "CRAWL4_MAX_SESSION_PERMITS is not a setting; did you mean"),
    ],
)
def test_bad_settings_are_named_before_any_request(site: Site, tmp_path: Path, settings: dict, sentence: str) -> None:
    crawl = run_spider(site, tmp_path, MANY, **settings)
    assert sentence in crawl.log
    assert site.requests == []


DIRECT = """
class TheSpider(Spider):
    name = "direct"
    custom_settings = {"DOWNLOAD_SLOTS": {"127.0.0.1": {"delay": 600}}}

    async def start(self):
        downloader = self.crawler.engine.downloader
        counts = {}
        watched = "request_reached_downloader response_downloaded request_left_downloader response_received"
        for name in watched.split():
            def count(name=name):
                counts[name] = counts.get(name, 0) + 1
            counts[name + " handler"] = count
            self.crawler.signals.connect(count, getattr(signals, name))
        asked = Request(url("/redirect/2"))
        response = await downloader.download(asked)
        hanging = [asyncio.ensure_future(downloader.download(Request(url("/hang")))) for _ in range(3)]
        await asyncio.sleep(0)
        while len(downloader.active) < 3:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        for task in hanging:
            task.cancel()
        await asyncio.wait(hanging)
        failed = await asyncio.gather(downloader.download(Request(url("/reset"))), return_exceptions=True)
        yield {
            "url": response.url,
            "request": response.request.url,
            "redirects": response.request.meta["redirect_urls"],
            "cancelled": [task.cancelled() for task in hanging],
            "active": len(downloader.active),
            "slots": list(downloader.slots),
            "failed": type(failed[0]).__name__,
            "counts": {name: number for name, number in counts.items() if isinstance(number, int)},
        }
"""


@pytest.mark.parametrize("reactor", ["asyncio", "none"])
def test_download_waits_for_nobody_and_follows_redirects(site: Site, tmp_path: Path, reactor: str) -> None:
    crawl = run_spider(site, tmp_path, DIRECT, reactor=reactor, RETRY_ENABLED=False)
    assert crawl.items == [
        {
            "url": site.url("/page/0"),
            "request": site.url("/page/0"),
            "redirects": [site.url("/redirect/2"), site.url("/redirect/1")],
            "cancelled": [True] * 3,
            "active": 0,
            "slots": [],
            "failed": "DownloadFailedError",
            "counts": {
                "request_reached_downloader": 7,
                "response_downloaded": 3,
                "request_left_downloader": 7,
                "response_received": 1,
            },
        }
    ]
    assert site.paths().count("/hang") == 3
    assert site.wait_active(0)
