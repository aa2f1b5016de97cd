"""Scrapy behind the facade: item pipelines, feeds, signals and settings of runs of URLs, and spiders of one's own."""

import asyncio
import csv
import json
import logging
from contextlib import aclosing
from itertools import pairwise
from types import SimpleNamespace

import pytest
import scrapy
from scrapy import signals
from scrapy.exceptions import CloseSpider, DropItem

from scrapy_crawl4 import (
    AsyncWebCrawler,
    Crawl4Error,
    CrawlCancelled,
    CrawlerRunConfig,
    CrawlResult,
    CrawlTask,
    EngineError,
    SemaphoreDispatcher,
)
from scrapy_crawl4.facade.run_middleware import RunMiddleware

from .test_bridge import HEAD
from .test_bridge import run as run_program

FAST = SemaphoreDispatcher(4)
FIELDS = ["index", "url", "success", "status_code", "error_message"]


@pytest.fixture(autouse=True)
def quiet():
    """Spare the reports what pipelines and spiders of these tests raise on purpose."""
    logger = logging.getLogger("scrapy")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


# Items of runs of URLs


async def test_feeds_are_complete_when_the_crawler_is_closed(site, tmp_path):
    options = {"fields": FIELDS, "overwrite": True}
    feeds = {tmp_path / f"pages.{kind}": {"format": kind, **options} for kind in ("jsonlines", "json", "csv")}
    async with AsyncWebCrawler(settings={"FEEDS": feeds}) as crawler:
        results = await crawler.arun_many([*site.urls(3), site.url("/status/404"), None, "ftp://x/"], dispatcher=FAST)
        one = await crawler.arun(site.url("/page/9"))
    expected = sorted((result.index, result.url, result.success) for result in [*results, one])
    lines = [json.loads(line) for line in (tmp_path / "pages.jsonlines").read_text().splitlines()]
    whole = json.loads((tmp_path / "pages.json").read_text())
    with (tmp_path / "pages.csv").open() as file:
        rows = list(csv.DictReader(file))
    for found in (lines, whole):
        assert sorted((item["index"], item["url"], item["success"]) for item in found) == expected
    assert sorted((int(row["index"]), row["url"], row["success"] == "True") for row in rows) == expected
    assert [result.success for result in results] == [True, True, True, False, False, False]


async def test_a_feed_has_the_content_of_pages(site, tmp_path):
    path = tmp_path / "pages.jsonl"
    async with AsyncWebCrawler(settings={"FEEDS": {path: {"format": "jsonlines"}}}) as crawler:
        result = await crawler.arun(site.url("/page/1"))
    item = json.loads(path.read_text())
    assert item["html"] == result.html
    assert item["markdown"] == result.markdown
    assert "Page 1" in item["markdown"]
    assert item["links"]["internal"]


async def test_no_run_of_urls_no_feed(site, tmp_path):
    path = tmp_path / "pages.json"
    path.write_text("mine")
    feeds = {path: {"format": "json", "overwrite": True, "store_empty": True}}
    async with AsyncWebCrawler(settings={"FEEDS": feeds}) as crawler:
        assert crawler.ready
    assert path.read_text() == "mine"


class Told:
    """What pipelines and extensions of a test were told; made for each test."""

    def __init__(self):
        self.seen = []
        self.stats = {}


def pipeline(function):
    """A pipeline class whose process_item is `function`."""
    return type("ThePipeline", (), {"process_item": staticmethod(function)})


async def crawled_through(site, function, *, settings=(), urls=None):
    """The results of three pages that went through the pipeline `function`."""
    pipelines = {"ITEM_PIPELINES": {pipeline(function): 300}, **dict(settings)}
    async with AsyncWebCrawler(settings=pipelines) as crawler:
        run = crawler.arun_many(urls or site.urls(3), dispatcher=FAST)
        results = await run
        assert run.progress.done == len(results)
        assert run.progress.failed == sum(not result.success for result in results)
        return results


def changed(item):
    item.metadata = {"seen": item.url}
    return item


async def changed_later(item):
    await asyncio.sleep(0)
    return changed(item)


@pytest.mark.parametrize("function", [changed, changed_later])
async def test_what_a_pipeline_changes_is_in_the_result(site, function):
    for result in await crawled_through(site, function):
        assert result.metadata == {"seen": result.url}
        assert result.success


async def test_dropped_results_are_failed_ones(site):
    def drop(item):
        if item.url.endswith(("/1", "/404")):
            raise DropItem("no odd pages.")
        return item

    urls = [*site.urls(3), site.url("/status/404")]
    results = await crawled_through(site, drop, urls=urls)
    assert [(result.index, result.url, result.success) for result in results] == [
        (index, url, index in {0, 2}) for index, url in enumerate(urls)
    ]
    assert results[1].error_message == "Dropped by an item pipeline: no odd pages."
    assert results[1].html
    assert results[3].error_message == "HTTP 404 Not Found. Dropped by an item pipeline: no odd pages."


@pytest.mark.parametrize("error", [ValueError("no room"), SystemExit("no room"), asyncio.CancelledError("no room")])
async def test_an_error_of_a_pipeline_is_one_failed_result(site, error):
    async def fail(item):
        if item.index == 1:
            raise error
        return item

    results = await crawled_through(site, fail)
    assert [result.success for result in results] == [True, False, True]
    assert results[1].error_message.startswith("An item pipeline failed: ")
    assert "\n" not in results[1].error_message


async def test_a_pipeline_may_give_another_result_or_another_item(site, tmp_path):
    def replace(item):
        if item.index == 0:
            return CrawlResult(url="other:", html="<p>Other</p>", success=True)
        return {"address": item.url} if item.index == 1 else item

    path = tmp_path / "items.jsonl"
    feeds = {path: {"format": "jsonlines", "fields": ["url", "address"]}}
    results = await crawled_through(site, replace, settings={"FEEDS": feeds})
    assert [(result.index, result.url) for result in results] == [
        (0, "other:"),
        (1, site.url("/page/1")),
        (2, site.url("/page/2")),
    ]
    assert all(result.dispatch_result is not None for result in results)
    items = [json.loads(line) for line in path.read_text().splitlines()]
    assert {"address": site.url("/page/1")} in [{k: v for k, v in item.items() if k == "address"} for item in items]


def extension(told):
    """An extension that notes item signals and, at the end, the stats."""

    class Extension:
        @classmethod
        def from_crawler(cls, crawler):
            self = cls()
            self.stats = crawler.stats
            for name in ("item_scraped", "item_dropped", "item_error"):
                crawler.signals.connect(getattr(self, name), getattr(signals, name))
            crawler.signals.connect(self.spider_closed, signals.spider_closed)
            return self

        async def item_scraped(self, item, spider):
            await asyncio.sleep(0)
            told.seen.append(("scraped", getattr(item, "url", ""), spider.name))

        def item_dropped(self, item, exception):
            told.seen.append(("dropped", item.url, str(exception)))

        def item_error(self, item, failure):
            told.seen.append(("error", item.url, failure.type.__name__))

        def spider_closed(self):
            told.stats |= self.stats.get_stats()

    return Extension


async def test_item_signals_and_stats_are_scrapys(site):
    def judge(item):
        if item.url.endswith("/1"):
            raise DropItem("one")
        if item.url.endswith("/2"):
            raise KeyError("two")
        return item

    told = Told()
    await crawled_through(site, judge, settings={"EXTENSIONS": {extension(told): 10}})
    assert sorted(told.seen) == [
        ("dropped", site.url("/page/1"), "one"),
        ("error", site.url("/page/2"), "KeyError"),
        ("scraped", site.url("/page/0"), "crawl4"),
    ]
    assert told.stats["item_scraped_count"] == 1
    assert told.stats["item_dropped_count"] == 1
    assert told.stats["crawl4/results/success_count"] == 1
    assert told.stats["crawl4/results/failed_count"] == 2


async def test_an_extension_alone_is_told_of_items(site):
    told = Told()
    async with AsyncWebCrawler(settings={"EXTENSIONS": {extension(told): 10}}) as crawler:
        await crawler.arun_many(site.urls(2))
    assert [name for name, *_ in told.seen] == ["scraped"] * 2


async def test_a_slow_pipeline_holds_the_run_back_and_is_waited_for(site):
    inside, open_gate, ended = asyncio.Queue(), [], []

    async def wait(item):
        loop, gate = asyncio.get_running_loop(), asyncio.Event()
        open_gate.append(lambda: loop.call_soon_threadsafe(gate.set))
        home.call_soon_threadsafe(inside.put_nowait, item.index)
        await gate.wait()
        ended.append(item.index)
        return item

    home = asyncio.get_running_loop()
    crawler = AsyncWebCrawler(settings={"ITEM_PIPELINES": {pipeline(wait): 1}})
    async with crawler:
        run = crawler.arun_many((site.url(f"/page/{n}") for n in range(10**9)), dispatcher=SemaphoreDispatcher(2))
        taking = asyncio.ensure_future(anext(run))
        for _ in range(4):  # two in flight, and as many again that wait to be taken
            await inside.get()
        assert len(site.requests) <= 4 + 2
        open_gate[0]()
        assert (await taking).success
        closing = asyncio.ensure_future(run.aclose())
        while not closing.done():
            for let_go in tuple(open_gate):
                let_go()
            await asyncio.sleep(0.001)
        await closing
    assert sorted(ended) == list(range(len(ended)))


# Settings of runs of URLs


async def test_scrapys_settings_give_configs_their_defaults(site):
    site.set_robots("User-agent: *\nDisallow: /page/1")
    settings = {"ROBOTSTXT_OBEY": True, "RETRY_TIMES": 1, "DOWNLOAD_TIMEOUT": 50}
    own = CrawlTask(site.url("/page/1"), config=CrawlerRunConfig(check_robots_txt=False))
    other = CrawlTask(site.url("/page/1?other"), config=CrawlerRunConfig(method="GET"))
    async with AsyncWebCrawler(settings=settings) as crawler:
        results = await crawler.arun_many([*site.urls(2), own, other, site.url("/status/500")], dispatcher=FAST)
        assert (await crawler.arun(site.url("/page/1"), check_robots_txt=False)).success
    assert [result.status_code for result in results] == [200, 403, 200, 403, 500]
    assert site.paths().count("/status/500") == 2
    async with AsyncWebCrawler(settings={"RETRY_ENABLED": False, "RETRY_TIMES": 5}) as crawler:
        await crawler.arun(site.url("/status/502"))
    assert site.paths().count("/status/502") == 1


async def test_download_timeout_is_the_page_timeout(site):
    async with AsyncWebCrawler(settings={"DOWNLOAD_TIMEOUT": 0.2}) as crawler:
        result = await crawler.arun(site.url("/hang"))
    assert "page_timeout" in result.error_message


async def test_limits_of_downloader_slots_are_those_of_hosts(site):
    settings = {"CONCURRENT_REQUESTS_PER_DOMAIN": 2, "DOWNLOAD_SLOTS": {"127.0.0.2": {"concurrency": 1, "delay": 0}}}
    async with AsyncWebCrawler(settings=settings) as crawler:
        urls = [site.url("/slow/0.05", host=host) for host in (1, 2, 3) for _ in range(4)]
        await crawler.arun_many(urls, dispatcher=SemaphoreDispatcher(12))
    assert site.peaks == {"127.0.0.1": 2, "127.0.0.2": 1, "127.0.0.3": 2}


async def test_download_delay_is_kept_by_each_host(site):
    settings = {"DOWNLOAD_DELAY": 0.2, "DOWNLOAD_DELAY_JITTER": 0}
    async with AsyncWebCrawler(settings=settings) as crawler:
        results = await crawler.arun_many(site.urls(3), dispatcher=SemaphoreDispatcher(3))
    starts = sorted(result.dispatch_result.start_time for result in results)
    # Both clocks are the engine's own; they may be adjusted against each other.
    assert all(later - earlier > 0.15 for earlier, later in pairwise(starts))


async def test_concurrent_requests_is_the_number_of_permits(site):
    async with AsyncWebCrawler(settings={"CONCURRENT_REQUESTS": 3}) as crawler:
        run = crawler.arun_many([site.url("/hang")] * 5, stream=True)
        await run
        assert await asyncio.to_thread(site.wait_active, 3)
        assert run.progress.in_flight == 3
        site.release()
        assert len([result async for result in run]) == 5
    assert site.peak == 3


async def test_a_projects_settings_may_be_given(site):
    project = scrapy.settings.Settings({"USER_AGENT": "project/1", "LOG_LEVEL": "INFO", "CONCURRENT_REQUESTS": 2})
    async with AsyncWebCrawler(settings=project) as crawler:
        result = await crawler.arun(site.url("/echo"))
    assert "project/1" in result.html
    assert crawler._settings.keys() >= {"USER_AGENT", "CONCURRENT_REQUESTS"}
    assert "TELNETCONSOLE_ENABLED" not in crawler._settings


async def test_the_add_on_among_the_settings_changes_nothing(site):
    told = Told()
    settings = {"ADDONS": {"scrapy_crawl4.Addon": 500}, "EXTENSIONS": {extension(told): 1}}
    async with AsyncWebCrawler(settings=settings) as crawler:
        await crawler.arun_many([*site.urls(2), site.url("/status/500")], dispatcher=FAST)
        assert crawler._engine.crawler.engine.scraper.itemproc.middlewares == ()
    assert told.stats["crawl4/results/success_count"] == 2


# Spiders


class PagesSpider(scrapy.Spider):
    """Yields a result, or a dict where asked, for each of its URLs."""

    name = "pages"

    def __init__(self, urls=(), *, plain=False, **kwargs):
        super().__init__(**kwargs)
        self.start_urls = list(urls)
        self.plain = plain

    def parse(self, response):
        if self.plain:
            yield {"title": response.css("title::text").get(), "by": self.settings.get("USER_AGENT")}
        else:
            yield CrawlResult.from_response(response)


class CountSpider(scrapy.Spider):
    """Yields numbers without end, from start() or from a callback."""

    name = "count"

    def __init__(self, url=None, **kwargs):
        super().__init__(**kwargs)
        self.url = url
        self.made = []

    async def start(self):
        if self.url is not None:
            yield scrapy.Request(self.url)
            return
        for item in self.numbers():
            yield item

    def parse(self, response):
        yield from self.numbers()

    def numbers(self):
        number = 0
        while True:
            self.settings["MADE"].append(number)
            yield {"number": number}
            number += 1


class Made(list):
    """A list that stays the same list in copies of settings."""

    def __deepcopy__(self, memo):
        return self


async def test_a_spider_gives_a_list(site):
    async with AsyncWebCrawler() as crawler:
        run = crawler.crawl(PagesSpider, site.urls(4))
        results = await run
        assert await run is results
    assert [result.index for result in results] == [0, 1, 2, 3]
    assert sorted(result.url for result in results) == site.urls(4)
    assert all(result.success and "Page" in result.markdown and result.links["internal"] for result in results)
    assert (run.progress.done, run.progress.in_flight, run.progress.waiting) == (4, 0, 0)


async def test_items_of_other_types_are_results_with_their_page(site):
    async with AsyncWebCrawler(settings={"USER_AGENT": "mine/1"}) as crawler:
        (result,) = await crawler.crawl(PagesSpider, site.urls(1), plain=True)
    assert result.url == site.url("/page/0")
    assert json.loads(result.extracted_content) == [{"title": "Page 0", "by": "mine/1"}]


async def test_what_is_no_item_is_a_failed_result(site):
    class Odd(PagesSpider):
        def parse(self, response):
            yield "a string"

    async with AsyncWebCrawler() as crawler:
        (result,) = await crawler.crawl(Odd, site.urls(1))
    assert not result.success
    assert "no result" in result.error_message


async def test_custom_settings_pipelines_and_feeds_of_a_spider(site, tmp_path):
    class Custom(PagesSpider):
        custom_settings = {  # noqa: RUF012 - as Scrapy has it
            "USER_AGENT": "custom/1",
            "ITEM_PIPELINES": {pipeline(lambda item: {**item, "piped": True}): 10},
            "SPIDER_MIDDLEWARES": {},
        }

    path = tmp_path / "items.json"
    settings = {"USER_AGENT": "mine/1", "FEEDS": {path: {"format": "json"}}, "ITEM_PIPELINES": {"no.such": 1}}
    async with AsyncWebCrawler(settings=settings) as crawler:
        results = await crawler.crawl(Custom, site.urls(2), plain=True)
    expected = [{"title": f"Page {n}", "by": "custom/1", "piped": True} for n in range(2)]
    assert sorted((json.loads(result.extracted_content)[0] for result in results), key=str) == expected
    assert sorted(json.loads(path.read_text()), key=str) == expected


@pytest.mark.parametrize("kind", ["start", "callback"])
@pytest.mark.parametrize("end", ["aclose", "break", "cancel", "close"])
async def test_an_endless_spider_waits_for_its_consumer_and_ends_with_it(site, kind, end):
    made = Made()
    arguments = {} if kind == "start" else {"url": site.url("/page/1")}
    crawler = AsyncWebCrawler(settings={"MADE": made, "CRAWL4_LOOKAHEAD": 5, "CONCURRENT_ITEMS": 3})
    await crawler.start()
    run = crawler.crawl(CountSpider, **arguments)
    taken = [(await anext(run)).index for _ in range(20)]
    assert taken == list(range(20))
    # Those taken, those that wait, and three times CONCURRENT_ITEMS that the scraper has in work and in a queue.
    assert len(made) <= 20 + 5 + 3 * 3 + 3
    if end == "break":
        async with aclosing(run):
            async for _ in run:
                break
    elif end == "cancel":

        async def drain():
            async for _ in run:
                pass

        task = asyncio.ensure_future(drain())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    elif end == "aclose":
        await run.aclose()
    await crawler.close()
    count = len(made)
    assert crawler._engine.runs == set()
    await asyncio.sleep(0)
    assert len(made) == count


async def test_ending_a_run_ends_transfers_that_hang(site):
    async with AsyncWebCrawler() as crawler:
        run = crawler.crawl(PagesSpider, [site.url("/page/1"), *[site.url(f"/hang?{n}") for n in range(3)]])
        assert (await anext(run)).success
        assert await asyncio.to_thread(site.wait_active, 3)
        assert run.progress.in_flight == 3
        await run.aclose()
        assert run.progress.in_flight == 0
        assert site.wait_for(lambda site: site.active == 0)


async def test_ending_a_run_ends_callbacks_and_starts_that_wait(site):
    ended = []

    class Waits(PagesSpider):
        async def start(self):
            yield scrapy.Request(self.start_urls[0])
            await asyncio.Event().wait()

        async def parse(self, response):
            async with asyncio.timeout(1000):
                yield {"url": response.url}
                try:
                    await asyncio.Event().wait()
                finally:
                    ended.append(response.url)

    async with AsyncWebCrawler() as crawler:
        async with crawler.crawl(Waits, site.urls(1)) as run:
            assert (await anext(run)).success
        assert ended == site.urls(1)


async def test_output_ends_whenever_its_reader_is_cancelled():
    async def numbers():
        for number in range(3):
            yield number

    run = SimpleNamespace(readers=set(), cut_short=False)
    output = RunMiddleware(run).process_spider_output_async(None, numbers())
    first = asyncio.ensure_future(anext(output, None))
    await asyncio.sleep(0)
    (reader,) = run.readers
    reader.cancel()  # it has not made its first step
    assert await first is None
    assert run.readers == set()


async def test_errors_and_returns_of_async_callbacks_are_as_ever(site):
    class Later(PagesSpider):
        async def parse(self, response):
            yield {"url": response.url}
            yield response.follow("/page/9", callback=self.parse_list)
            raise ValueError("half-way")

        async def parse_list(self, response):
            return [{"url": response.url}]

    told = Told()
    async with AsyncWebCrawler(settings={"EXTENSIONS": {extension(told): 1}}) as crawler:
        results = await crawler.crawl(Later, site.urls(1))
    assert [result.url for result in results] == [site.url("/page/0"), site.url("/page/9")]
    assert told.stats["spider_exceptions/ValueError"] == 1


async def test_closing_while_a_spider_opens_leaves_nothing(site):
    opening = asyncio.Event()
    home = asyncio.get_running_loop()

    class SlowPipeline:
        async def open_spider(self):
            home.call_soon_threadsafe(opening.set)
            await asyncio.sleep(0.05)

        def process_item(self, item):
            return item

    crawler = AsyncWebCrawler(settings={"ITEM_PIPELINES": {SlowPipeline: 1}})
    await crawler.start()
    taking = asyncio.ensure_future(anext(crawler.crawl(PagesSpider, site.urls(2))))
    await opening.wait()
    await crawler.close()
    with pytest.raises(CrawlCancelled, match="closed before this run ended"):
        await taking

    async def left():
        return [task for task in asyncio.all_tasks() if "AsyncioLoopingCall" in repr(task)]

    assert await crawler._engine.home.run(left()) == []


async def test_a_spider_that_cannot_start_is_one_sentence(site):
    class Broken(PagesSpider):
        custom_settings = {"DOWNLOADER_MIDDLEWARES": {"no.such.Middleware": 1}}  # noqa: RUF012 - as Scrapy has it

    class OtherReactor(PagesSpider):
        custom_settings = {  # noqa: RUF012 - as Scrapy has it
            "TWISTED_REACTOR": "twisted.internet.selectreactor.SelectReactor"
        }

    class Nameless(scrapy.Spider):
        pass

    async with AsyncWebCrawler() as crawler:
        for spider in (Broken, OtherReactor, Nameless):
            with pytest.raises(EngineError, match=r"^The spider could not start: [^\n]+$"):
                await crawler.crawl(spider)
        with pytest.raises(EngineError, match="unexpected keyword argument"):
            await crawler.crawl(CountSpiderOfOne, bogus=1)
        assert len(await crawler.crawl(PagesSpider, site.urls(1))) == 1


class CountSpiderOfOne(scrapy.Spider):
    """Takes no arguments."""

    name = "one"

    def __init__(self):
        super().__init__()


async def test_an_error_of_start_comes_behind_the_results(site):
    class Falls(PagesSpider):
        async def start(self):
            yield scrapy.Request(site.url("/page/1"))
            raise LookupError("the list has ended")

    async with AsyncWebCrawler() as crawler:
        run = crawler.crawl(Falls)
        assert (await anext(run)).success
        with pytest.raises(Crawl4Error, match=r"start\(\) failed: LookupError: the list has ended\."):
            await anext(run)
        with pytest.raises(Crawl4Error):
            await crawler.crawl(Falls)


async def test_errors_of_callbacks_and_an_end_of_the_spiders_own_are_no_errors_of_the_run(site):
    class Mixed(PagesSpider):
        def parse(self, response):
            if response.url.endswith("/0"):
                raise ValueError("no such thing")
            if response.url.endswith("/1"):
                yield {"url": response.url}
                raise CloseSpider("enough")

    async with AsyncWebCrawler() as crawler:
        assert [result.url for result in await crawler.crawl(Mixed, site.urls(2))] == [site.url("/page/1")]


async def test_several_spiders_beside_runs_of_urls(site):
    async with AsyncWebCrawler() as crawler:
        runs = [crawler.crawl(PagesSpider, site.urls(5, path=f"/page/{n}{{}}"), dispatcher=FAST) for n in (1, 2)]
        *spiders, many = await asyncio.gather(*runs, crawler.arun_many(site.urls(5), dispatcher=FAST))
    for number, results in enumerate(spiders, 1):
        assert sorted(result.url for result in results) == [site.url(f"/page/{number}{n}") for n in range(5)]
        assert [result.index for result in results] == list(range(5))
    assert [result.url for result in many] == site.urls(5)


async def test_a_dispatcher_of_the_run(site):
    async with AsyncWebCrawler(settings={"CONCURRENT_REQUESTS_PER_DOMAIN": 8}) as crawler:
        urls = [site.url(f"/slow/0.02?{n}") for n in range(6)]
        assert len(await crawler.crawl(PagesSpider, urls, dispatcher=SemaphoreDispatcher(2))) == 6
        assert site.peak == 2
        with pytest.raises(TypeError, match="dispatcher"):
            crawler.crawl(PagesSpider, dispatcher="two")


async def test_a_job_goes_on_with_what_was_left(site, tmp_path):
    class Once(PagesSpider):
        async def start(self):
            for url in self.start_urls:
                yield scrapy.Request(url)

    urls = [*site.urls(3), site.url("/hang"), site.url("/page/8"), site.url("/page/9")]
    feed = tmp_path / "out.jsonl"
    settings = {"JOBDIR": str(tmp_path / "job"), "CONCURRENT_REQUESTS": 1, "FEEDS": {feed: {"format": "jsonlines"}}}
    async with AsyncWebCrawler(settings=settings) as crawler, crawler.crawl(Once, urls) as run:
        assert (await anext(run)).success
        assert await asyncio.to_thread(site.wait_for, lambda site: "/hang" in site.paths())
    finished = {site.url(path) for path in site.paths()} - {site.url("/hang")}
    assert len(finished) >= 3
    site.reset()
    site.release()
    async with AsyncWebCrawler(settings=settings) as crawler:
        results = await crawler.crawl(Once, urls)
    assert sorted(result.url for result in results) == sorted(set(urls) - finished)
    assert sorted(json.loads(line)["url"] for line in feed.read_text().splitlines()) == sorted(urls)


async def test_spiders_by_name_and_what_is_no_spider(tmp_path, monkeypatch, site):
    (tmp_path / "named_spiders.py").write_text(
        "import scrapy\nclass Named(scrapy.Spider):\n    name = 'named'\n"
        "    async def start(self):\n        yield {'a': 1}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    async with AsyncWebCrawler(settings={"SPIDER_MODULES": ["named_spiders"]}) as crawler:
        assert len(await crawler.crawl("named")) == 1
        with pytest.raises(ValueError, match=r"no spider named 'other' in SPIDER_MODULES: use one of named\."):
            crawler.crawl("other")
    with pytest.raises(ValueError, match="give AsyncWebCrawler the settings of your project"):
        AsyncWebCrawler().crawl("named")
    with pytest.raises(TypeError, match="spider must be"):
        AsyncWebCrawler().crawl(PagesSpider())


async def test_a_run_that_never_began_leaves_nothing(site):
    crawler = AsyncWebCrawler()
    run = crawler.crawl(PagesSpider, site.urls(1))
    await run.aclose()
    assert not crawler.ready
    async with crawler:
        crawler.crawl(PagesSpider, site.urls(1))
    with pytest.raises(EngineError):
        async with crawler:
            run = crawler.crawl(PagesSpider, [site.url("/hang")])
            starting = asyncio.ensure_future(anext(run))
            assert await asyncio.to_thread(site.wait_active, 1)
            closing = asyncio.ensure_future(crawler.close())
            await asyncio.wait({starting, closing})
            starting.exception()
            await crawler.crawl(PagesSpider)
            raise EngineError("reached")


@pytest.mark.slow
@pytest.mark.parametrize("extra", ["{}", "{'TWISTED_REACTOR_ENABLED': False}"])
def test_a_spider_from_a_spider_callback(site, extra):
    done = run_program(
        """
        import scrapy
        from scrapy.crawler import AsyncCrawlerProcess
        class Inner(scrapy.Spider):
            name = "inner"
            start_urls = urls
            def parse(self, response): yield {"url": response.url}
        class Outer(scrapy.Spider):
            name = "outer"
            start_urls = urls[:1]
            async def parse(self, response):
                async with AsyncWebCrawler() as crawler:
                    print(sorted(r.url[-1] for r in await crawler.crawl(Inner)))
                    async for result in crawler.crawl(Inner):
                        break
        process = AsyncCrawlerProcess({"LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False, **EXTRA})
        process.crawl(Outer)
        process.start()
        """,
        *site.urls(3),
        head=HEAD + f"EXTRA = {extra}\n",
    )
    assert done.stdout == "['0', '1', '2']\n", done.stderr
    assert done.stderr == ""
