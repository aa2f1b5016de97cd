"""The cache, as the users of the facade see it."""

import asyncio
import gzip
import json
import os
import sqlite3
import subprocess
import sys
import time
from argparse import ArgumentParser
from contextlib import closing

import pytest
from scrapy import Request, Spider
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from scrapy_crawl4 import AsyncWebCrawler, CacheMode, CrawlerRunConfig, CrawlResult, CrawlTask, stats
from scrapy_crawl4.commands.options import BadUsage, Options, add_options
from scrapy_crawl4.downloadermiddlewares.http_cache import HttpCacheMiddleware

from .crawling import ROOT, run_spider

CHALLENGE = """<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><script>
window._cf_chl_opt = {cvId: '3'}; a.src = '/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1?ray=1';
</script></body></html>"""
QUICK = {"mean_delay": 0, "max_range": 0}


@pytest.fixture
def settings(tmp_path):
    return {"HTTPCACHE_DIR": str(tmp_path / "cache")}


async def crawl(settings, *elements, mode=CacheMode.ENABLED, **options):
    """The results of a crawler of its own: what is in the cache then is on the disk."""
    async with AsyncWebCrawler(settings=settings) as crawler:
        return await crawler.arun_many(elements, cache_mode=mode, **(QUICK | options))


async def statuses(settings, *elements, **options):
    return [result.cache_status for result in await crawl(settings, *elements, **options)]


# Modes


@pytest.mark.parametrize(
    ("mode", "when_empty", "reads", "writes"),
    [
        (CacheMode.ENABLED, "miss", True, True),
        (None, "miss", True, True),
        ("read_only", "miss", True, False),
        (CacheMode.WRITE_ONLY, "miss", False, True),
        (CacheMode.BYPASS, None, False, False),
        (CacheMode.DISABLED, None, False, False),
    ],
)
async def test_each_mode_reads_and_writes_what_it_says(site, settings, tmp_path, mode, when_empty, reads, writes):
    site.put("/a", "<p>old</p>")
    url = site.url("/a")
    assert await statuses(settings, url, mode=mode) == [when_empty]
    assert (tmp_path / "cache").exists() == writes
    assert await statuses(settings, url) == ["hit" if writes else "miss"]
    site.put("/a", "<p>new</p>")
    (result,) = await crawl(settings, url, mode=mode)
    assert result.markdown.strip() == ("old" if reads else "new")
    assert result.cache_status == ("hit" if reads else when_empty)
    (kept,) = await crawl(settings, url, mode=CacheMode.READ_ONLY)
    assert kept.markdown.strip() == ("new" if writes and not reads else "old")


async def test_nothing_is_made_on_disk_without_need(site, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    await crawl({}, site.url("/page/1"), mode=CacheMode.BYPASS)
    await crawl({}, site.url("/page/1"), mode=CacheMode.READ_ONLY)
    assert list(tmp_path.iterdir()) == []
    await crawl({}, site.url("/page/1"))
    assert (tmp_path / "home" / "scrapy-crawl4" / "responses.sqlite").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


async def test_base_directory_is_the_folder(site, tmp_path):
    for expected in ("miss", "hit"):
        async with AsyncWebCrawler(base_directory=tmp_path / "here") as crawler:
            result = await crawler.arun(site.url("/page/1"), cache_mode="enabled")
        assert result.cache_status == expected
    assert (tmp_path / "here" / "responses.sqlite").exists()


def test_the_folder_is_said_once(settings):
    with pytest.raises(ValueError, match="base_directory or the setting HTTPCACHE_DIR, not both"):
        AsyncWebCrawler(base_directory="x", settings=settings)


async def test_scrapys_switch_counts_where_no_mode_is_given(site, settings):
    settings["HTTPCACHE_ENABLED"] = True
    async with AsyncWebCrawler(settings=settings) as crawler:
        urls = [site.url("/page/1"), site.url("/status/404")]
        for expected in ("miss", "hit"):
            page, missing = await crawler.arun_many(urls, **QUICK)
            assert page.cache_status == expected
            assert (missing.cache_status, missing.status_code) == ("miss", 404)
        bypassed = await crawler.arun(urls[0], cache_mode="bypass")
        assert bypassed.cache_status is None
    assert site.paths() == ["/page/1", "/status/404", "/status/404", "/page/1"]


# Hits


async def test_a_hit_is_complete(site, settings):
    body = "<title>T</title><p>Grüße</p><a href=x>x</a>".encode("latin-1")
    headers = {"X-One": "1", "Set-Cookie": "a=b", "ETag": '"e"'}
    site.put("/a", body, content_type="text/html; charset=iso-8859-1", headers=headers)
    before = time.time()
    (fetched,) = await crawl(settings, site.url("/a"))
    between = time.time()
    (hit,) = await crawl(settings, site.url("/a"))
    assert before <= hit.cached_at <= between
    assert fetched.cached_at is None
    assert hit.metadata["title"] == "T"
    assert "Grüße" in hit.markdown
    assert hit.response_headers["x-one"] == "1"
    own = {"cache_status", "cached_at", "dispatch_result", "crawl_stats"}
    assert hit.model_dump(exclude=own) == fetched.model_dump(exclude=own)


async def test_packed_bodies_are_kept_as_they_came(site, settings, tmp_path):
    text = "<p>" + "words " * 5000
    site.put("/a", gzip.compress(text.encode()), headers={"Content-Encoding": "gzip"})
    for expected in ("miss", "hit"):
        (result,) = await crawl(settings, site.url("/a"))
        assert (result.cache_status, result.html) == (expected, text)
    assert (tmp_path / "cache" / "responses.sqlite").stat().st_size < len(text) * 2


async def test_a_chain_of_redirects_comes_back_as_it_was(site, settings):
    (fetched,) = await crawl(settings, site.url("/redirect/3"))
    asked = len(site.requests)
    (hit,) = await crawl(settings, site.url("/redirect/3"))
    assert len(site.requests) == asked
    assert hit.cache_status == "hit"
    assert hit.url == site.url("/redirect/3")
    assert hit.redirected_url == fetched.redirected_url == site.url("/page/0")
    assert len(hit.crawl_stats["redirects"]) == 3
    assert hit.crawl_stats["redirects"] == fetched.crawl_stats["redirects"]
    assert hit.crawl_stats["proxies_used"] == []
    assert hit.markdown == fetched.markdown


async def test_each_configuration_gets_its_own_content(site, settings):
    site.put("/a", "<p class=x>one</p><p class=y>two</p>")
    (one,) = await crawl(settings, site.url("/a"), css_selector=".x")
    (two,) = await crawl(settings, site.url("/a"), css_selector=".y")
    assert (one.markdown.strip(), two.markdown.strip()) == ("one", "two")
    assert two.cache_status == "hit"
    assert len(site.requests) == 1


async def test_a_large_body_is_the_same(site, settings):
    for expected in ("miss", "hit"):
        (result,) = await crawl(settings, site.url("/size/3000000"))
        assert (result.cache_status, len(result.html)) == (expected, 3_000_000)


# What is never kept


@pytest.mark.parametrize("path", ["/status/404", "/status/500", "/status/410"])
async def test_errors_are_not_kept(site, settings, path):
    assert await statuses(settings, site.url(path)) == ["miss"]
    assert await statuses(settings, site.url(path)) == ["miss"]


async def test_rate_limits_are_not_kept(site, settings):
    url = site.url("/retry-after/key/1?after=0&code=429")
    (first,) = await crawl(settings, url)
    assert first.status_code == 200
    assert first.dispatch_result.retries == 1
    assert await statuses(settings, url) == ["hit"]


@pytest.mark.parametrize("packed", [False, True])
async def test_block_pages_are_not_kept(site, settings, packed):
    headers = {"Content-Encoding": "gzip"} if packed else {}
    site.put("/a", gzip.compress(CHALLENGE.encode()) if packed else CHALLENGE, headers=headers)
    assert await statuses(settings, site.url("/a")) == ["miss"]
    site.put("/a", "<p>the page</p>")
    (result,) = await crawl(settings, site.url("/a"))
    assert (result.cache_status, result.markdown.strip()) == ("miss", "the page")


async def test_truncated_bodies_are_not_kept(site, settings):
    settings["DOWNLOAD_FAIL_ON_DATALOSS"] = False
    for _ in range(2):
        (result,) = await crawl(settings, site.url("/truncated"))
        assert (result.status_code, result.cache_status) == (200, "miss")


async def test_dont_cache_keeps_a_request_out(site, settings):
    task = CrawlTask(site.url("/page/1"), meta={"dont_cache": True})
    assert await statuses(settings, task) == [None]
    assert await statuses(settings, site.url("/page/1")) == ["miss"]


# Which requests are the same


async def test_sessions_cookies_and_logins_do_not_mix(site, settings):
    url = site.url("/echo")
    tasks = [
        CrawlTask(url),
        CrawlTask(url, headers={"Authorization": "Basic YTpi"}),
        CrawlTask(url, headers={"Authorization": "Basic YzpkCg=="}),
        CrawlTask(url, cookies={"user": "1"}),
        CrawlTask(url, cookies={"user": "2"}),
        CrawlTask(url, headers={"Accept-Language": "fr"}),
        CrawlTask(url, config=CrawlerRunConfig(user_agent="other", cache_mode="enabled")),
        CrawlTask(url, session_id="a"),
        CrawlTask(url, session_id="b"),
        Request(url, method="POST", body=b"1"),
        Request(url, method="POST", body=b"2"),
    ]
    fetched = await crawl(settings, *tasks)
    assert {result.cache_status for result in fetched} == {"miss"}
    again = await crawl(settings, *reversed(tasks))
    assert {result.cache_status for result in again} == {"hit"}
    assert [result.html for result in again] == [result.html for result in reversed(fetched)]


async def test_a_session_is_not_given_the_cookies_of_another(site, settings):
    for session in ("a", "b"):
        (entered,) = await crawl(settings, CrawlTask(site.url("/set-cookie/who/one"), session_id=session))
        assert entered.cache_status == "miss"


async def test_vary_counts(site, settings):
    site.put("/a", "<p>x</p>", headers={"Vary": "X-Kind, Accept-Encoding"})
    one, two = (CrawlTask(site.url("/a"), headers={"X-Kind": kind}) for kind in "12")
    assert await statuses(settings, one) == ["miss"]
    assert await statuses(settings, one) == ["hit"]
    assert await statuses(settings, two) == ["miss"]
    site.put("/b", "<p>x</p>", headers={"Vary": "*"})
    assert await statuses(settings, site.url("/b")) == ["miss"]
    assert await statuses(settings, site.url("/b")) == ["miss"]


async def test_random_user_agents_do_not_count(site, settings):
    for expected in ("miss", "hit"):
        (result,) = await crawl(settings, site.url("/page/1"), user_agent_mode="random")
        assert result.cache_status == expected


# Freshness


def asked(site):
    found = site.requests[-1].headers
    return found.get("if-none-match"), found.get("if-modified-since")


@pytest.mark.parametrize(
    ("validators", "question"),
    [
        ({"ETag": '"v1"'}, ('"v1"', None)),
        ({"Last-Modified": "Tue, 03 Mar 2026 10:00:00 GMT"}, (None, "Tue, 03 Mar 2026 10:00:00 GMT")),
    ],
)
async def test_a_host_confirms_or_replaces_a_page(site, settings, validators, question):
    site.put("/a", "<p>old</p>", headers=validators)
    (stored,) = await crawl(settings, site.url("/a"), check_cache_freshness=True)
    assert stored.cache_status == "miss"
    (hit,) = await crawl(settings, site.url("/a"))
    site.put("/a", "", status=304, headers={"X-New": "1"})
    (good,) = await crawl(settings, site.url("/a"), check_cache_freshness=True)
    assert asked(site) == question
    assert (good.cache_status, good.status_code, good.markdown.strip()) == ("hit_validated", 200, "old")
    assert good.response_headers["x-new"] == "1"
    assert good.cached_at == hit.cached_at
    site.put("/a", "<p>new</p>", headers=validators)
    (new,) = await crawl(settings, site.url("/a"), check_cache_freshness=True)
    assert (new.cache_status, new.markdown.strip(), new.cached_at) == ("miss", "new", None)
    (kept,) = await crawl(settings, site.url("/a"))
    assert (kept.cache_status, kept.markdown.strip()) == ("hit", "new")
    assert kept.cached_at > hit.cached_at


@pytest.mark.parametrize("answer", ["/status/500", "/status/404", "/reset", "/challenge"])
async def test_a_page_stays_when_its_host_has_no_good_answer(site, settings, answer):
    site.put("/a", "<p>old</p>", headers={"ETag": '"v1"'})
    await crawl(settings, site.url("/a"))
    if answer == "/challenge":
        site.put("/a", CHALLENGE)
    elif answer == "/reset":
        site.answer_like("/a", answer)
    else:
        site.put("/a", "gone", status=int(answer[-3:]))
    (result,) = await crawl(settings, site.url("/a"), check_cache_freshness=True)
    assert (result.cache_status, result.status_code, result.markdown.strip()) == ("hit_fallback", 200, "old")
    assert result.success


async def test_a_page_stays_when_its_host_takes_too_long(site, settings):
    site.put("/a", "<p>old</p>", headers={"ETag": '"v1"'})
    await crawl(settings, site.url("/a"))
    site.answer_like("/a", "/hang")
    options = {"check_cache_freshness": True, "cache_validation_timeout": 0.2}
    (result,) = await crawl(settings, site.url("/a"), **options)
    assert (result.cache_status, result.markdown.strip()) == ("hit_fallback", "old")


async def test_a_rate_limit_in_answer_to_the_question_is_heard(site, settings):
    site.put("/a", "<p>old</p>", headers={"ETag": '"v1"'})
    await crawl(settings, site.url("/a"))
    site.put("/a", "slow down", status=429, headers={"Retry-After": "30"})
    async with AsyncWebCrawler(settings=settings) as crawler:
        run = crawler.arun_many([site.url("/a")], cache_mode="enabled", check_cache_freshness=True, **QUICK)
        (result,) = await run
        assert result.cache_status == "hit_fallback"
        assert crawler._engine.crawler.stats.get_value(stats.RATE_LIMITED) == 1


async def test_a_page_without_validators_is_fetched_anew(site, settings):
    site.put("/a", "<p>old</p>")
    await crawl(settings, site.url("/a"))
    site.put("/a", "<p>new</p>")
    (result,) = await crawl(settings, site.url("/a"), check_cache_freshness=True)
    assert (result.cache_status, result.markdown.strip()) == ("miss", "new")
    assert asked(site) == (None, None)


async def test_a_question_does_not_travel_along_a_redirect(site, settings):
    site.put("/a", "<p>old</p>", headers={"ETag": '"v1"'})
    await crawl(settings, site.url("/a"))
    site.put("/a", "", status=302, headers={"Location": "/page/5"})
    (result,) = await crawl(settings, site.url("/a"), check_cache_freshness=True, cache_validation_timeout=5)
    assert (result.cache_status, result.redirected_url) == ("miss", site.url("/page/5"))
    assert asked(site) == (None, None)


async def test_only_readers_store_nothing_they_are_told(site, settings):
    site.put("/a", "<p>old</p>", headers={"ETag": '"v1"'})
    await crawl(settings, site.url("/a"))
    site.put("/a", "<p>new</p>", headers={"ETag": '"v2"'})
    (result,) = await crawl(settings, site.url("/a"), mode=CacheMode.READ_ONLY, check_cache_freshness=True)
    assert result.markdown.strip() == "new"
    (kept,) = await crawl(settings, site.url("/a"))
    assert kept.markdown.strip() == "old"


# Scrapy's settings


async def test_the_policy_of_the_settings_counts(site, settings):
    settings["HTTPCACHE_POLICY"] = "scrapy.extensions.httpcache.RFC2616Policy"
    site.put("/no", "<p>x</p>", headers={"Cache-Control": "no-store", "ETag": '"v"'})
    site.put("/yes", "<p>x</p>", headers={"Cache-Control": "max-age=100"})
    site.put("/stale", "<p>x</p>", headers={"Cache-Control": "max-age=0", "ETag": '"v"'})
    urls = [site.url(path) for path in ("/no", "/yes", "/stale")]
    assert await statuses(settings, *urls) == ["miss"] * 3
    site.put("/stale", "", status=304)
    assert await statuses(settings, *urls) == ["miss", "hit", "hit_validated"]


async def test_codes_and_missing_entries_as_in_scrapy(site, settings):
    settings["HTTPCACHE_IGNORE_HTTP_CODES"] = [200]
    assert await statuses(settings, site.url("/page/1")) == ["miss"]
    settings |= {"HTTPCACHE_IGNORE_HTTP_CODES": [], "HTTPCACHE_IGNORE_MISSING": True}
    (result,) = await crawl(settings, site.url("/page/1"))
    assert "not in cache" in result.error_message
    assert len(site.requests) == 1


@pytest.mark.parametrize("storage", ["FilesystemCacheStorage", "DbmCacheStorage"])
async def test_scrapys_storages_are_a_choice(site, settings, tmp_path, storage):
    settings["HTTPCACHE_STORAGE"] = f"scrapy.extensions.httpcache.{storage}"
    url = site.url("/page/1")
    tasks = [url, CrawlTask(url, cookies={"a": "b"})]
    assert await statuses(settings, *tasks) == ["miss", "miss"]
    first, second = await crawl(settings, *tasks)
    assert first.cache_status == second.cache_status == "hit"
    assert isinstance(first.cached_at, float)
    assert not (tmp_path / "cache" / "responses.sqlite").exists()


async def test_statistics_are_scrapys(site, settings):
    async with AsyncWebCrawler(settings=settings) as crawler:
        await crawler.arun_many([site.url("/page/1"), site.url("/status/404")], cache_mode=None, **QUICK)
        await crawler.arun(site.url("/page/1"), cache_mode=None)
        counts = crawler._engine.crawler.stats.get_stats()
    found = {name: counts[f"httpcache/{name}"] for name in ("miss", "firsthand", "store", "uncacheable", "hit")}
    assert found == {"miss": 2, "firsthand": 2, "store": 1, "uncacheable": 1, "hit": 1}


# Pace


async def test_what_is_in_the_cache_does_not_wait_for_its_host(site, settings):
    urls = site.urls(30)
    await crawl(settings, *urls)
    asked = len(site.requests)
    results = await crawl(settings, *urls, mean_delay=30)
    assert [result.cache_status for result in results] == ["hit"] * 30
    assert len(site.requests) == asked
    # Each would have waited for all before it.
    assert sum(result.dispatch_result.wait_time for result in results) < 30


async def test_an_entry_that_goes_before_its_turn_is_fetched_at_the_pace_of_its_host(site, settings, tmp_path):
    """The redirect is in the cache, and where it leads to has gone: only the first of two may start at once."""
    chains = [site.url(f"/redirect-to?url={site.url(f'/page/{number}')}") for number in (1, 2)]
    await crawl(settings, *chains)
    with closing(sqlite3.connect(tmp_path / "cache" / "responses.sqlite")) as connection:
        assert connection.execute("DELETE FROM entries WHERE url NOT LIKE '%redirect%'").rowcount == 2
        connection.commit()
    asked = len(site.requests)
    results = await crawl(settings, *chains, mean_delay=1)
    assert [result.cache_status for result in results] == ["miss", "miss"]
    assert all(result.success and result.dispatch_result.retries == 0 for result in results)
    first, second = site.requests[asked:]
    assert {first.path, second.path} == {"/page/1", "/page/2"}
    assert second.time - first.time > 0.5


# Projects

SPIDER = """
class TheSpider(Spider):
    name = "cached"

    async def start(self):
        for number, meta in enumerate(METAS):
            yield Request(url(f"/page/{number}"), meta=meta)
        yield Request(url("/status/404"), meta={"handle_httpstatus_list": [404]})

    def parse(self, response):
        yield {"path": response.url.rpartition("/")[2], "cached": "cached" in response.flags}
"""


def cached(result):
    return {item["path"]: item["cached"] for item in result.items}


@pytest.mark.slow
@pytest.mark.parametrize("reactor", ["asyncio", "none", "select"])
def test_a_request_of_a_project_has_a_mode_of_its_own(site, tmp_path, reactor):
    source = SPIDER.replace("METAS", "[{}, {'crawl4': {'cache_mode': 'enabled'}}]")
    folder = {"HTTPCACHE_DIR": str(tmp_path / "cache")}
    first = run_spider(site, tmp_path, source, reactor=reactor, **folder)
    assert cached(first) == {"0": False, "1": False, "404": False}
    second = run_spider(site, tmp_path, source, reactor=reactor, **folder)
    assert cached(second) == {"0": False, "1": True, "404": False}
    assert second.stats["httpcache/hit"] == 1
    assert (tmp_path / "cache" / "responses.sqlite").exists()


@pytest.mark.slow
def test_a_project_with_scrapys_cache_keeps_it(site, tmp_path):
    source = SPIDER.replace("METAS", "[{}]")
    settings = {"HTTPCACHE_ENABLED": True, "HTTPCACHE_DIR": str(tmp_path / "cache")}
    plain = run_spider(site, tmp_path, source, addon=False, **settings)
    with_it = run_spider(site, tmp_path, source, **settings)
    assert cached(plain) == {"0": False, "404": False}
    assert cached(with_it) == {"0": True, "404": True}
    assert with_it.stats["httpcache/hit"] == 2
    assert not (tmp_path / "cache" / "responses.sqlite").exists()


class CachedSpider(Spider):
    name = "cached"

    async def start(self):
        yield Request(self.page, meta={"crawl4": {"cache_mode": "enabled"}})

    def parse(self, response):
        yield CrawlResult.from_response(response)


async def test_spiders_and_runs_of_urls_behind_the_facade_share_a_cache(site, tmp_path):
    async with AsyncWebCrawler(base_directory=tmp_path / "cache") as crawler:
        for expected in ("miss", "hit"):
            results = [result async for result in crawler.crawl(CachedSpider, page=site.url("/page/1"))]
            assert [result.cache_status for result in results] == [expected]
        assert (await crawler.arun(site.url("/page/1"), cache_mode="enabled")).cache_status == "hit"


def test_a_project_without_a_cache_may_name_what_is_gone(tmp_path):
    settings = {"HTTPCACHE_POLICY": "gone.Policy", "HTTPCACHE_STORAGE": "gone.Storage"}
    crawler = get_crawler(CachedSpider, settings)
    request = Request("http://example.org/")
    middleware = HttpCacheMiddleware.from_crawler(crawler)
    assert asyncio.run(middleware.process_request(request)) is None
    response = Response(request.url)
    assert asyncio.run(middleware.process_response(request, response)) is response
    with pytest.raises(ImportError):
        HttpCacheMiddleware.from_crawler(get_crawler(CachedSpider, settings | {"HTTPCACHE_ENABLED": True}))


# The command line


@pytest.mark.slow
def test_the_command_takes_pages_from_the_cache(site, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path / "home")}

    def told(*options):
        command = [sys.executable, "-m", "scrapy", "crawl4", *options, site.url("/page/1"), "-o", "-"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=150, check=True
        )
        return json.loads(done.stdout)["cache_status"]

    assert told("--cache") == "miss"
    assert told("--cache-mode", "read_only") == "hit"
    assert len(site.requests) == 1
    assert (tmp_path / "home" / "scrapy-crawl4" / "responses.sqlite").exists()


def test_an_unknown_mode_is_bad_usage():
    parser = ArgumentParser()
    add_options(parser)
    given = parser.parse_args(["--cache-mode", "sometimes"])
    with pytest.raises(BadUsage, match="one of enabled, disabled, read_only, write_only, bypass, got 'sometimes'"):
        Options.checked(["https://example.org/"], given)


@pytest.mark.slow
def test_the_example_of_the_documentation_runs(site, tmp_path):
    text = (ROOT / "docs" / "cache.md").read_text("utf-8")
    script = (
        text.partition("```python\n")[2].partition("```")[0].replace("https://example.org", site.url("").rstrip("/"))
    )
    command = [sys.executable, "-W", "error", "-c", script]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=150, check=True
    )
    assert done.stdout == "miss False\nhit True\n"
