"""However a run ends, nothing of it is left, and the next one knows nothing of it."""

import asyncio
import gc
import threading
import weakref

import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BaseDispatcher,
    Crawl4Error,
    CrawlerRunConfig,
    SemaphoreDispatcher,
)

FAST = SemaphoreDispatcher(8)


@pytest.fixture
async def crawler(site):
    async with AsyncWebCrawler() as crawler:
        yield crawler
    site.release()


def left(crawler):
    """What is left of runs on the engine's loop."""
    engine = crawler._engine
    return [*engine.runs, *(run.jobs for run in engine.runs)]


def tasks_here():
    return asyncio.all_tasks() - {asyncio.current_task()}


async def assert_nothing_left(crawler, site):
    assert left(crawler) == []
    assert {task for task in tasks_here() if "run" in repr(task.get_coro())} == set()
    assert await asyncio.to_thread(site.wait_for, lambda site: site.active == 0)


@pytest.fixture
def no_search_for_cycles():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_what_arrived_of_a_cancelled_page_is_free_at_once(crawler, site, no_search_for_cycles):
    """Python looks for cycles when much is made; a process that waits for memory makes nothing."""
    async with crawler.arun_many([site.url("/hang")] * 3, dispatcher=FAST) as run:
        reading = asyncio.ensure_future(anext(run))
        assert await asyncio.to_thread(site.wait_for, lambda site: site.active == 3)
        tasks = [weakref.ref(task) for task in run._client.runner._tasks.values()]
        reading.cancel()
    # Another run, so that the engine's loop has turned.
    assert (await crawler.arun(site.url("/page/1"), mean_delay=0)).success
    assert [task() for task in tasks] == [None] * 3


async def test_break_inside_async_with(crawler, site):
    async with crawler.arun_many([*site.urls(2), *[site.url("/hang")] * 10], dispatcher=FAST) as run:
        async for _ in run:
            break
    await assert_nothing_left(crawler, site)


async def test_break_without_async_with_ends_the_run_at_once(crawler, site):
    async for _ in crawler.arun_many([*site.urls(2), *[site.url("/hang")] * 10], dispatcher=FAST):
        break
    assert await asyncio.to_thread(site.wait_for, lambda site: site.active == 0)
    assert len((await crawler.arun(site.url("/page/1"), mean_delay=0)).html) > 0
    assert left(crawler) == []


async def test_an_exception_of_the_consumer(crawler, site):
    with pytest.raises(ZeroDivisionError):
        async with crawler.arun_many([*site.urls(2), *[site.url("/hang")] * 10], dispatcher=FAST) as run:
            async for _ in run:
                raise ZeroDivisionError
    await assert_nothing_left(crawler, site)


@pytest.mark.parametrize("stream", [False, True])
async def test_timeout_around_a_run(crawler, site, stream):
    urls = [*site.urls(2), *[site.url("/hang")] * 10]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            run = crawler.arun_many(urls, dispatcher=FAST)
            if stream:
                async for _ in run:
                    pass
            else:
                await run
    await assert_nothing_left(crawler, site)


async def test_d4_cancelling_the_awaiting_task_cancels_everything(crawler, site):
    task = asyncio.ensure_future(batch(crawler, [site.url("/hang")] * 20))
    await asyncio.to_thread(site.wait_active, 8)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await assert_nothing_left(crawler, site)
    assert len(site.requests) == 8


async def batch(crawler, urls, dispatcher=FAST):
    return await crawler.arun_many(urls, dispatcher=dispatcher)


async def test_d3_aclose_returns_when_nothing_runs_any_more(crawler, site):
    run = await crawler.arun_many([*site.urls(1), *[site.url("/hang")] * 10], stream=True, dispatcher=FAST)
    await anext(run)
    await run.aclose()
    await assert_nothing_left(crawler, site)
    await run.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(run)


async def test_closing_the_crawler_ends_its_runs(site):
    async with AsyncWebCrawler() as crawler:
        run = await crawler.arun_many([*site.urls(1), *[site.url("/hang")] * 10], stream=True, dispatcher=FAST)
        await anext(run)
    assert not crawler.ready
    assert left(crawler) == []
    assert await asyncio.to_thread(site.wait_for, lambda site: site.connections == 0)
    with pytest.raises(Crawl4Error, match="crawler was closed"):
        while True:
            await anext(run)
    site.release()


async def test_a_closed_crawler_can_be_used_again(site):
    crawler = AsyncWebCrawler()
    for n in range(3):
        async with crawler:
            assert (await crawler.arun(site.url(f"/page/{n}"), mean_delay=0)).success
    assert (await crawler.arun(site.url("/page/9"))).success
    await crawler.close()
    await crawler.close()


async def test_d5_a_run_after_a_cancelled_one_knows_nothing_of_it(crawler, site):
    dispatcher = SemaphoreDispatcher(2)
    task = asyncio.ensure_future(batch(crawler, [site.url("/hang")] * 5, dispatcher))
    await asyncio.to_thread(site.wait_active, 2)
    task.cancel()
    await asyncio.wait({task})
    site.reset()
    results = await batch(crawler, [site.url("/page/1")], dispatcher)
    assert [result.url for result in results] == [site.url("/page/1")]
    assert site.paths() == ["/page/1"]


async def test_d6_concurrent_runs_on_one_dispatcher_keep_their_results_apart(crawler, site):
    dispatcher = SemaphoreDispatcher(5)
    one, two = site.urls(50, path="/page/1{}"), site.urls(50, path="/page/2{}", hosts=3)
    config = CrawlerRunConfig()
    first, second = await asyncio.gather(
        crawler.arun_many(one, config, dispatcher)._result(), crawler.arun_many(two, config, dispatcher)._result()
    )
    assert [result.url for result in first] == one
    assert [result.url for result in second] == two
    assert dispatcher == SemaphoreDispatcher(5)
    assert config == CrawlerRunConfig()


async def test_generators_are_closed_with_the_run(crawler, site):
    closed = []

    def urls():
        try:
            while True:
                yield site.url("/page/1")
        finally:
            closed.append("sync")

    async def async_urls():
        try:
            while True:
                yield site.url("/page/1")
        finally:
            closed.append("async")

    for source in (urls(), async_urls()):
        async with crawler.arun_many(source, dispatcher=FAST) as run:
            await anext(run)
    assert closed == ["sync", "async"]


async def test_a_slow_consumer_holds_the_run_back(crawler, site):
    permits = SemaphoreDispatcher(4, max_session_permit=4)
    async with crawler.arun_many(site.urls(200), dispatcher=permits) as run:
        await anext(run)
        fetched = len(site.requests)
        # 4 in flight and 4 waiting to be taken, beside the one that was taken
        assert await asyncio.to_thread(site.wait_for, lambda site: len(site.requests) >= 8)
        assert fetched <= len(site.requests) <= 10


class Shut(BaseDispatcher):
    def permits(self, load):
        return 0


async def test_waiting_tasks_hold_nothing_and_a_closed_run_drops_them(crawler, site):
    async with crawler.arun_many(site.urls(100), dispatcher=Shut()) as run:
        waiting = asyncio.ensure_future(anext(run))
        while run.progress.waiting < 100:
            await asyncio.sleep(0)
        assert run.progress.in_flight == 0
        waiting.cancel()
        await asyncio.wait({waiting})
    assert site.requests == []


async def test_a_dispatcher_that_raises_fails_the_tasks_with_one_sentence(crawler, site):
    class Broken(BaseDispatcher):
        def permits(self, load):
            raise RuntimeError("no idea")

    results = await crawler.arun_many(site.urls(3), dispatcher=Broken())
    assert [result.error_message for result in results] == ["The dispatcher Broken failed: RuntimeError: no idea."] * 3


async def test_threads_end_with_the_crawler(site):
    async with AsyncWebCrawler() as crawler:
        await crawler.arun(site.url("/page/1"))
    names = {thread.name for thread in threading.enumerate()}
    assert not any(name.startswith("scrapy-crawl4-content") for name in names)
