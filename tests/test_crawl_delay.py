"""What robots.txt says about pace: Crawl-delay and Request-rate."""

import asyncio
from contextlib import aclosing
from itertools import pairwise
from random import Random
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.robotstxt import ProtegoRobotParser, PythonRobotParser

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, CrawlTask
from scrapy_crawl4.crawl_delay import crawl_delay
from scrapy_crawl4.dispatch import LOCAL, DispatchController, RateLimiter, SemaphoreDispatcher
from scrapy_crawl4.facade.tasks import make_work

from .crawling import run_spider
from .simulation import Limits, Loop, Reply, Run

# The controller, in simulated time


def gaps(run, host="h"):
    return [after - before for before, after in pairwise(run.started(host))]


def slow_run(*, dispatcher=None, **options):
    return Run(dispatcher or SemaphoreDispatcher(5), serve=lambda session: Reply(0.1), **options)


def test_a_host_keeps_the_interval_it_asked_for():
    run = slow_run()
    run.controller.slow_down("h", 0.3)
    run.crawl([(n, "h") for n in range(10)] + [(n, "other") for n in range(10)])
    assert run.started("h")[0] == 0
    assert gaps(run) == pytest.approx([0.3] * 9)
    assert max(run.started("other")) < 0.3, "nobody else is slowed down"


def test_it_counts_from_the_moment_it_is_learnt():
    run = slow_run().add((n, "h") for n in range(7))
    assert run.started() == [0] * 5
    run.loop.run(0.05)
    run.controller.slow_down("h", 2.0)
    run.loop.run()
    assert run.started()[5:] == pytest.approx([2.05, 4.05])


@pytest.mark.parametrize(
    ("limiter", "delay", "asked", "kept"),
    [
        (None, 0.0, 3.0, 3.0),
        (None, 0.0, 86400.0, 60.0),
        (RateLimiter(1.0), 0.0, 3.0, 3.0),
        (RateLimiter(5.0), 0.0, 3.0, 5.0),
        (RateLimiter(0.0, max_delay=2.0), 0.0, 3.0, 2.0),
        (None, 4.0, 3.0, 4.0),
        (None, 1.0, 3.0, 3.0),
    ],
)
def test_it_is_a_lower_bound_that_max_delay_caps(limiter, delay, asked, kept):
    limits = {"h": Limits(delay=delay)}
    run = slow_run(dispatcher=SemaphoreDispatcher(5, rate_limiter=limiter), host_limits=limits.get)
    run.controller.slow_down("h", asked)
    run.crawl((n, "h") for n in range(4))
    assert gaps(run) == pytest.approx([kept] * 3)


def test_the_longest_counts_and_lasts_for_the_run():
    run = slow_run()
    for seconds in (0.1, 3.0, 1.0, 0.0):
        run.controller.slow_down("h", seconds)
    run.crawl([("a", "h"), ("b", "h")])
    run.loop.run(1000)
    run.controller.sample(None)
    assert len(run.controller._queues) == 0, "an idle host is forgotten"
    run.add([("c", "h"), ("d", "h")]).loop.run()
    assert gaps(run) == pytest.approx([3.0, run.started()[2] - 3.0, 3.0])


def test_local_tasks_are_never_slowed_down():
    run = slow_run()
    run.controller.slow_down(LOCAL, 5.0)
    run.crawl((n, LOCAL) for n in range(5))
    assert run.started() == [0] * 5


def test_a_raised_limit_is_seen_at_once():
    limits = Limits(concurrency=1)
    run = slow_run(host_limits=lambda host: limits).add((n, "h") for n in range(3))
    assert len(run.starts) == 1
    limits.concurrency = 8
    run.controller.slow_down("h", 0.0)
    run.driver.pump()
    assert len(run.starts) == 3


@given(
    asked=st.lists(st.tuples(st.floats(0, 5), st.sampled_from("ab"), st.floats(0, 3)), max_size=6),
    base=st.floats(0, 1),
    seed=st.integers(0, 10),
)
def test_no_two_starts_are_closer_than_what_was_asked_before(asked, base, seed):
    run = slow_run(dispatcher=SemaphoreDispatcher(3, rate_limiter=RateLimiter(base, max_delay=2.0)), seed=seed)
    told = {"a": [], "b": []}

    def tell(host, seconds):
        told[host].append((run.loop.now, min(seconds, 2.0)))
        run.controller.slow_down(host, seconds)
        run.driver.pump()

    for when, host, seconds in asked:
        run.loop.call_later(when, lambda host=host, seconds=seconds: tell(host, seconds))
    run.add((n, "ab"[n % 2]) for n in range(20))
    run.loop.run()
    assert len(run.ends) == 20
    for host, said in told.items():
        for before, after in pairwise(start.at for start in run.starts if start.host == host):
            known = max((seconds for when, seconds in said if when < before), default=0.0)
            assert after - before >= max(known, base) - 1e-9


def test_moves_do_not_grow_with_what_is_told():
    loop = Loop()
    control = DispatchController(SemaphoreDispatcher(1), clock=loop.time, random=Random(0))
    for number in range(1000):
        control.slow_down(f"h{number % 10}", 1.0)
    assert control._queues.moves == 0
    assert len(control._queues) == 0, "hosts without tasks have no state"


# What a robots.txt says


def rules(text, parser=ProtegoRobotParser):
    return parser(text.encode(), None)


@pytest.mark.parametrize("parser", [ProtegoRobotParser, PythonRobotParser])
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("User-agent: *\nDisallow: /private\n", 0.0),
        ("User-agent: *\nCrawl-delay: 3\n", 3.0),
        ("User-agent: *\nRequest-rate: 1/5\n", 5.0),
        ("User-agent: *\nRequest-rate: 10/5\nCrawl-delay: 0\n", 0.5),
        ("User-agent: *\nRequest-rate: 1/5\nCrawl-delay: 8\n", 8.0),
        ("User-agent: other\nCrawl-delay: 3\n", 0.0),
        ("User-agent: other\nCrawl-delay: 3\n\nUser-agent: mine\nCrawl-delay: 4\n", 4.0),
        ("User-agent: *\nCrawl-delay: soon\n", 0.0),
        ("User-agent: *\nCrawl-delay: -3\n", 0.0),
        ("User-agent: *\nRequest-rate: 0/5\n", 0.0),
        ("", 0.0),
    ],
)
def test_delay_and_rate(parser, text, seconds):
    assert crawl_delay(rules(text, parser), "mine") == seconds
    assert crawl_delay(rules(text, parser), b"mine") == seconds


def test_decimals_and_units_where_the_parser_knows_them():
    assert crawl_delay(rules("User-agent: *\nCrawl-delay: 0.3\n"), "mine") == 0.3
    assert crawl_delay(rules("User-agent: *\nRequest-rate: 1/2m\n"), "mine") == 120
    assert crawl_delay(rules("User-agent: *\nCrawl-delay: inf\n"), "mine") == 0
    assert crawl_delay(None, "mine") == 0


@given(st.text(alphabet="User-agent: *\nCrawl-delayRequest-rate0123456789./smhinf", max_size=60))
def test_any_robots_txt_gives_a_number_of_seconds(text):
    for start in ("", "User-agent: *\nCrawl-delay: ", "User-agent: *\nRequest-rate: "):
        assert 0 <= crawl_delay(rules(start + text), "mine") < float("inf")


# The facade

DELAYED = "User-agent: *\nCrawl-delay: 0.3\nDisallow: /private\n"
JITTER = 0.08
"""A request arrives later than it starts, and not always by the same: what two arrivals may be closer."""


@pytest.fixture
async def crawler():
    async with AsyncWebCrawler() as crawler:
        yield crawler


def arrivals(site, host=1):
    return [seen.time for seen in site.requests if seen.host == site.hosts[host - 1] and seen.path != "/robots.txt"]


def closest(site, host=1):
    return min(after - before for before, after in pairwise(arrivals(site, host)))


@pytest.mark.parametrize("again", [False, True], ids=["first", "known"])
async def test_pages_come_as_far_apart_as_robots_txt_says(crawler, site, again):
    site.set_robots(DELAYED, host=1)
    if again:
        await crawler.arun(site.url("/page/9"), check_robots_txt=True)
    pages = len(arrivals(site))
    urls = [*site.urls(5), *(site.url(f"/page/{number}", host=2) for number in range(20))]
    results = await crawler.arun_many(urls, dispatcher=SemaphoreDispatcher(10), check_robots_txt=True)
    assert all(result.success for result in results)
    assert len(arrivals(site)) == 5 + pages
    slow = arrivals(site)[pages:]
    assert min(after - before for before, after in pairwise(slow)) >= 0.3 - JITTER
    assert site.paths().count("/robots.txt") == 2
    assert [result.dispatch_result.retries for result in results] == [0] * 25
    assert [result.dispatch_result.sheds for result in results] == [0] * 25
    assert arrivals(site, 2)[-1] < slow[-1], "the other host is not slowed down"


async def test_who_does_not_ask_for_robots_txt_is_not_slowed_down(crawler, site):
    site.set_robots("User-agent: *\nCrawl-delay: 50\n")
    results = await crawler.arun_many(site.urls(5), dispatcher=SemaphoreDispatcher(5))
    assert all(result.success for result in results)
    assert "/robots.txt" not in site.paths()


async def test_the_rules_for_our_name_count(crawler, site):
    site.set_robots("User-agent: other\nCrawl-delay: 50\n\nUser-agent: patient\nRequest-rate: 10/3\n")
    config = CrawlerRunConfig(check_robots_txt=True, user_agent="patient/1.0")
    results = await crawler.arun_many(site.urls(3), config=config, dispatcher=SemaphoreDispatcher(5))
    assert all(result.success for result in results)
    assert closest(site) >= 0.3 - JITTER


async def test_max_delay_caps_what_robots_txt_asks_for(crawler, site):
    site.set_robots("User-agent: *\nCrawl-delay: 86400\n")
    policy = SemaphoreDispatcher(5, rate_limiter=RateLimiter(0, max_delay=0.3))
    results = await crawler.arun_many(site.urls(3), dispatcher=policy, check_robots_txt=True)
    assert all(result.success for result in results)
    assert closest(site) >= 0.3 - JITTER


async def test_only_one_session_waits_for_robots_txt_and_the_others_hold_no_permit(crawler, site):
    """With two permits, a host that takes its time over robots.txt leaves one to the others."""
    site.hold_robots()
    urls = [*site.urls(5), *(site.url(f"/page/{number}", host=2) for number in range(5))]
    tasks = [CrawlTask(url, config=CrawlerRunConfig(check_robots_txt=number < 5)) for number, url in enumerate(urls)]
    async with aclosing(crawler.arun_many(tasks, dispatcher=SemaphoreDispatcher(2), stream=True)) as results:
        first = [await anext(aiter(results)) for _ in range(5)]
        assert sorted(result.index for result in first) == [5, 6, 7, 8, 9]
        site.release()
        rest = [result async for result in results]
    assert sorted(result.index for result in rest) == [0, 1, 2, 3, 4]
    assert all(result.success for result in first + rest)


async def test_a_first_session_that_fails_before_it_knows_leaves_it_to_the_next(crawler, site):
    site.set_robots(DELAYED)
    site.hold_robots()
    config = CrawlerRunConfig(check_robots_txt=True, page_timeout=1000)
    results = await crawler.arun_many(site.urls(3), config=config, dispatcher=SemaphoreDispatcher(3))
    assert [result.success for result in results] == [False] * 3
    assert all("page_timeout" in result.error_message for result in results)
    assert site.paths() == ["/robots.txt"] * 3, "one after the other"


async def test_a_request_that_leaves_robots_txt_aside_holds_up_nobody(crawler, site):
    site.set_robots("User-agent: *\nDisallow: /\nCrawl-delay: 50\n")
    tasks = [CrawlTask(url, meta={"dont_obey_robotstxt": True}) for url in site.urls(5, "/gate/all?{}")]

    async def batch():
        return await crawler.arun_many(tasks, dispatcher=SemaphoreDispatcher(5), check_robots_txt=True)

    run = asyncio.ensure_future(batch())
    assert await asyncio.to_thread(site.wait_active, 5)
    site.open_gate("all")
    assert all(result.success for result in await run)
    assert "/robots.txt" not in site.paths()


@pytest.mark.parametrize("url", ["http://bücher.example/ä?ü=1", "http://BÜCHER.example:80/", "http://☃..x/"])
def test_a_host_has_the_name_that_requests_have(url):
    """Otherwise what its robots.txt says would be kept for a host without tasks."""
    assert make_work(0, url, [CrawlerRunConfig()]).host == urlsplit(Request(url).url).hostname


# scrapy crawl

SPIDER = """
class TheSpider(Spider):
    name = "patient"

    async def start(self):
        for number in range(5):
            yield Request(url(f"/page/{number}"))
            yield Request(url(f"/page/{number}", host=2))

    def parse(self, response):
        yield {"url": response.url}
"""


@pytest.mark.parametrize("reactor", ["asyncio", "none", "select"])
def test_a_project_that_wants_it_keeps_crawl_delay(site, tmp_path, reactor):
    site.set_robots(DELAYED, host=1)
    settings = {"ROBOTSTXT_OBEY": True, "CRAWL4_OBEY_CRAWL_DELAY": True}
    crawl = run_spider(site, tmp_path, SPIDER, reactor=reactor, **settings)
    assert len(crawl.items) == 10
    assert closest(site) >= 0.3 - JITTER
    assert arrivals(site, 2)[-1] < arrivals(site)[-1]


@pytest.mark.parametrize(
    "settings",
    [{"ROBOTSTXT_OBEY": True}, {"CRAWL4_OBEY_CRAWL_DELAY": True}, {}],
    ids=["not wanted", "no robots.txt", "neither"],
)
def test_a_project_that_says_nothing_of_it_is_not_slowed_down(site, tmp_path, settings):
    site.set_robots("User-agent: *\nCrawl-delay: 50\n")
    crawl = run_spider(site, tmp_path, SPIDER, **settings)
    assert len(crawl.items) == 10


def test_the_longest_of_all_delays_counts(site, tmp_path):
    site.set_robots("User-agent: *\nCrawl-delay: 0.1\n")
    delays = {"DOWNLOAD_DELAY": 0.3, "DOWNLOAD_DELAY_JITTER": 0}
    crawl = run_spider(site, tmp_path, SPIDER, ROBOTSTXT_OBEY=True, CRAWL4_OBEY_CRAWL_DELAY=True, **delays)
    assert len(crawl.items) == 10
    assert closest(site) >= 0.3 - JITTER


def test_a_slot_of_its_own_is_slowed_down_too(site, tmp_path):
    site.set_robots(DELAYED)
    source = SPIDER.replace('url(f"/page/{number}")', 'url(f"/page/{number}"), meta={"download_slot": "own"}')
    settings = {"ROBOTSTXT_OBEY": True, "CRAWL4_OBEY_CRAWL_DELAY": True}
    crawl = run_spider(site, tmp_path, source, **settings)
    assert len(crawl.items) == 10
    assert closest(site) >= 0.3 - JITTER
