"""What always holds, seen from outside, over whole runs; the parts have tests of the same names beside them."""

import asyncio
import gc
import inspect
import random
import threading

import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    CrawlerRunConfig,
    CrawlResult,
    CrawlTask,
    DefaultMarkdownGenerator,
    MemoryAdaptiveDispatcher,
    RateLimiter,
    SemaphoreDispatcher,
    UnsupportedOption,
)
from scrapy_crawl4.config.supported import RUN_BROWSER, RUN_CONTENT, RUN_FETCH

from .resources import Held


def any_elements(site, seed, count):
    """Elements of every kind, good and bad, in a random order."""
    draw = random.Random(seed)
    makers = [
        lambda n: site.url(f"/page/{n}", host=1 + n % 4),
        lambda n: site.url(f"/status/{draw.choice([404, 500, 429, 503])}", host=1 + n % 4),
        lambda n: site.url(f"/retry-after/{seed}-{n}/1?after=0"),
        lambda n: site.url("/truncated"),
        lambda n: site.url("/reset"),
        lambda n: site.url("/redirect/1"),
        lambda n: site.url("/binary"),
        lambda n: site.url("/text"),
        lambda n: "http://127.0.0.1:1/",
        lambda n: f"raw:<p>{n}</p>",
        lambda n: "file:///no/such/file",
        lambda n: draw.choice([None, "", "nothing", 3, "ftp://x/"]),
        lambda n: CrawlTask(site.url("/page/1"), session_id="one"),
        lambda n: CrawlTask(site.url("/hang"), config=CrawlerRunConfig(page_timeout=200)),
    ]
    return [draw.choice(makers)(n) for n in range(count)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["batch", "stream"])
async def test_invariant_1_one_result_per_task(site, seed, kind):
    elements = any_elements(site, f"{seed}{kind}", 60)
    pace = RateLimiter(0, max_delay=0.05, max_retries=1)
    dispatcher = [SemaphoreDispatcher, MemoryAdaptiveDispatcher][seed % 2](max_session_permit=6, rate_limiter=pace)
    async with AsyncWebCrawler() as crawler:
        run = crawler.arun_many(elements, dispatcher=dispatcher, lookahead=20)
        results = await run if kind == "batch" else [result async for result in run]
    assert sorted(result.index for result in results) == list(range(60))
    for result in results:
        element = elements[result.index]
        url = element.url if isinstance(element, CrawlTask) else element
        assert not isinstance(url, str) or result.url == url
        assert result.success is not bool(result.error_message)
    site.release()


async def test_invariant_2_bounded_memory(site):
    """Of a thousand results only those are alive that are in flight or wait to be taken."""
    read = 0

    def urls():
        nonlocal read
        for read in range(1, 1001):
            yield f"raw:<p>one of many {read}</p>"

    def is_alive(thing):  # other tests may have left some of their own
        return type(thing) is CrawlResult and "one of many" in thing.__dict__["url"]

    taken = 0
    most = 0
    dispatcher = SemaphoreDispatcher(4, max_session_permit=4)
    async with AsyncWebCrawler() as crawler:
        async for _ in crawler.arun_many(urls(), dispatcher=dispatcher, lookahead=50):
            taken += 1
            assert read - taken <= 50
            if taken % 50 == 0:
                most = max(most, sum(map(is_alive, gc.get_objects())))
    assert taken == 1000
    # Four in flight, four waiting to be taken, one here, and as many on their way between the loops.
    assert most <= 18


async def test_invariant_3_no_permit_is_held_while_waiting(site):
    dispatcher = SemaphoreDispatcher(2, rate_limiter=RateLimiter(3600))
    async with AsyncWebCrawler() as crawler:
        urls = [*site.urls(10), *[site.url("/page/1", host=n) for n in range(2, 8)]]
        async with crawler.arun_many(urls, dispatcher=dispatcher) as run:
            # One page of each host; nine of the first host then wait for an hour and hold nothing.
            for _ in range(7):
                await anext(run)
            assert run.progress.in_flight == 0
            assert run.progress.waiting == 9


async def test_invariant_4_content_work_is_on_no_loops_thread(site):
    threads = set()

    class Watching(DefaultMarkdownGenerator):
        def generate_markdown(self, *args, **kwargs):
            threads.add(threading.current_thread())
            return super().generate_markdown(*args, **kwargs)

    config = CrawlerRunConfig(markdown_generator=Watching())
    async with AsyncWebCrawler() as crawler:
        results = await crawler.arun_many([*site.urls(3), "raw:<p>x</p>"], config, SemaphoreDispatcher(2))
    assert all(result.success for result in results)
    assert threads
    assert threading.main_thread() not in threads
    assert not any(thread.name == "scrapy-crawl4-engine" for thread in threads)


async def test_invariant_5_no_shared_state_between_runs(site):
    config = CrawlerRunConfig(excluded_tags=["nav"], user_agent="Shared/1")
    dispatcher = MemoryAdaptiveDispatcher(max_session_permit=3, rate_limiter=RateLimiter(0))
    task = CrawlTask(site.url("/page/1"), headers={"X": "1"}, meta={"mine": {}})
    before = (config.clone(), repr(dispatcher), repr(task))
    async with AsyncWebCrawler() as one, AsyncWebCrawler() as two:
        runs = [crawler.arun_many([task] * 10, config, dispatcher) for crawler in (one, two, one)]
        batches = await asyncio.gather(*(run._result() for run in runs))
    assert [[result.index for result in batch] for batch in batches] == [list(range(10))] * 3
    assert (config, repr(dispatcher), repr(task)) == before


def not_ours(lines):
    """What was added but the test itself and the threads that asyncio.to_thread() keeps."""
    return [line for line in lines if "asyncio_" not in line and "test_invariant_6" not in line]


@pytest.mark.parametrize("end", ["batch", "stream", "break", "cancel"])
async def test_invariant_6_nothing_is_left_of_a_run(site, end):
    async with AsyncWebCrawler() as crawler:  # what the first use of the engine opens for good is open now
        await crawler.arun(site.url("/page/1"))
    before = Held.now()
    async with AsyncWebCrawler() as crawler:
        urls = [*site.urls(5), *([site.url("/hang")] * 5 if end in {"break", "cancel"} else [])]
        run = crawler.arun_many(urls, dispatcher=SemaphoreDispatcher(4))
        if end == "batch":
            await run
        elif end == "cancel":
            task = asyncio.ensure_future(run._result())
            await asyncio.to_thread(site.wait_active, 4)
            task.cancel()
            await asyncio.wait({task})
        else:
            async for _ in run:
                if end == "break":
                    break
    del run
    site.release()
    assert await asyncio.to_thread(site.wait_for, lambda site: site.connections == 0)
    async with asyncio.timeout(10):
        while not_ours(before.added(0)):
            await asyncio.sleep(0.01)


NON_DEFAULTS = (True, False, 1, "x", [], {}, object())


@pytest.mark.parametrize("name", list(inspect.signature(CrawlerRunConfig).parameters))
def test_invariant_7_no_option_is_silently_ignored(name):
    if name in RUN_FETCH | RUN_CONTENT | RUN_BROWSER:
        assert name in inspect.signature(CrawlerRunConfig).parameters
        return
    default = getattr(CrawlerRunConfig(), name)
    other = next(value for value in NON_DEFAULTS if value != default)
    with pytest.raises(UnsupportedOption, match=name):
        CrawlerRunConfig(**{name: other})
