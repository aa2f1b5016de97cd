"""A batch moves its results out of memory when it runs short; a stream never does."""

import asyncio
import gc
import logging
import tempfile

import psutil
import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BaseDispatcher,
    CrawlResult,
    MemoryAdaptiveDispatcher,
    SemaphoreDispatcher,
    stats,
)
from scrapy_crawl4.dispatch import give_back_memory
from scrapy_crawl4.facade import spilling
from scrapy_crawl4.facade.spilling import MOST_AT_ONCE, Spilling, disk_folder
from scrapy_crawl4.spill import SPILLABLE, TEXTS

from .test_spill import nameless_files

MB = 1024 * 1024


def process_mb():
    gc.collect()
    give_back_memory()
    process = psutil.Process()
    return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)]) / MB


def page(number, size=MB):
    result = CrawlResult._make({"url": f"http://example.org/{number}", "index": number})
    result.html = f"{number} ".ljust(size)
    return result


def in_memory(results):
    return [result.index for result in results if "html" in result.__dict__]


def filled(limit_mb, results, dispatcher=None):
    made = Spilling(dispatcher or MemoryAdaptiveDispatcher(), limit_mb)
    for result in results:
        made.add(result)
    return made


# Which results move


def test_nothing_moves_below_the_threshold():
    results = [page(number) for number in range(8)]
    batch = filled(process_mb() * 4, results)
    assert not batch.notice(50)
    batch.look()
    assert in_memory(results) == list(range(8))
    assert not batch.counts


def test_everything_moves_when_memory_is_taken_by_others():
    results = [page(number) for number in range(8)]
    batch = filled(process_mb(), results)
    assert batch.notice(100)
    batch.look()
    assert in_memory(results) == []
    assert batch.counts[stats.SPILLED] == 8
    assert 8 * MB < batch.counts[stats.SPILLED_BYTES] < 9 * MB
    assert [result.html for result in results] == [page(number).html for number in range(8)]
    # Memory is as short as before, and there is nothing left to move.
    assert not batch.notice(100)
    batch.look()


def test_oldest_move_first_and_so_many_at_once():
    size = MOST_AT_ONCE // 4 + 1
    results = [page(number, size) for number in range(6)]
    batch = filled(process_mb() / 2, results)
    batch.look()
    assert in_memory(results) == [4, 5]
    batch.look()
    assert in_memory(results) == []


def test_only_as_many_move_as_needed():
    results = [page(number, 30 * MB) for number in range(6)]
    # Above 85 %, and two results more than what it should fall to.
    batch = filled((process_mb() - 45) / (0.85 * spilling.GOAL), results)
    assert batch._above(85) < 0
    batch._falling = True
    batch.look()
    assert in_memory(results)
    assert not {0, 1} & set(in_memory(results))
    assert not batch._falling


def test_memory_is_not_measured_for_every_small_result():
    results = [page(number, 2000) for number in range(8)]
    batch = filled(process_mb() / 2, results)
    batch.look()
    assert batch._probe is None
    assert in_memory(results) == list(range(8))
    # A sample of the run says more.
    assert batch.notice(90)
    batch.look()
    assert in_memory(results) == []


def test_threshold_is_that_of_the_dispatcher():
    results = [page(0)]
    assert not filled(None, results, MemoryAdaptiveDispatcher(recovery_threshold_percent=88)).notice(86)
    assert filled(None, results, MemoryAdaptiveDispatcher(recovery_threshold_percent=80)).notice(81)
    assert filled(None, results, SemaphoreDispatcher()).notice(86)
    assert not filled(None, results, SemaphoreDispatcher()).notice(84)
    assert not filled(None, results).notice(None)


def test_threshold_of_a_foreign_dispatcher_that_is_no_number():
    class Foreign(BaseDispatcher):
        recovery_threshold_percent = "high"

        def permits(self, load):
            return 1

    assert filled(None, [page(0)], Foreign()).notice(86)


def test_closed_one_keeps_its_hands_off():
    results = [page(number) for number in range(8)]
    batch = filled(process_mb() / 2, results)
    batch.close()
    batch.look()
    assert in_memory(results) == list(range(8))


def test_full_disk_ends_in_memory(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    results = [page(number) for number in range(8)]
    batch = filled(process_mb() / 2, results)
    with caplog.at_level(logging.WARNING, "scrapy_crawl4"):
        batch.look()
    assert in_memory(results) == list(range(8))
    assert not batch.counts[stats.SPILLED]
    assert len(caplog.records) == 1


def test_file_is_not_made_in_memory(monkeypatch):
    memory = {mount.mountpoint for mount in psutil.disk_partitions(all=True) if mount.fstype == "tmpfs"}
    if "/dev/shm" not in memory or "/var/tmp" in memory:
        pytest.skip("needs /dev/shm in memory and /var/tmp on a disk")
    assert disk_folder() is None
    monkeypatch.setattr(tempfile, "tempdir", "/dev/shm")
    assert disk_folder() == "/var/tmp"


# Runs


def pages(site, count, size):
    return [site.url(f"/size/{size}?{number}", host=number % 4 + 1) for number in range(count)]


def limited(headroom_mb):
    return AsyncWebCrawler(settings={"CRAWL4_MEMORY_LIMIT_MB": round(process_mb() + headroom_mb)})


def quick(**options):
    return MemoryAdaptiveDispatcher(check_interval=0.05, max_session_permit=4, **options)


def statistics(crawler):
    return crawler._engine.crawler.stats.get_stats()


async def test_batch_larger_than_memory_has_every_result(site):
    count, size, headroom = 50, 2 * MB, 180
    urls = pages(site, count, size)
    async with limited(headroom) as crawler:
        results = await crawler.arun_many(urls, dispatcher=quick())
        counted = statistics(crawler)
    assert [result.url for result in results] == urls
    assert all(result.success for result in results)
    heavy = sum(result.__dict__[name].__sizeof__() for result in results for name in TEXTS & result.__dict__.keys())
    total = 0
    for result in results:
        assert len(result.html) == size
        assert result.markdown.raw_markdown.count("Rivers") == result.html.count("Rivers") > 1000
        assert result.cleaned_html.count("Rivers") == result.html.count("Rivers")
        total += len(result.html) + len(result.cleaned_html) + len(result.markdown)
    # What is left in memory fits, and all of it would not have.
    assert heavy < headroom * MB < total
    moved = [result for result in results if SPILLABLE - result.__dict__.keys()]
    assert counted[stats.SPILLED] == len(moved) >= count / 2
    assert counted[stats.SPILLED_BYTES] > total - headroom * MB


async def test_results_outlive_their_crawler_and_loop(site):
    before = nameless_files()

    async def crawl():
        async with limited(40) as crawler:
            return await crawler.arun_many(pages(site, 30, MB), dispatcher=SemaphoreDispatcher(4))

    results = await asyncio.to_thread(asyncio.run, crawl())
    assert any("html" not in result.__dict__ for result in results)
    assert {len(result.html) for result in results} == {MB}
    assert all(result.success for result in results)
    assert len(nameless_files()) == len(before) + 1
    del results
    await asyncio.sleep(0)  # the loop holds what woke this test
    assert nameless_files() == before


async def test_nothing_is_moved_with_memory_to_spare(site):
    async with limited(10_000) as crawler:
        results = await crawler.arun_many(pages(site, 10, MB), dispatcher=quick())
        assert stats.SPILLED not in statistics(crawler)
    assert all("html" in result.__dict__ for result in results)


@pytest.mark.parametrize("taken", ["async for", "await, then async for", "async for, then await"])
async def test_results_that_are_taken_as_they_come_are_not_touched(site, taken):
    async with limited(40) as crawler:
        run = crawler.arun_many(
            pages(site, 30, MB), dispatcher=SemaphoreDispatcher(4), stream=taken.startswith("await")
        )
        if taken == "await, then async for":
            run = await run
        results = [await anext(run)]
        assert run._client.runner.spilling is None
        results += await run if taken == "async for, then await" else [result async for result in run]
        assert stats.SPILLED not in statistics(crawler)
    assert len(results) == 30
    assert all(result.success and "html" in result.__dict__ for result in results)


async def test_single_result_is_not_moved(site):
    async with limited(25) as crawler:
        result = await crawler.arun(site.url(f"/size/{MB}"), dispatcher=SemaphoreDispatcher(1))
        assert stats.SPILLED not in statistics(crawler)
    assert result.success
    assert "html" in result.__dict__


async def test_iterating_a_run_that_is_awaited_keeps_what_is_left_in_memory(site):
    async with limited(40) as crawler:
        run = crawler.arun_many([site.url(f"/gate/{number}") for number in range(2)], dispatcher=SemaphoreDispatcher(4))
        batch = asyncio.ensure_future(run._result())
        assert await asyncio.to_thread(site.wait_active, 2)
        assert run._client.runner.spilling is not None
        taken = asyncio.ensure_future(anext(run, None))
        await asyncio.sleep(0)
        assert run._client.runner.spilling is None
        for number in range(2):
            site.open_gate(str(number))
        results = [*await batch, await taken]
    assert len([result for result in results if result is not None]) == 2


async def test_stopped_batch_leaves_no_file(site):
    before = nameless_files()
    async with limited(40) as crawler:
        run = crawler.arun_many([*pages(site, 30, MB), site.url("/hang")], dispatcher=SemaphoreDispatcher(4))
        batch = asyncio.ensure_future(run._result())
        async with asyncio.timeout(30):
            while run.progress.done < 30:
                await asyncio.sleep(0.01)
        assert len(nameless_files()) == len(before) + 1
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch
    del run, batch
    assert nameless_files() == before
