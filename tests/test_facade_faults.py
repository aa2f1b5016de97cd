"""The facade under faults: whatever a user's code, a host or the program does, no result is lost and every run ends."""

import asyncio
import contextlib
import gc
import threading
import time

import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BaseDispatcher,
    Crawl4Error,
    CrawlerRunConfig,
    CrawlTask,
    DefaultMarkdownGenerator,
    RateLimiter,
    SemaphoreDispatcher,
    stats,
)
from scrapy_crawl4.facade.runner import Runner

FAST = SemaphoreDispatcher(8)
PATIENCE = 20
"""Seconds after which a run counts as one that never ends."""


@pytest.fixture
async def crawler(site):
    async with AsyncWebCrawler() as crawler:
        yield crawler
    site.release()


async def batch(crawler, urls, dispatcher=FAST, **options):
    async with asyncio.timeout(PATIENCE):
        return await crawler.arun_many(urls, dispatcher=dispatcher, **options)


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


# Elements


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no words")


async def test_an_element_that_cannot_be_shown_is_one_failed_result(crawler, site):
    results = await batch(crawler, [Unprintable(), *site.urls(2)])
    assert [result.success for result in results] == [False, True, True]
    assert "got Unprintable" in results[0].error_message


@pytest.mark.parametrize("config", [{"stream": True}, "fast", 3])
async def test_a_task_with_a_config_of_another_type_is_one_failed_result(crawler, site, config):
    results = await batch(crawler, [CrawlTask(site.url("/page/1"), config=config), *site.urls(2)])
    assert [result.success for result in results] == [False, True, True]
    assert "CrawlTask.config must be a CrawlerRunConfig" in results[0].error_message
    assert results[0].url == site.url("/page/1")


@pytest.mark.parametrize("field", ["session_id", "headers", "cookies", "meta"])
async def test_a_task_with_a_field_of_a_wrong_type_is_told_which(crawler, site, field):
    (result,) = await batch(crawler, [CrawlTask(site.url("/page/1"), **{field: 7})])
    kind = "string" if field == "session_id" else "mapping"
    assert result.error_message == f"CrawlTask.{field} must be a {kind} or None, got int."
    assert site.requests == []


async def test_a_matcher_that_raises_leaves_the_url_of_a_task_on_its_result(crawler, site):
    def matcher(url):
        raise ValueError("no idea")

    config = CrawlerRunConfig(url_matcher=matcher)
    (result,) = await batch(crawler, [CrawlTask(site.url("/page/1"))], config=config)
    assert result.url == site.url("/page/1")
    assert result.error_message == "url_matcher failed: ValueError: no idea."


async def test_a_slow_matcher_leaves_the_engine_to_others(crawler, site):
    """While one run's matcher works on many elements, another run comes and goes."""
    matched = []

    def matcher(url):
        time.sleep(0.01)
        matched.append(url)
        return False

    slow = crawler.arun_many(["http://127.0.0.1/"] * 500, CrawlerRunConfig(url_matcher=matcher), FAST)
    first = asyncio.ensure_future(anext(slow))
    await until(lambda: matched)
    assert (await batch(crawler, site.urls(1)))[0].success
    assert len(matched) < 500
    await first
    await slow.aclose()


async def test_results_of_elements_that_never_started_count_in_progress(crawler, site):
    run = crawler.arun_many(["bad", None, *site.urls(2)], dispatcher=FAST)
    results = [result async for result in run]
    assert len(results) == 4
    progress = run.progress
    assert (progress.done, progress.failed, progress.waiting, progress.in_flight) == (4, 2, 0, 0)


async def test_results_that_never_started_have_a_dispatch_result(crawler):
    (result,) = await batch(crawler, ["bad"])
    record = result.dispatch_result
    assert record.task_id == "0"
    assert record.start_time == record.end_time > 0
    assert record.error_message == result.error_message


class Broken(BaseDispatcher):
    def permits(self, load):
        raise RuntimeError("no idea")


async def test_tasks_of_a_broken_dispatcher_count_in_progress(crawler, site):
    run = crawler.arun_many(site.urls(3), dispatcher=Broken())
    results = await run
    assert all(result.dispatch_result.error_message for result in results)
    assert (run.progress.done, run.progress.failed) == (3, 3)


# Code of users inside a session


class CancelledInside:
    """A middleware whose own work was cancelled by somebody else."""

    async def process_request(self, request):
        if "/page/1" in request.url:
            raise asyncio.CancelledError


async def test_a_cancellation_that_nobody_here_asked_for_is_a_failed_result(site):
    async with AsyncWebCrawler(settings={"DOWNLOADER_MIDDLEWARES": {CancelledInside: 10}}) as crawler:
        results = await batch(crawler, site.urls(3))
    assert [result.success for result in results] == [True, False, True]
    assert "cancelled" in results[1].error_message


class Leaver(DefaultMarkdownGenerator):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def generate_markdown(self, *args, **kwargs):
        raise self.error


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()])
async def test_a_content_stage_that_wants_to_end_the_program_fails_its_page_only(crawler, site, error):
    (result,) = await batch(crawler, site.urls(1), markdown_generator=Leaver(error))
    assert not result.success
    assert type(error).__name__ in result.error_message
    assert (await batch(crawler, site.urls(1)))[0].success


class Blocking(DefaultMarkdownGenerator):
    """Blocks until it is told to go on."""

    def __init__(self, error=None):
        super().__init__()
        self.error = error
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self.left = threading.Event()

    def generate_markdown(self, *args, **kwargs):
        self.entered.set()
        self.go_on.wait(PATIENCE)
        self.left.set()
        if self.error is not None:
            raise self.error
        return super().generate_markdown(*args, **kwargs)


async def test_a_run_ends_when_its_content_work_has_ended(crawler, site):
    blocking = Blocking()
    run = crawler.arun_many(site.urls(1), dispatcher=FAST, page_timeout=1500, markdown_generator=blocking)
    result = await anext(run)
    assert "page_timeout" in result.error_message
    end = asyncio.ensure_future(anext(run, None))
    assert not (await asyncio.wait({end}, timeout=0.2))[0]
    blocking.go_on.set()
    assert await end is None
    assert blocking.left.is_set()
    assert crawler._engine.runs == set()


async def test_work_that_fails_in_a_closed_run_is_not_reported_as_lost(crawler, site, caplog):
    blocking = Blocking(GeneratorExit())
    async with crawler.arun_many(site.urls(5), dispatcher=FAST, markdown_generator=blocking) as run:
        first = asyncio.ensure_future(anext(run))
        await asyncio.to_thread(blocking.entered.wait)
        closing = asyncio.ensure_future(run.aclose())
        await asyncio.sleep(0)
        blocking.go_on.set()
        await closing
        with contextlib.suppress(StopAsyncIteration):
            await first
    gc.collect()
    await batch(crawler, site.urls(1))
    assert "never retrieved" not in caplog.text


class BadStream:
    def write(self, text):
        raise OSError("closed")

    def flush(self):
        raise OSError("closed")

    def isatty(self):
        return False


async def test_lines_that_cannot_be_printed_cost_no_result(crawler, site, monkeypatch):
    monkeypatch.setattr("sys.stderr", BadStream())
    results = await batch(crawler, site.urls(3), verbose=True)
    monkeypatch.undo()
    assert all(result.success for result in results)


class BadView:
    def update(self, progress):
        raise RuntimeError("update")

    def task_finished(self, *args):
        raise RuntimeError("task_finished")

    def close(self):
        raise RuntimeError("close")


class BadMonitor:
    def view(self, total):
        return BadView()


async def test_a_monitor_that_raises_costs_no_result(crawler, site):
    results = await batch(crawler, site.urls(3), dispatcher=SemaphoreDispatcher(4, monitor=BadMonitor()))
    assert all(result.success for result in results)


# Sessions that are taken back


async def test_a_session_taken_back_before_it_began_is_started_again(crawler, site, monkeypatch):
    start = Runner._start

    def start_and_take_back(runner, session):
        start(runner, session)
        if session.job.sheds == 0:
            runner._shed(session)

    monkeypatch.setattr(Runner, "_start", start_and_take_back)
    results = await batch(crawler, site.urls(4))
    assert all(result.success for result in results)
    assert [result.dispatch_result.sheds for result in results] == [1] * 4


# Figures


async def test_a_page_that_takes_too_long_is_not_tried_again(crawler, site):
    """Whichever timer of those under way fires first, which on a slow machine may be before the page is asked for."""
    urls = [f"{site.url('/hang')}?{number}" for number in range(8)]
    results = await batch(crawler, urls, page_timeout=200, max_retries=2)
    assert {result.error_message for result in results} == {"The page took longer than 0.2 s (page_timeout)."}
    assert [result.dispatch_result.retries for result in results] == [0] * 8
    assert len(set(site.paths())) == len(site.requests)


async def test_a_refusal_behind_a_redirect_is_counted_once(crawler, site):
    limits = SemaphoreDispatcher(4, rate_limiter=RateLimiter(0, max_delay=0.05, max_retries=1))
    target = site.url("/status/429", host=2)
    run = crawler.arun_many([site.url(f"/redirect-to?url={target}")], dispatcher=limits)
    (result,) = await run
    assert result.error_message == "HTTP 429 Too Many Requests after 1 retry"
    assert run._client.runner.controller.statistics.rate_limited == 2
    assert crawler._engine.crawler.stats.get_value(stats.RATE_LIMITED) == 2


# robots.txt


async def test_robots_txt_counts_for_every_task_that_waits_for_it(crawler, site):
    site.set_robots("User-agent: *\nDisallow: /page/\n")
    results = await batch(crawler, site.urls(8), check_robots_txt=True)
    assert [result.status_code for result in results] == [403] * 8
    assert site.paths() == ["/robots.txt"]


async def test_a_cancelled_fetch_of_robots_txt_is_made_again_for_the_next(crawler, site):
    hanging = crawler.arun_many([site.url("/page/1")] * 3, dispatcher=FAST, check_robots_txt=True)
    site.hold_robots()
    waiting = asyncio.ensure_future(anext(hanging))
    assert await asyncio.to_thread(site.wait_active, 1)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert await asyncio.to_thread(site.wait_active, 0)
    site.reset()
    site.set_robots("User-agent: *\nDisallow: /page/\n")
    results = await batch(crawler, [site.url("/page/1")] * 3, check_robots_txt=True, page_timeout=5000)
    assert [result.status_code for result in results] == [403] * 3


async def test_one_that_gives_up_on_robots_txt_leaves_it_to_the_others(crawler, site):
    site.hold_robots()
    patient = asyncio.ensure_future(batch(crawler, site.urls(2), check_robots_txt=True))
    assert await asyncio.to_thread(site.wait_active, 1)
    (result,) = await batch(crawler, site.urls(1), check_robots_txt=True, page_timeout=100)
    assert "page_timeout" in result.error_message
    site.release()
    assert all(result.success for result in await patient)
    assert site.paths().count("/robots.txt") == 1


# Input


async def test_an_input_that_is_cancelled_from_inside_is_an_error_not_an_end(crawler, site):
    async def urls():
        yield site.url("/page/1")
        raise asyncio.CancelledError

    results = []
    with pytest.raises(Crawl4Error, match="input"):
        async for result in crawler.arun_many(urls(), dispatcher=FAST):
            results.append(result)
    assert len(results) == 1


async def test_an_input_that_ignores_its_cancellation_does_not_keep_a_run_from_closing(crawler, site):
    async def urls():
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            yield site.url("/page/1")

    run = await crawler.arun_many(urls(), stream=True, dispatcher=FAST)
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await run.aclose()


async def test_generators_that_an_iterable_makes_are_closed_with_the_run(crawler, site):
    closed = []

    class Urls:
        async def __aiter__(self):
            try:
                while True:
                    yield site.url("/page/1")
            finally:
                for _ in range(50):
                    await asyncio.sleep(0)
                closed.append("async")

    class PlainUrls:
        def __iter__(self):
            try:
                while True:
                    yield site.url("/page/1")
            finally:
                closed.append("sync")

    for source in (Urls(), PlainUrls()):
        async with crawler.arun_many(source, dispatcher=FAST) as run:
            await anext(run)
        assert closed.pop() in ("async", "sync")


async def test_an_object_that_is_no_generator_is_left_open(crawler, site):
    class Channel:
        closed = False
        urls = iter(site.urls(2))

        def __aiter__(self):
            return self

        async def __anext__(self):
            try:
                return next(self.urls)
            except StopIteration:
                raise StopAsyncIteration from None

        async def aclose(self):
            self.closed = True

    channel = Channel()
    assert len(await batch(crawler, channel)) == 2
    assert not channel.closed


# Opening and closing


async def test_a_run_that_starts_while_the_crawler_closes_ends_with_one_sentence(site):
    """Runs that begin at every moment of a close: each ends, and nothing is left open."""
    for turns in range(12):
        crawler = await AsyncWebCrawler().start()
        engine = crawler._engine
        closing = asyncio.ensure_future(crawler.close())
        for _ in range(turns):
            await asyncio.sleep(0)
        outcome = (await asyncio.gather(batch(crawler, site.urls(2)), return_exceptions=True))[0]
        await closing
        if isinstance(outcome, BaseException):
            assert isinstance(outcome, Crawl4Error), outcome
        else:
            assert all(result.success for result in outcome)
        assert engine.runs == set()
        await crawler.close()


async def test_a_crawler_closed_before_its_run_was_made_on_the_engine(site):
    crawler = await AsyncWebCrawler().start()
    run = crawler.arun_many(site.urls(2), dispatcher=FAST)
    open_engine = run._client._open_engine

    async def closed_in_between():
        engine = await open_engine()
        await crawler.close()
        return engine

    run._client._open_engine = closed_in_between
    with pytest.raises(Crawl4Error, match="closed"):
        async with asyncio.timeout(PATIENCE):
            await run
    assert site.requests == []


async def test_a_crawler_whose_first_start_is_cancelled_leaves_nothing(site):
    for turns in range(12):
        crawler = AsyncWebCrawler()
        start = asyncio.ensure_future(crawler.__aenter__())
        for _ in range(turns):
            await asyncio.sleep(0)
        start.cancel()
        await asyncio.wait({start})
        if not start.cancelled():
            await crawler.close()
        assert not crawler.ready


async def test_threads_that_start_one_crawler_at_once_share_one_engine(site):
    crawler = AsyncWebCrawler()
    engines = []

    async def start():
        await crawler.start()
        engines.append(crawler._engine)

    threads = [threading.Thread(target=lambda: asyncio.run(start())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert len(set(engines)) == 1
    await crawler.close()


async def test_a_close_that_is_cancelled_twice_still_closes(crawler, site):
    blocking = Blocking()
    run = crawler.arun_many(site.urls(1), dispatcher=FAST, markdown_generator=blocking)
    waiting = asyncio.ensure_future(anext(run))
    await asyncio.to_thread(blocking.entered.wait)
    for _ in range(3):
        waiting.cancel()
        await asyncio.sleep(0.01)
    assert not waiting.done()
    blocking.go_on.set()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    assert crawler._engine.runs == set()


async def test_a_spider_that_scrapy_closes_ends_the_runs_with_one_sentence(site):
    async with AsyncWebCrawler(settings={"CLOSESPIDER_PAGECOUNT": 2}) as crawler:
        outcome = None
        with pytest.raises(Crawl4Error, match="closed"):
            outcome = await batch(crawler, [*site.urls(3), *[site.url("/hang")] * 3])
        assert outcome is None
        site.release()
        assert (await batch(crawler, site.urls(1)))[0].success
