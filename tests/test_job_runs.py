"""Durable runs of a crawler: what an earlier run finished is not fetched again, however that run ended."""

import asyncio
import gc
import itertools
import json
import re
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    CrawlCancelled,
    CrawlerMonitor,
    CrawlTask,
    EngineError,
    JobError,
    MemoryAdaptiveDispatcher,
    SemaphoreDispatcher,
    crawl_many,
)
from scrapy_crawl4.job import Job

from .crawling import environment

DOCS = Path(__file__).parent.parent / "docs" / "jobs.md"
FAST = SemaphoreDispatcher(4)
MB = 1024 * 1024


@pytest.fixture
async def crawler(site):
    async with AsyncWebCrawler() as crawler:
        yield crawler
    site.release()


@pytest.fixture
def job(tmp_path):
    return tmp_path / "jobs" / "today"


def stored(job):
    """Positions of the elements with a result; the last line may be being written."""
    lines = (job / "results.jsonl").read_bytes().splitlines(keepends=True)
    return [json.loads(line)["index"] for line in lines if line.endswith(b"\n")]


def assert_free(job):
    """Nobody holds the folder, and the thread that did has nothing left to do."""
    for thread in writers():
        thread.join(10)
    assert writers() == []
    Job(job, None).close()


def writers():
    return [thread for thread in threading.enumerate() if thread.name == "scrapy-crawl4-job"]


async def test_a_finished_run_is_given_again_without_a_request(crawler, site, job):
    urls = [*site.urls(6), site.url("/status/404"), "nope", "raw:<h1>Raw</h1>", None, site.url("/page/1")]
    elements = [*urls, CrawlTask(site.url("/echo"), headers={"X-Own": "yes"})]
    first = await crawler.arun_many(elements, dispatcher=FAST, job=job)
    asked = len(site.requests)
    assert [result.index for result in first] == list(range(12))
    assert sorted(stored(job)) == list(range(12))
    assert await crawler.arun_many(elements, dispatcher=FAST, job=str(job)) == first
    streamed = [result async for result in crawler.arun_many(iter(elements), dispatcher=FAST, job=job)]
    assert streamed == first
    assert len(site.requests) == asked
    assert_free(job)


async def test_a_result_is_on_the_disk_before_it_is_handed_out(crawler, site, job):
    run = crawler.arun_many(site.urls(30), dispatcher=FAST, job=job, stream=True)
    async for result in run:
        done = run.progress.done
        on_disk = stored(job)
        assert result.index in on_disk
        assert done <= len(on_disk)
    assert run.progress.done == 30


async def test_progress_counts_what_was_finished_before(crawler, site, job):
    urls = [*site.urls(3), "nope", site.url("/gate/a")]
    async with crawler.arun_many(urls, dispatcher=FAST, job=job) as run:
        for _ in range(4):
            await anext(run)
    run = crawler.arun_many(urls, dispatcher=FAST, job=job)
    assert run.progress.done == 0
    for _ in range(4):
        await anext(run)
    assert (run.progress.done, run.progress.failed) == (4, 1)
    site.open_gate("a")
    await anext(run)
    assert (run.progress.done, run.progress.failed, run.progress.in_flight) == (5, 1, 0)
    assert await anext(run, None) is None


async def test_a_monitor_counts_what_was_finished_before(crawler, site, job):
    seen = []

    class View:
        def update(self, progress):
            seen.append(progress)

        def task_finished(self, *_):
            pass

        def close(self):
            pass

    class Monitor(CrawlerMonitor):
        def view(self, total):
            return View()

    urls = [*site.urls(5), "nope"]
    async with crawler.arun_many(urls, dispatcher=SemaphoreDispatcher(1), job=job) as run:
        for _ in range(3):
            await anext(run)
    await crawler.arun_many(urls, dispatcher=SemaphoreDispatcher(1, monitor=Monitor()), job=job)
    assert (seen[-1].done, seen[-1].failed, seen[-1].in_flight) == (6, 1, 0)


@pytest.mark.parametrize("end", ["aclose", "break", "cancel", "crawler"])
async def test_a_run_that_was_ended_goes_on(site, job, end):
    urls = [*site.urls(5), site.url("/gate/a"), *site.urls(3)]
    async with AsyncWebCrawler() as crawler:
        run = crawler.arun_many(urls, dispatcher=SemaphoreDispatcher(1), job=job, stream=True)
        taken = [await anext(run) for _ in range(5)]
        assert await asyncio.to_thread(site.wait_for, lambda site: "/gate/a" in site.paths())
        if end == "aclose":
            await run.aclose()
        elif end == "break":
            async with run:
                pass
        elif end == "cancel":
            reading = asyncio.ensure_future(run.__anext__())
            await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
    assert {result.index for result in taken} == set(stored(job)) == set(range(5))
    assert_free(job)
    site.reset()
    site.open_gate("a")
    async with AsyncWebCrawler() as crawler:
        results = await crawler.arun_many(urls, dispatcher=FAST, job=job)
        assert results[:5] == taken
        assert [result.url for result in results] == urls
        assert sorted(site.paths()) == ["/gate/a", "/page/0", "/page/1", "/page/2"]
    if end == "crawler":
        with pytest.raises(CrawlCancelled):
            await anext(run)


async def test_a_run_that_was_dropped_lets_go_of_its_folder(crawler, site, job):
    run = crawler.arun_many([site.url("/page/1"), site.url("/hang")], dispatcher=FAST, job=job, stream=True)
    await anext(run)
    (writer,) = writers()
    del run
    gc.collect()
    await asyncio.to_thread(writer.join, 60)
    site.release()
    assert len(await crawler.arun_many([site.url("/page/1"), site.url("/hang")], dispatcher=FAST, job=job)) == 2


async def test_a_run_whose_loop_has_ended_lets_go_of_its_folder(site, job):
    crawler = AsyncWebCrawler()
    runs = []

    async def begin():
        runs.append(crawler.arun_many([site.url("/page/1"), site.url("/hang")], dispatcher=FAST, job=job, stream=True))
        await anext(runs[0])

    await asyncio.to_thread(asyncio.run, begin())
    (writer,) = writers()
    runs.clear()
    gc.collect()
    await asyncio.to_thread(writer.join, 60)
    assert not writer.is_alive()
    await crawler.close()


@pytest.mark.parametrize("lazy", [False, True])
async def test_another_list_ends_the_run(crawler, site, job, lazy):
    urls = [*site.urls(4), site.url("/hang")]

    async def given(elements):
        for element in elements:
            yield element

    async with crawler.arun_many(given(urls), dispatcher=FAST, job=job) as run:
        for _ in range(4):
            await anext(run)
    before = stored(job)
    for other, message in (
        ([*urls[:2], site.url("/page/9"), *urls[3:]], f"element 2 was {urls[2]} and is now {site.url('/page/9')}, "),
        ([*urls[:4], site.url("/page/9")], f"element 4 is now {site.url('/page/9')}, counted from 0"),
        (urls[:3], "it has 3 elements and had "),
        ([*urls, "x"], "it has "),
    ):
        site.reset()
        run = crawler.arun_many(given(other) if lazy else other, dispatcher=FAST, job=job)
        with pytest.raises(JobError, match=r"^The input is not the one this job began with: ") as caught:
            await run
        assert message in str(caught.value)
        assert stored(job) == before
        assert site.requests == [] or set(site.paths()) == {"/hang"}
    assert_free(job)


async def test_one_run_at_a_time(crawler, site, job):
    urls = [site.url("/page/1"), site.url("/gate/a")]
    run = crawler.arun_many(urls, dispatcher=FAST, job=job, stream=True)
    await anext(run)
    with pytest.raises(JobError, match="is running already"):
        await crawler.arun_many(urls, dispatcher=FAST, job=job)
    site.open_gate("a")
    assert (await anext(run)).success
    assert await anext(run, None) is None
    assert len(await crawler.arun_many(urls, dispatcher=FAST, job=job)) == 2


async def test_an_input_that_breaks_goes_on_next_time(crawler, site, job):
    def broken():
        yield from site.urls(3)
        raise RuntimeError("The list broke.")

    taken = []
    with pytest.raises(RuntimeError, match="list broke"):
        async for result in crawler.arun_many(broken(), dispatcher=FAST, job=job):
            taken.append(result)
    assert len(taken) == 3
    results = await crawler.arun_many(site.urls(5), dispatcher=FAST, job=job)
    assert len(results) == 5
    assert Counter(site.paths()) == Counter(f"/page/{number}" for number in range(5))


async def test_an_endless_input_goes_on(crawler, site, job):
    def endless():
        return (site.url(f"/page/{number}") for number in itertools.count())

    for goal in (20, 50):
        async with crawler.arun_many(endless(), dispatcher=FAST, job=job, stream=True, lookahead=10) as run:
            seen = set()
            async for result in run:
                seen.add(result.index)
                if len(seen) == goal:
                    break
    assert max(Counter(site.paths())[f"/page/{number}"] for number in range(20)) <= 2
    finished = stored(job)
    assert len(finished) == len(set(finished))


async def test_many_finished_results_come_as_fast_as_they_are_taken(crawler, site, job):
    urls = [f"raw:<p>{number}</p>" for number in range(300)]
    assert len(await crawler.arun_many(urls, dispatcher=FAST, job=job)) == 300
    run = crawler.arun_many([*urls, *site.urls(0)], dispatcher=FAST, job=job, stream=True, lookahead=1000)
    first = await anext(run)
    assert run._client.read < 100
    assert [first.index, *[result.index async for result in run]] == list(range(300))


async def test_a_permit_is_free_for_the_next_page_between_finished_ones(crawler, site, job):
    """What the engine is told of results taken must not wait for more of them."""
    urls = site.urls(20)
    async with crawler.arun_many(urls, dispatcher=FAST, job=job) as run:
        while len(stored(job) if (job / "results.jsonl").exists() else ()) < 10:
            await anext(run)
    results = await crawler.arun_many(urls, dispatcher=SemaphoreDispatcher(1), job=job)
    assert [result.url for result in results] == urls


async def test_finished_results_leave_memory_as_fresh_ones_do(site, job):
    urls = [*(site.url(f"/size/{MB}?{number}") for number in range(11)), site.url("/gate/a")]
    async with AsyncWebCrawler() as crawler, crawler.arun_many(urls, dispatcher=FAST, job=job) as run:
        first = [await anext(run) for _ in range(11)]
    # No memory is left from the start.
    async with AsyncWebCrawler(settings={"CRAWL4_MEMORY_LIMIT_MB": 1}) as crawler:
        run = crawler.arun_many(urls, dispatcher=FAST, job=job)
        batch = asyncio.ensure_future(run._result())
        async with asyncio.timeout(60):
            while run.progress.done < 11:
                await asyncio.sleep(0.01)
        site.open_gate("a")
        results = await batch
    assert sum("html" not in result.__dict__ for result in results) > 5
    assert {len(result.html) for result in results[:11]} == {MB}
    assert [results[result.index] == result for result in first] == [True] * 11


async def test_a_crawler_that_cannot_start_lets_go_of_the_folder(site, job):
    broken = AsyncWebCrawler(settings={"DOWNLOADER_MIDDLEWARES": {"no.such.module": 1}})
    with pytest.raises(EngineError):
        await broken.arun_many(site.urls(2), job=job)
    assert_free(job)
    async with AsyncWebCrawler() as crawler:
        assert len(await crawler.arun_many(site.urls(2), dispatcher=FAST, job=job)) == 2


async def test_bad_folders(crawler, site, tmp_path):
    for value, error in ((5, TypeError), (b"x", TypeError), ("", ValueError)):
        with pytest.raises(error, match=r"^job must be the path of a folder"):
            crawler.arun_many([], job=value)
    (tmp_path / "file").touch()
    with pytest.raises(JobError, match=r"^The folder of the job cannot be used: (file exists|not a directory)\.$"):
        await crawler.arun_many(site.urls(1), job=tmp_path / "file")
    with pytest.raises(JobError, match="has files of something else"):
        await crawler.arun_many(site.urls(1), job=tmp_path)
    assert site.requests == []


async def test_the_setting_names_the_job_of_runs_of_many(site, job):
    urls = site.urls(3)
    async with AsyncWebCrawler(settings={"JOBDIR": str(job)}) as crawler:
        assert len(await crawler.arun_many(urls, dispatcher=FAST)) == 3
        assert sorted(stored(job)) == [0, 1, 2]
        assert (await crawler.arun(urls[0])).success
        assert len(site.requests) == 4
        assert len(await crawler.arun_many(urls, dispatcher=FAST)) == 3
        assert len(site.requests) == 4
        other = job.with_name("other")
        assert len(await crawler.arun_many(urls[:1], job=other)) == 1
        assert stored(other) == [0]
    assert sorted(path.name for path in job.iterdir()) == [
        "index.bin",
        "inputs.bin",
        "job.json",
        "lock",
        "results.jsonl",
    ]


def test_without_asyncio(site, job):
    urls = site.urls(4)
    stream = crawl_many(urls, dispatcher=FAST, job=job, stream=True)
    first = next(stream)
    stream.close()
    assert first.index in stored(job)
    results = crawl_many(urls, dispatcher=FAST, job=job)
    assert [result.url for result in results] == urls
    assert results[first.index] == first


@pytest.mark.slow
def test_the_example_of_the_documentation(site, tmp_path):
    code = re.search(r"^```python\n(.*?)^```", DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)[1]
    code = code.replace("https://example.org", site.url("").rstrip("/"))
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
            timeout=150,
        )
        assert (len(ran.stdout.splitlines()), ran.stderr) == (20, "")
    assert Counter(site.paths()) == Counter(f"/page/{number}" for number in range(20))
    told = set(re.findall(r"^\| `(\S+)` \|", DOCS.read_text("utf-8"), re.MULTILINE))
    assert {path.name for path in (tmp_path / "runs" / "2026-11").iterdir()} == told - {"outputs.json"}


@pytest.mark.slow
def test_a_full_disk_ends_the_run_and_keeps_what_is_there(site, job):
    program = """
import resource, sys
from scrapy_crawl4 import JobError, SemaphoreDispatcher, crawl_many

resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
try:
    for result in crawl_many(sys.argv[2:], job=sys.argv[1], stream=True, dispatcher=SemaphoreDispatcher(2)):
        print(result.index, flush=True)
except JobError as error:
    print(error)
"""
    # What is written together is there together or not at all: the first one is written before the others are there.
    urls = [site.url("/page/0"), *site.urls(39, "/gate/others?{}")]
    with subprocess.Popen(
        [sys.executable, "-c", program, str(job), *urls],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            first = process.stdout.readline()
            site.open_gate("others")
            rest, errors = process.communicate(timeout=150)
        finally:
            process.kill()
    *taken, sentence = (first + rest).splitlines()
    assert sentence == (
        "The folder of the job takes no more: file too large; what is in it is kept, and the same call goes on from "
        "there."
    )
    assert (process.returncode, errors) == (0, "")
    assert 0 < len(taken) < 40
    assert sorted(map(int, taken)) == sorted(stored(job))
    site.reset()
    site.open_gate("others")
    assert len(crawl_many(urls, job=job, dispatcher=MemoryAdaptiveDispatcher(max_session_permit=4))) == 40
    assert len(site.requests) == 40 - len(taken)
