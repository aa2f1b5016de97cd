"""One deadline for all tries of a task, delays between them, and one task of a session at a time."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, CrawlTask, MemoryAdaptiveDispatcher, SemaphoreDispatcher
from scrapy_crawl4.facade.crawl import FIRST_DELAY, LONGEST_DELAY, retry_delay
from scrapy_crawl4.facade.sidelines import Sidelines
from scrapy_crawl4.facade.tasks import make_work
from scrapy_crawl4.turns import Turns

FAST = SemaphoreDispatcher(8)


@pytest.fixture
async def crawler():
    async with AsyncWebCrawler() as crawler:
        yield crawler


async def in_thread(function, *arguments):
    return await asyncio.to_thread(function, *arguments)


@given(st.integers(0, 2000))
def test_delays_between_tries_double_up_to_a_limit(retries):
    expected = min(FIRST_DELAY * 2.0 ** min(retries, 100), LONGEST_DELAY)
    assert 0.75 * expected <= retry_delay(retries) <= 1.25 * expected


async def test_page_timeout_is_one_deadline_over_all_tries(crawler, site):
    # The second delay ends after 1.1 to 1.9 seconds, so that there is time for a third try; the third one after 2.6.
    (result,) = await crawler.arun_many([site.url("/status/500")], dispatcher=FAST, max_retries=50, page_timeout=2400)
    assert result.status_code == 500
    assert 1 <= result.dispatch_result.retries == len(site.requests) - 1 <= 2
    assert result.error_message.startswith("HTTP 500 Internal Server Error after ")


async def test_a_later_try_has_only_the_time_that_is_left(crawler, site):
    site.put("/fails-then-hangs", "no", status=500)
    run = crawler.arun_many([site.url("/fails-then-hangs")], stream=True, max_retries=9, page_timeout=1000)
    await run
    await in_thread(site.wait_for, lambda site: len(site.requests) == 1 and not site.active)
    site.put("/fails-then-hangs", "x", status=302, headers={"Location": "/hang"})
    (result,) = [result async for result in run]
    assert result.error_message == "The page took longer than 1 s (page_timeout)."
    assert result.dispatch_result.retries == 1


async def test_a_task_between_two_tries_holds_no_permit(crawler, site):
    one = SemaphoreDispatcher(1)
    urls = [site.url("/retry-after/between/1?code=500"), *site.urls(3)]
    order = [result.index async for result in crawler.arun_many(urls, dispatcher=one, max_retries=1)]
    assert order == [1, 2, 3, 0]


async def test_a_run_ends_while_tasks_wait_for_another_try(crawler, site):
    run = crawler.arun_many([site.url("/status/500")] * 3, stream=True, dispatcher=FAST, max_retries=50)
    await run
    await in_thread(site.wait_for, lambda site: len(site.requests) == 3 and not site.active)
    await run.aclose()
    assert run.progress.waiting == 0
    assert len(site.requests) == 3


async def test_a_connection_error_is_tried_again_later(crawler, site):
    (result,) = await crawler.arun_many([site.url("/reset")], dispatcher=FAST, max_retries=1)
    assert not result.success
    assert result.dispatch_result.retries == 1
    assert set(site.paths()) == {"/reset"}


async def test_time_that_a_limited_host_asks_for_is_not_the_pages(crawler, site):
    url = site.url("/retry-after/patience/1?after=2")
    (result,) = await crawler.arun_many([url], page_timeout=1000)
    assert result.success
    assert result.dispatch_result.retries == 1


@pytest.mark.parametrize("how", ["config", "task"])
async def test_tasks_of_one_session_run_one_after_another(crawler, site, how):
    urls = [site.url(f"/slow/0.02?n={n}") for n in range(12)]
    if how == "config":
        results = await crawler.arun_many(urls, CrawlerRunConfig(session_id="s"), FAST)
    else:
        results = await crawler.arun_many([CrawlTask(url, session_id="s") for url in urls], dispatcher=FAST)
    assert all(
        result.success and result.session_id == ("s" if how == "config" else result.session_id) for result in results
    )
    assert site.peak == 1
    assert site.paths() == [f"/slow/0.02?n={n}" for n in range(12)]


async def test_sessions_do_not_hold_up_each_other_or_tasks_without_one(crawler, site):
    held = [CrawlTask(site.url("/gate/a"), session_id="a"), CrawlTask(site.url("/page/1"), session_id="a")]
    free = [CrawlTask(site.url(f"/page/{n}"), session_id="b") for n in range(2, 5)] + site.urls(3)
    order = []
    async for result in crawler.arun_many([*held, *free], dispatcher=FAST):
        order.append(result.index)
        if len(order) == len(free):
            assert sorted(order) == list(range(2, 8))
            assert "/page/1" not in site.paths()[:-1] or site.paths().count("/page/1") == 1
            site.open_gate("a")
    assert order[-2:] == [0, 1]


async def test_a_failed_task_lets_the_next_of_its_session_go(crawler, site):
    paths = ["/truncated", "/status/404", "/hang", "/page/1"]
    tasks = [CrawlTask(site.url(path), session_id="s") for path in paths]
    tasks.insert(2, CrawlTask("nothing://at.all/", session_id="s"))
    results = await crawler.arun_many(tasks, dispatcher=FAST, page_timeout=1500)
    assert [result.success for result in results] == [False] * 4 + [True]
    assert site.paths() == paths


async def test_sessions_are_one_for_all_runs_of_a_crawler(crawler, site):
    first = asyncio.ensure_future(crawler.arun(site.url("/gate/first"), session_id="s"))
    await in_thread(site.wait_active, 1)
    second = asyncio.ensure_future(crawler.arun(site.url("/page/1"), session_id="s"))
    other = await crawler.arun(site.url("/page/2"), session_id="t")
    assert other.success
    assert site.paths() == ["/gate/first", "/page/2"]
    site.open_gate("first")
    results = await asyncio.gather(first, second)
    assert all(result.success for result in results)
    assert site.paths()[-1] == "/page/1"


async def test_a_page_of_the_session_may_be_asked_for_while_a_stream_of_it_waits(crawler, site):
    """The stream is not consumed while the inner call runs, and its next page must not keep the session."""
    count = 0
    one = SemaphoreDispatcher(1)
    async for result in crawler.arun_many(site.urls(8), session_id="s", dispatcher=one, lookahead=2):
        inner = await crawler.arun(result.url, session_id="s")
        count += inner.success
    assert count == 8


async def test_cookies_of_a_session_are_kept_over_runs_and_apart_from_others(crawler, site):
    await crawler.arun(site.url("/set-cookie/who/me"), session_id="s")
    mine, other, none = await crawler.arun_many(
        [CrawlTask(site.url("/echo"), session_id="s"), CrawlTask(site.url("/echo"), session_id="t"), site.url("/echo")]
    )
    assert '"who": "me"' in mine.html
    assert "who" not in other.html
    assert "who" not in none.html


async def test_starved_tasks_of_a_session_fail_too(crawler, site):
    never = MemoryAdaptiveDispatcher(
        memory_threshold_percent=0.001, critical_threshold_percent=100, memory_wait_timeout=0.05, check_interval=0.02
    )
    results = await crawler.arun_many(site.urls(5), session_id="s", dispatcher=never)
    assert len(results) == 5
    assert all("memory_wait_timeout" in result.error_message for result in results if not result.success)


async def test_turns_are_forgotten_when_nobody_wants_them():
    turns = Turns()
    order = []

    async def user(name, number):
        async with turns.turn(name):
            order.append((name, number, "in"))
            await asyncio.sleep(0)
            order.append((name, number, "out"))

    async with turns.turn("a"):
        waiting = asyncio.ensure_future(user("a", 0))
        await asyncio.sleep(0)
        waiting.cancel()
        others = [asyncio.ensure_future(user("a", n)) for n in (1, 2)]
        await asyncio.sleep(0)
        assert not order
        await user("b", 3)
    await asyncio.gather(*others)
    assert order == [(name, n, step) for name, n in (("b", 3), ("a", 1), ("a", 2)) for step in ("in", "out")]
    assert len(turns) == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40))
def test_a_session_has_one_task_at_work_and_keeps_their_order(steps):
    """Each step adds a task of a session, or ends the one at work in it."""
    config = CrawlerRunConfig()
    working, started, expected = {}, [], []
    aside = Sidelines(None, lambda work: begin(work), None)

    def begin(work):
        assert work.element.session_id not in working
        working[work.element.session_id] = work
        started.append(work.index)

    for index, (name, ends) in enumerate(steps):
        if ends and name in working:
            aside.leave(working.pop(name))
        else:
            work = make_work(index, CrawlTask("http://a.example/", session_id=name), [config])
            expected.append((name, index))
            if aside.enter(work):
                begin(work)
    while working:
        aside.leave(working.popitem()[1])
    assert len(aside) == 0
    assert sorted(started) == sorted(index for _, index in expected)
    for name in "abc":
        mine = [index for session, index in expected if session == name]
        assert [index for index in started if index in mine] == mine
