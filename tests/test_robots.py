"""robots.txt behind the facade: whom it counts for, and how often it is asked for."""

from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, CrawlTask, HTTPCrawlerConfig, SemaphoreDispatcher
from scrapy_crawl4.facade.recent import Recent

FAST = SemaphoreDispatcher(8)
OBEY = CrawlerRunConfig(check_robots_txt=True)


@pytest.fixture
async def crawler():
    async with AsyncWebCrawler() as crawler:
        yield crawler


async def test_one_fetch_for_each_host_over_all_tasks_and_runs(crawler, site):
    for _ in range(2):
        results = await crawler.arun_many(site.urls(24, hosts=3), OBEY, FAST)
        assert all(result.success for result in results)
    asked = [seen.host for seen in site.requests if seen.path == "/robots.txt"]
    assert sorted(asked) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


@pytest.mark.parametrize("status", [404, 500])
async def test_a_missing_one_is_remembered(crawler, site, status):
    site.put("/robots.txt", "nothing here", status=status)
    for _ in range(2):
        results = await crawler.arun_many(site.urls(6), OBEY, FAST)
        assert all(result.success for result in results)
    assert site.paths().count("/robots.txt") == 1


async def test_a_refusal_is_a_failed_result_that_says_so(crawler, site):
    site.set_robots("User-agent: *\nDisallow: /page/\n")
    results = await crawler.arun_many(site.urls(3), OBEY, FAST)
    for result in results:
        assert (result.success, result.status_code) == (False, 403)
        assert result.error_message.startswith("robots.txt disallows ")
    assert site.paths() == ["/robots.txt"]


async def test_the_rules_are_those_for_the_name_of_each_request(crawler, site):
    site.set_robots("User-agent: badbot\nDisallow: /\n\nUser-agent: *\nDisallow: /page/2\n")
    bad = OBEY.clone(user_agent="badbot/1.0")
    good = OBEY.clone(user_agent="goodbot/1.0")
    tasks = [CrawlTask(site.url(f"/page/{n}"), config=config) for config in (good, bad) for n in (1, 2)]
    tasks.append(CrawlTask(site.url("/page/1"), config=OBEY, headers={"User-Agent": "badbot/2.0"}))
    results = await crawler.arun_many(tasks, dispatcher=FAST)
    assert [result.success for result in results] == [True, False, False, False, False]


async def test_it_is_fetched_by_the_name_of_the_request(crawler, site):
    await crawler.arun(site.url("/page/1"), OBEY, user_agent="mybot/1.0")
    assert [(seen.path, seen.headers["user-agent"]) for seen in site.requests] == [
        ("/robots.txt", "mybot/1.0"),
        ("/page/1", "mybot/1.0"),
    ]


async def test_a_name_in_the_headers_of_the_crawler_counts_too(site):
    site.set_robots("User-agent: badbot\nDisallow: /\n")
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(headers={"User-Agent": "badbot/1.0"})) as crawler:
        result = await crawler.arun(site.url("/page/1"), OBEY)
    assert result.status_code == 403


async def test_the_name_of_the_settings_is_the_last_resort(site):
    site.set_robots("User-agent: badbot\nDisallow: /\n\nUser-agent: worsebot\nDisallow: /page/2\n")
    async with AsyncWebCrawler(settings={"USER_AGENT": "badbot/1.0"}) as crawler:
        assert not (await crawler.arun(site.url("/page/1"), OBEY)).success
    async with AsyncWebCrawler(settings={"USER_AGENT": "badbot", "ROBOTSTXT_USER_AGENT": "worsebot"}) as crawler:
        assert (await crawler.arun(site.url("/page/1"), OBEY)).success
        assert not (await crawler.arun(site.url("/page/2"), OBEY)).success


async def test_redirects_are_asked_for_too(crawler, site):
    site.set_robots("User-agent: *\nDisallow: /page/\n", host=2)
    result = await crawler.arun(site.url(f"/redirect-to?url={site.url('/page/1', host=2)}"), OBEY)
    assert (result.success, result.status_code) == (False, 403)
    assert not [seen for seen in site.requests if seen.path == "/page/1"]


async def test_a_host_that_cannot_be_asked_forbids_nothing_and_is_not_asked_again(crawler, site):
    site.put("/robots.txt", b"x" * 3_000_000)
    async with AsyncWebCrawler(settings={"DOWNLOAD_MAXSIZE": 1_000_000}) as small:
        results = await small.arun_many(site.urls(4), OBEY, FAST)
    assert all(result.success for result in results)
    assert site.paths().count("/robots.txt") == 1


@given(st.integers(1, 5), st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=60))
def test_only_the_last_used_are_remembered(most, steps):
    recent, model = Recent(most), OrderedDict()
    for key, puts in steps:
        if puts:
            recent[key] = model[key] = str(key)
            model.move_to_end(key)
            while len(model) > most:
                model.popitem(last=False)
        else:
            assert (key in recent) == (key in model)
            if key in model:
                assert recent[key] == model[key]
                model.move_to_end(key)
        assert len(recent) == len(model) <= most
