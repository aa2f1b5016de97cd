"""Memory of the browser's pages: what is expected of them, and what happens when they take more."""

import json
import sys

import psutil
import pytest

from scrapy_crawl4.dispatch import (
    BROWSER,
    DispatchController,
    MemoryAdaptiveDispatcher,
    MemoryProbe,
    MemorySample,
    SemaphoreDispatcher,
)
from scrapy_crawl4.dispatch.relief import LEAST_WATCH
from scrapy_crawl4.dispatch.tabs import KNOWN, START, SURPRISE, TAB, TabAccount

from .browser import NEEDS_BROWSER
from .cgroup import memory_group, peak_mb, run_in_group


def sample(children=0.0, *, used=100.0, limit=1000.0, largest=0.0):
    return MemorySample(used, limit, used, children, largest)


def opened(hosts, children=0.0):
    """An account that knows pages, in whose run some of *hosts* are open, which one sample has counted."""
    account = TabAccount(_learnt=KNOWN)
    account.sampled(sample())
    for number, host in enumerate(hosts):
        account.open(number, host, 0)
    account.sampled(sample(children))
    return account


# The account


def test_the_browser_itself_is_foreseen_before_its_first_page():
    account = TabAccount()
    account.sampled(sample())
    assert account.next_mb("h", 0) == START + TAB
    account.open(1, "h", 0)
    assert account.growth_mb == START + TAB
    assert account.next_mb("h", 0) == TAB + 2 * SURPRISE


def test_a_browser_that_runs_already_is_not_foreseen_again():
    account = TabAccount()
    account.sampled(sample(START))
    assert account.next_mb("h", 0) == TAB


def test_what_was_promised_stays_promised_until_it_is_measured():
    account = opened("hh", children=0)
    assert account.growth_mb == START + 2 * TAB
    account.sampled(sample(START + 50))
    assert account.growth_mb == pytest.approx(2 * TAB - 50)
    account.sampled(sample(START + 500))
    assert account.growth_mb == 0


def test_pages_of_a_host_are_learnt_from_the_growth_of_the_tree():
    account = opened("ab")
    for number in range(2, 60):
        account.sampled(sample(START + 60 + 200 + 30))
        account.close(number - 2, learn=True)
        account.open(number, "ab"[number % 2], 0)
        account.sampled(sample(START + 260))
    assert account.next_mb("a", 0) - SURPRISE > TAB


def test_hosts_are_told_apart():
    account = TabAccount()
    account.sampled(sample())
    number = 0
    for host, size in (("small", 50), ("large", 300)) * 12:
        account.open(number, host, 0)
        account.sampled(sample(START / 2))
        account.sampled(sample(START + size))
        account.close(number, learn=True)
        number += 1
    small, large = (account.next_mb(host, 0) for host in ("small", "large"))
    account.open(number, "small", 0)
    assert small < 100
    assert 280 < large < 500 + START


def test_a_page_that_was_taken_back_is_expected_to_need_more_each_time():
    account = opened("h")
    assert [account.next_mb("h", sheds) - SURPRISE for sheds in range(3)] == [TAB, 2 * TAB, 4 * TAB]


def test_a_page_that_was_taken_back_often_can_still_be_tried():
    crawl = Crawl(1)
    for _ in range(30):
        assert crawl.control.sample(sample(START, used=400, limit=700)) is None
        crawl.control.requeue(crawl.sessions.pop(), shed=True)
        assert not crawl.control.is_tight
        crawl.sessions.append(crawl.control.start_next())
    assert crawl.control.load().expected_percent < 95


def test_room_is_kept_for_the_largest_page_that_was_seen():
    account = opened("h")
    account.sampled(sample(START + 600, largest=400))
    assert account.next_mb("h", 0) == TAB + 400
    for _ in range(100):
        account.sampled(sample(START + 80, largest=60))
    assert account.next_mb("h", 0) == TAB + SURPRISE


def test_what_is_about_to_come_back_is_waited_for():
    account = opened("hh")
    account.sampled(sample(START + 600))
    account.take_back(1)
    assert account.closing_mb == pytest.approx(300)
    account.close(1, learn=False)
    assert account.closing_mb == 0


def test_a_browser_whose_processes_nobody_has_seen_teaches_nothing():
    account = opened("h", children=0)
    account.sampled(sample(0))
    account.close(0, learn=True)
    assert account.next_mb("h", 0) == START + TAB


def test_no_page_is_expected_to_need_next_to_nothing():
    account = opened("h", children=START)
    account.sampled(sample(START + 1))
    account.close(0, learn=True)
    assert account.next_mb("h", 0) >= 40


# Taking back


class Crawl:
    """A controller with so many pages of a browser in flight."""

    def __init__(self, number, dispatcher=None):
        self.now = 0.0
        self.control = DispatchController(dispatcher or MemoryAdaptiveDispatcher(), clock=lambda: self.now)
        for task in range(number):
            self.control.add(task, "h", BROWSER)
        self.control.sample(sample(limit=10_000))
        self.sessions = []
        while (session := self.control.start_next()) is not None:
            self.sessions.append(session)
            self.control.sample(sample(limit=10_000, children=START + TAB * len(self.sessions)))
        assert len(self.sessions) == number


def test_memory_is_watched_more_closely_the_less_there_is():
    crawl = Crawl(2)
    seconds = []
    for used in (1000, 8000, 9500, 9990):
        crawl.control.glance(sample(used=used, limit=10_000))
        seconds.append(crawl.control.watch_in())
    assert seconds[0] == 1.0
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[-1] == LEAST_WATCH
    assert Crawl(1, SemaphoreDispatcher(3)).control.watch_in() is None
    assert Crawl(0).control.watch_in() is None


def test_the_youngest_page_is_closed_and_no_other_while_it_gives_back():
    crawl = Crawl(3)
    control = crawl.control
    critical = sample(START + 3 * 300, used=9600, limit=10_000)
    assert not control.glance(sample(START + 900, used=9400, limit=10_000))
    crawl.now += 10
    assert control.glance(critical)
    control.sample(critical)
    assert control.sample(critical) is None or crawl.sessions[2].taken_back
    taken = [session.taken_back for session in crawl.sessions]
    assert taken == [False, False, True]
    assert not control.glance(critical), "its 300 MB are on their way"
    control.requeue(crawl.sessions[2], shed=True)
    crawl.now += 10
    assert control.glance(critical)


def test_what_grows_fast_is_taken_back_before_it_is_too_late():
    crawl = Crawl(2)
    for used in (7000, 7010):
        assert not crawl.control.glance(sample(used=used, limit=10_000))
        crawl.now += 0.1
    assert not crawl.control.glance(sample(used=8000, limit=10_000))
    crawl.now += 0.1
    assert crawl.control.glance(sample(used=9000, limit=10_000)), "10000 MB a second"
    assert crawl.control.sample(sample(START + 5000, used=9000, limit=10_000)) is crawl.sessions[1]


def test_a_page_that_fills_the_memory_alone_is_given_up():
    crawl = Crawl(1)
    full = sample(9000, used=9800, limit=10_000)
    assert not crawl.control.glance(sample(9000, used=9700, limit=10_000))
    assert crawl.control.glance(full)
    session = crawl.control.sample(full)
    assert session is crawl.sessions[0]
    assert session.job.refusal == "The page needs more than 9100 MB in the browser, limit is 10000 MB."


def test_a_page_that_something_else_leaves_no_room_for_is_not_given_up():
    crawl = Crawl(1)
    assert crawl.control.sample(sample(START + 80, used=9900, limit=10_000)) is None


# Measuring


def test_files_that_processes_map_count_once():
    sleeper = "import sys; print(flush=True); sys.stdin.read()"
    processes = [psutil.Popen([sys.executable, "-c", sleeper], stdin=-1, stdout=-1) for _ in range(3)]
    try:
        for process in processes:
            process.stdout.readline()
        probe = MemoryProbe()
        measured = probe.sample()
        resident = [process.memory_info().rss / 2**20 for process in processes]
        own = psutil.Process().memory_info().rss / 2**20
        assert max(resident) < measured.process_mb - own + 20 < sum(resident) + 20
        assert 0 < measured.largest_child_mb <= measured.children_mb < sum(resident)
        glanced = probe.glance()
        assert (glanced.children_mb, glanced.limit_mb) == (measured.children_mb, measured.limit_mb)
    finally:
        for process in processes:
            process.communicate(b"")


# With a real browser in a real group


def in_browser(test):
    """Mark *test* as one that starts a browser."""
    for mark in NEEDS_BROWSER:
        test = mark(test)
    return test


CRAWL = """
import asyncio, json, sys
from scrapy_crawl4 import AsyncWebCrawler, MemoryAdaptiveDispatcher
async def main():
    told = {"fine": 0, "sheds": 0, "errors": []}
    async with AsyncWebCrawler() as crawler:
        run = crawler.arun_many(sys.argv[1:], render="browser", stream=True, dispatcher=MemoryAdaptiveDispatcher())
        async for result in run:
            told["fine"] += result.success and ("/big" in result.url) == ("grown" in result.html)
            told["sheds"] += result.dispatch_result.sheds
            if result.error_message:
                told["errors"].append(result.error_message)
    print(json.dumps(told))
asyncio.run(main())
"""


def growing(mb):
    """A page that takes so many MB, all of them in use."""
    return f"""<h1>Page</h1><script>window.held = []; for (let n = 0; n < {mb} / 10; n++)
        held.push(new Uint8Array(10 << 20).fill(1)); document.body.append("gro" + "wn")</script>"""


def kills(group):
    lines = (group / "memory.oom_control").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))


@pytest.mark.slow
@pytest.mark.timeout(280)
@in_browser
def test_pages_that_grow_by_150_mb_in_700_mb(site):
    site.put("/big", growing(150))
    site.put("/small", "<h1>Page</h1>" + "<p>text</p>" * 100)
    # One among others, and three in a row, which do not fit together.
    urls = [site.url("/big" if number in {7, 16, 17, 18} else "/small") + f"?{number}" for number in range(24)]
    with memory_group(700) as group:
        done = run_in_group(group, CRAWL, *urls)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert (told["fine"], told["errors"]) == (24, [])
        assert kills(group) == 0
        assert peak_mb(group) < 700


@pytest.mark.slow
@pytest.mark.timeout(280)
@in_browser
def test_a_page_that_can_never_fit_is_one_failed_result(site):
    site.put("/big", growing(2000).replace("fill(1))", "fill(1)), wait(50)").replace("<script>", WAIT))
    site.put("/small", "<h1>Page</h1>")
    with memory_group(600) as group:
        done = run_in_group(group, CRAWL, site.url("/small"), site.url("/big"), site.url("/small?2"))
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
    assert told["fine"] == 2
    assert len(told["errors"]) == 1
    assert told["errors"][0].endswith("MB in the browser, limit is 600 MB.")


WAIT = "<script>const wait = ms => { const end = Date.now() + ms; while (Date.now() < end); };"
