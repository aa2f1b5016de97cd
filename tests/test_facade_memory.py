"""Memory pressure delays tasks and loses none: measured on this process, with real memory taken and given back."""

import asyncio
import gc

import psutil
import pytest

from scrapy_crawl4 import AsyncWebCrawler, MemoryAdaptiveDispatcher

MB = 1024 * 1024
BALLAST_MB = 300


def process_mb():
    process = psutil.Process()
    return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)]) / MB


@pytest.fixture
def ballast():
    """Memory that a test can give back: ``ballast.clear()``."""
    held = [bytearray(b"x") * (BALLAST_MB * MB)]
    yield held
    held.clear()


def limited(percent):
    """A crawler whose memory limit makes what is in use now *percent* of it."""
    gc.collect()
    return AsyncWebCrawler(settings={"CRAWL4_MEMORY_LIMIT_MB": round(process_mb() / (percent / 100))})


def quick(**options):
    return MemoryAdaptiveDispatcher(check_interval=0.05, max_session_permit=4, **options)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_d1_pressure_at_the_start_loses_nothing_in_a_stream(site, ballast):
    async with limited(97) as crawler:
        run = crawler.arun_many(site.urls(5), dispatcher=quick())
        first = asyncio.ensure_future(anext(run))
        await until(lambda: run.progress.waiting == 5 and run._client.runner.controller.statistics.samples > 2)
        assert site.requests == []
        ballast.clear()
        results = [await first, *[result async for result in run]]
    assert sorted(result.url for result in results) == sorted(site.urls(5))
    assert all(result.success for result in results)


async def test_d2_pressure_gives_no_placeholders_in_a_batch(site, ballast):
    async with limited(97) as crawler:
        run = crawler.arun_many(site.urls(5), dispatcher=quick())
        batch = asyncio.ensure_future(run._result())
        await until(lambda: run.progress.waiting == 5)
        ballast.clear()
        results = await batch
    assert [result.url for result in results] == site.urls(5)
    assert all(result.success for result in results)


async def test_d7_memory_between_recovery_and_threshold_does_not_stall(site, ballast):
    async with limited(87.5) as crawler:
        results = await crawler.arun_many(site.urls(10), dispatcher=quick())
    assert all(result.success for result in results)


async def test_memory_between_threshold_and_critical_goes_on_one_at_a_time(site, ballast):
    async with limited(60) as crawler:
        dispatcher = quick(memory_threshold_percent=50, critical_threshold_percent=99)
        results = await crawler.arun_many(site.urls(10), dispatcher=dispatcher)
    assert all(result.success for result in results)
    assert site.peak == 1


async def test_d8_memory_wait_timeout_keeps_what_is_done_and_the_next_run_is_free_of_it(site):
    dispatcher = quick(memory_wait_timeout=0.3)
    async with AsyncWebCrawler(
        settings={"CRAWL4_MEMORY_LIMIT_MB": round(process_mb() + 2 * BALLAST_MB / 3)}
    ) as crawler:
        urls = site.urls(30)
        async with crawler.arun_many(iter(urls), dispatcher=dispatcher, lookahead=10) as run:
            results = [await anext(run) for _ in range(3)]
            ballast = bytearray(b"x") * (BALLAST_MB * MB)
            results += [result async for result in run]
            del ballast
        assert len(results) == 30
        assert sorted(result.index for result in results) == list(range(30))
        assert all(result.success for result in results[:3])
        failed = [result for result in results if not result.success]
        assert failed
        for result in failed:
            assert result.error_message.startswith("Memory allowed no start for 0.3 s (memory_wait_timeout):")
        again = await crawler.arun_many(urls[:5], dispatcher=dispatcher)
        assert all(result.success for result in again)


async def test_critical_memory_takes_sessions_back_and_fetches_them_again(site):
    dispatcher = quick()
    async with AsyncWebCrawler(settings={"CRAWL4_MEMORY_LIMIT_MB": round(process_mb() + BALLAST_MB * 0.9)}) as crawler:
        run = crawler.arun_many([site.url(f"/gate/{n}") for n in range(4)], dispatcher=dispatcher)
        batch = asyncio.ensure_future(run._result())
        assert await asyncio.to_thread(site.wait_active, 4)
        ballast = bytearray(b"x") * (BALLAST_MB * MB)
        await until(lambda: run._client.runner.controller.statistics.shed > 0)
        del ballast
        for n in range(4):
            site.open_gate(str(n))
        results = await batch
    assert all(result.success for result in results)
    assert len(results) == 4
    assert sum(result.dispatch_result.sheds for result in results) >= 1
