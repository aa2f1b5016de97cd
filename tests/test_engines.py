"""Runs of several engine processes, from outside."""

import asyncio
import os
import signal
import socket
from contextlib import aclosing
from itertools import pairwise

import psutil
import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BaseDispatcher,
    BrowserConfig,
    CrawlCancelled,
    CrawlerRunConfig,
    CrawlTask,
    EngineError,
    ExtractionStrategy,
    RateLimiter,
    SemaphoreDispatcher,
    UnsupportedOption,
)

pytestmark = pytest.mark.slow

CONFIG = CrawlerRunConfig(verbose=False, mean_delay=0, max_range=0)
HOSTS = range(1, 9)


def many(permits=20, **more):
    return SemaphoreDispatcher(semaphore_count=permits, **more)


@pytest.fixture
async def crawler():
    async with AsyncWebCrawler(engines=2) as crawler:
        yield crawler


def urls_of(site, count, path="/page/{}"):
    return [f"http://127.0.0.{HOSTS[number % 8]}:{site.port}{path.format(number)}" for number in range(count)]


class WhoAsks:
    """Says in a header which process asks; a hook of a request, by way of a downloader middleware."""

    def process_request(self, request, spider=None):
        request.headers["X-Process"] = str(os.getpid())


def processes_by_host(site):
    found = {}
    for seen in site.requests:
        found.setdefault(seen.host, set()).add(seen.headers["x-process"])
    return found


def engines_left():
    return [child for child in psutil.Process().children() if "scrapy_crawl4.engines" in " ".join(child.cmdline())]


async def test_a_batch_has_one_result_for_each_input_in_order(crawler, site):
    urls = urls_of(site, 40)
    inputs = [*urls, "raw:<title>Inline</title><p>Text", "no url", None, urls[0], CrawlTask(urls[1]), 5]
    results = await crawler.arun_many(inputs, CONFIG, many())
    assert [result.index for result in results] == list(range(len(inputs)))
    assert [result.url for result in results[:40]] == urls
    assert [result.success for result in results] == [True] * 41 + [False, False, True, True, False]
    assert [result.metadata["title"] for result in results[:40]] == [f"Page {number}" for number in range(40)]
    assert results[43].markdown == results[0].markdown
    assert results[40].metadata["title"] == "Inline"
    assert "A URL must be a string" in results[42].error_message


async def test_results_are_those_of_one_engine(crawler, site):
    urls = [*urls_of(site, 8), site.url("/status/404"), site.url("/text"), site.url("/binary"), site.url("/json")]
    async with AsyncWebCrawler() as one:
        expected = await one.arun_many(urls, CONFIG, many())
    results = await crawler.arun_many(urls, CONFIG, many())
    passing = {"dispatch_result": True, "response_headers": {"date"}}
    assert [a.model_dump(exclude=passing) for a in results] == [b.model_dump(exclude=passing) for b in expected]
    assert [a.model_fields_set for a in results] == [b.model_fields_set for b in expected]
    assert [a.dispatch_result.task_id for a in results] == [b.dispatch_result.task_id for b in expected]


async def test_a_stream_has_each_input_once_and_tells_where_it_is(crawler, site):
    run = crawler.arun_many(urls_of(site, 60), CONFIG, many(), lookahead=15)
    indexes = []
    async for result in run:
        indexes.append(result.index)
        progress = run.progress
        assert progress.done + progress.waiting + progress.in_flight <= 60
    assert sorted(indexes) == list(range(60))
    assert run.progress.done == 60
    assert run.progress.failed == run.progress.waiting == run.progress.in_flight == 0
    assert run.progress.bytes_received > 0


async def test_all_requests_of_a_host_come_from_one_engine(site):
    settings = {"DOWNLOADER_MIDDLEWARES": {WhoAsks: 950}}
    async with AsyncWebCrawler(engines=2, settings=settings) as crawler:
        for _ in range(2):
            await crawler.arun_many(urls_of(site, 48), CONFIG, many())
    found = processes_by_host(site)
    assert len(found) == 8
    assert {len(pids) for pids in found.values()} == {1}
    assert len(set.union(*found.values())) == 2


async def test_a_session_stays_in_one_engine(site):
    settings = {"DOWNLOADER_MIDDLEWARES": {WhoAsks: 950}}
    tasks = [CrawlTask(url, session_id="shop") for url in urls_of(site, 16, "/set-cookie/n{}/v")]
    async with AsyncWebCrawler(engines=2, settings=settings) as crawler:
        results = await crawler.arun_many(tasks, CONFIG, many())
    assert all(result.success and result.session_id == "shop" for result in results)
    assert len(set.union(*processes_by_host(site).values())) == 1
    assert [seen.path for seen in site.requests] == [f"/set-cookie/n{number}/v" for number in range(16)]


@pytest.mark.parametrize("permits", [1, 2, 5])
async def test_there_are_never_more_requests_than_permits(crawler, site, permits):
    urls = [url for number in range(30) for url in (f"http://127.0.0.1:{site.port}/slow/0.01?{number}",)]
    urls += urls_of(site, 40, "/slow/0.01?{}")
    results = await crawler.arun_many(urls, CONFIG, many(permits))
    assert [result.index for result in results] == list(range(70))
    assert all(result.success for result in results)
    assert site.peak <= permits


async def test_permits_go_where_tasks_wait(crawler, site):
    gated = [f"http://127.0.0.1:{site.port}/gate/x?{number}" for number in range(6)]
    run = crawler.arun_many(gated, CONFIG, many(6))
    running = asyncio.ensure_future(run._result())
    # All six are of one host, and so of one engine, which began with half of the permits.
    while len(site.requests) < 6:
        await asyncio.sleep(0.01)
    site.open_gate("x")
    assert [result.success for result in await running] == [True] * 6


async def test_the_pace_of_a_host_is_kept(crawler, site):
    paced = many(rate_limiter=RateLimiter((0.2, 0.2)))
    urls = [f"http://127.0.0.{host}:{site.port}/page/{number}" for number in range(5) for host in (1, 2, 3)]
    results = await crawler.arun_many(urls, CONFIG, paced)
    assert all(result.success for result in results)
    starts = {}
    for result in results:
        starts.setdefault(result.url.split(":")[1], []).append(result.dispatch_result.start_time)
    for times in starts.values():
        times.sort()
        assert all(later - sooner >= 0.19 for sooner, later in pairwise(times))


async def test_a_killed_engine_is_replaced_and_its_tasks_are_done_again(crawler, site):
    run = crawler.arun_many(urls_of(site, 80, "/slow/0.02?{}"), CONFIG, many())
    before = crawler._engine.pids
    indexes = []
    async for result in run:
        assert result.success, result.error_message
        indexes.append(result.index)
        if len(indexes) == 10:
            os.kill(before[0], signal.SIGKILL)
        if len(indexes) == 30:
            os.kill(before[1], signal.SIGKILL)
    assert sorted(indexes) == list(range(80))
    assert len(indexes) == 80
    assert not set(before) & set(crawler._engine.pids)
    assert all(result.success for result in await crawler.arun_many(urls_of(site, 8), CONFIG, many()))


async def test_tasks_in_flight_are_done_again_when_their_engine_is_killed(crawler, site):
    run = crawler.arun_many(urls_of(site, 16, "/gate/x?{}"), CONFIG, many())
    running = asyncio.ensure_future(run._result())
    while len(site.requests) < 16:
        await asyncio.sleep(0.01)
    os.kill(crawler._engine.pids[0], signal.SIGKILL)
    site.open_gate("x")
    results = await running
    assert [result.success for result in results] == [True] * 16
    assert len(site.requests) > 16


class Deadly(ExtractionStrategy):
    """Ends the process that works on a certain page."""

    def extract(self, url, html, *args, **kwargs):
        if url.endswith("/page/7"):
            os._exit(3)
        return []


async def test_a_page_that_ends_its_engine_fails_alone(crawler, site):
    deadly = CONFIG.clone(extraction_strategy=Deadly())
    results = await crawler.arun_many(urls_of(site, 40), deadly, many())
    assert [result.index for result in results if not result.success] == [7]
    assert results[7].error_message == "The engine process ended three times while it worked on this page."
    assert [result.index for result in results] == list(range(40))


async def test_engines_that_only_end_fail_what_is_left(crawler, site):
    # Not while they work on anything: nothing is known that could be at fault.
    run = crawler.arun_many(urls_of(site, 4, "/page/{}"), CONFIG, many())
    await run
    slot = crawler._engine.slots[0]
    slot._begin = slot._begin._replace(settings=b"no settings")
    os.kill(slot.pid, signal.SIGKILL)
    urls = urls_of(site, 16)
    results = await crawler.arun_many(urls, CONFIG, many())
    failed = [result for result in results if not result.success]
    assert 0 < len(failed) < 16
    sentence = "The engine process ended again and again before it did anything."
    assert {result.error_message for result in failed} == {sentence}


async def test_a_run_that_is_closed_early_leaves_the_engines_free(crawler, site):
    run = crawler.arun_many(urls_of(site, 400, "/slow/0.01?{}"), CONFIG, many())
    async with aclosing(run):
        async for _ in run:
            break
    assert not crawler._engine.runs
    while site.active:  # the server hears a moment later that a connection was closed
        await asyncio.sleep(0.01)
    assert len(site.requests) < 400
    assert (await crawler.arun(site.url("/page/1"), CONFIG)).success


async def test_a_cancelled_batch_leaves_the_engines_free(crawler, site):
    batch = asyncio.ensure_future(crawler.arun_many(urls_of(site, 20, "/hang?{}"), CONFIG, many())._result())
    while len(site.requests) < 10:
        await asyncio.sleep(0.01)
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch
    assert not crawler._engine.runs
    assert (await crawler.arun(site.url("/page/1"), CONFIG)).success


async def test_close_ends_runs_and_processes(site):
    crawler = await AsyncWebCrawler(engines=2).start()
    assert len(engines_left()) == 2
    run = crawler.arun_many(urls_of(site, 20, "/hang?{}"), CONFIG, many())
    following = asyncio.ensure_future(anext(aiter(run)))
    while len(site.requests) < 10:
        await asyncio.sleep(0.01)
    await crawler.close()
    with pytest.raises(CrawlCancelled):
        await following
    assert engines_left() == []
    async with crawler:
        assert (await crawler.arun(site.url("/page/1"), CONFIG)).success
    assert engines_left() == []


async def test_runs_at_the_same_time_share_the_engines(crawler, site):
    runs = [crawler.arun_many(urls_of(site, 20), CONFIG, many()) for _ in range(4)]
    for results in await asyncio.gather(*(run._result() for run in runs)):
        assert [result.index for result in results] == list(range(20))
        assert all(result.success for result in results)


async def test_functions_of_a_test_reach_the_engines(crawler, site):
    wanted = "/page/1"
    configs = [
        CONFIG.clone(url_matcher=lambda url: url.endswith(wanted), css_selector="h1"),
        CONFIG.clone(url_matcher=None),
    ]
    one, two = await crawler.arun_many([site.url("/page/1"), site.url("/page/2")], configs, many())
    assert one.markdown.strip() == "# Page 1"
    assert len(two.markdown) > len(one.markdown)


async def test_what_cannot_be_pickled_is_said_at_once(crawler, site):
    with socket.socket() as held:
        config = CONFIG.clone(url_matcher=lambda url: bool(held))
        with pytest.raises(UnsupportedOption, match="This run cannot be handed to engine processes"):
            await crawler.arun_many([site.url("/page/1")], config)
        task = CrawlTask(site.url("/page/1"), meta={"held": held})
        result, other = await crawler.arun_many([task, site.url("/page/2")], CONFIG, many())
    assert "This element cannot be handed to engine processes" in result.error_message
    assert other.success
    assert site.paths() == ["/page/2"]


class OnlyTwo(BaseDispatcher):
    def permits(self, load):
        return 2


async def test_a_policy_of_a_users_own_counts_for_all_engines_together(crawler, site):
    results = await crawler.arun_many(urls_of(site, 24, "/slow/0.02?{}"), CONFIG, OnlyTwo(8))
    assert all(result.success for result in results)
    assert site.peak <= 2


async def test_a_durable_run_goes_on_with_any_number_of_engines(crawler, site, tmp_path):
    urls = urls_of(site, 40)
    seen = 0
    run = crawler.arun_many(urls, CONFIG, many(), job=tmp_path / "job")
    async with aclosing(run):
        async for _ in run:
            seen += 1
            if seen == 15:
                break
    site.reset()
    results = await crawler.arun_many(urls, CONFIG, many(), job=tmp_path / "job")
    assert [result.url for result in results] == urls
    assert all(result.success for result in results)
    assert len(site.requests) <= 25


async def test_results_of_a_batch_may_leave_memory(site):
    limit = psutil.Process().memory_info().rss // 2**20 // 4
    async with AsyncWebCrawler(engines=2, settings={"CRAWL4_MEMORY_LIMIT_MB": 4000}) as crawler:
        run = crawler.arun_many(urls_of(site, 60, "/size/200000?{}"), CONFIG, many())
        running = asyncio.ensure_future(run._result())
        while run._client.runner is None:
            await asyncio.sleep(0.01)
        run._client.runner.spilling._limit_mb = limit
        run._client.runner.spilling._threshold = 1.0
        results = await running
    assert [len(result.html) for result in results] == [200_000] * 60
    assert any(result._spilled is not None and not result._spilled.packed for result in results)
    assert all(result.markdown and result.links["internal"] is not None for result in results)


async def test_memory_of_all_processes_counts(crawler, site):
    result = await crawler.arun(site.url("/page/1"), CONFIG)
    own = psutil.Process().memory_info().rss / 2**20
    assert result.dispatch_result.memory_usage > own + 30


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "2", "all"])
def test_engines_must_be_a_number(value):
    with pytest.raises(ValueError, match="engines must be a whole number of at least 1"):
        AsyncWebCrawler(engines=value)


def test_engines_can_be_left_to_the_machine_or_a_setting():
    count = len(os.sched_getaffinity(0))
    assert AsyncWebCrawler(engines="auto")._engines == count
    assert AsyncWebCrawler(settings={"CRAWL4_ENGINES": "3"})._engines == 3
    assert AsyncWebCrawler(settings={"CRAWL4_ENGINES": "auto"}, engines=1)._engines == 1
    assert AsyncWebCrawler()._engines == 1


@pytest.mark.parametrize(
    "given",
    [
        {"settings": {"FEEDS": {"x.jsonl": {"format": "jsonl"}}}},
        {"settings": {"ITEM_PIPELINES": {WhoAsks: 1}}},
        {"config": BrowserConfig(use_persistent_context=True)},
    ],
)
def test_what_one_process_has_is_refused(given):
    with pytest.raises(UnsupportedOption, match="use engines=1"):
        AsyncWebCrawler(engines=2, **given)


async def test_sessions_are_not_read_from_outside(crawler):
    with pytest.raises(UnsupportedOption, match="engines=1"):
        await crawler.kill_session("shop")


async def test_settings_that_break_an_engine_break_the_start(site):
    with pytest.raises(EngineError, match="could not start"):
        await AsyncWebCrawler(engines=2, settings={"DOWNLOADER_MIDDLEWARES": {"no.such.Class": 5}}).start()
    assert engines_left() == []
