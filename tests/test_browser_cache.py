"""Pages of the browser in the cache."""

from dataclasses import replace

import pytest

from scrapy_crawl4 import AsyncWebCrawler, BrowserConfig, CacheMode, CrawlerRunConfig, CrawlTask, GeolocationConfig
from scrapy_crawl4.browser import Identity, LaunchOptions, PageOrder
from scrapy_crawl4.browser.look import look_of

from .browser import NEEDS_BROWSER, lasting_crawler

CACHED = {"cache_mode": "enabled", "mean_delay": 0, "max_range": 0}
SHOWN = {"render": "browser", **CACHED}
SPA = """<!doctype html><title>Shop</title><div id="app"></div><script>
document.getElementById("app").innerHTML = "<h1>Rendered ö</h1>"; document.cookie = "seen=1"</script>"""


def in_browser(test):
    for mark in NEEDS_BROWSER:
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with lasting_crawler(base_directory=folder) as crawler:
        yield crawler, folder


@pytest.fixture
def crawler(shared, site):
    return shared[0]


def told(*results):
    return [result.cache_status for result in results]


# With a browser


@in_browser
async def test_a_hit_is_complete_and_needs_no_browser(site, crawler, shared, monkeypatch):
    site.put("/spa", SPA.encode("latin-1"), content_type="text/html; charset=latin-1", headers={"X-Answer": "42"})
    site.put("/goes-on", f"<script>location.href = '{site.url('/spa')}'</script>")
    options = {**SHOWN, "wait_for": "css:h1", "js_code": ["document.title", "[1, {a: null}]"]}
    fetched = await crawler.arun(site.url("/goes-on"), **options)
    monkeypatch.setenv("CRAWL4_BROWSER_EXECUTABLE", "/no/such/program")
    async with AsyncWebCrawler(base_directory=shared[1]) as other:
        hit = await other.arun(site.url("/goes-on"), **options)
        while hit.cache_status != "hit":  # not written yet
            hit = await other.arun(site.url("/goes-on"), **options)
        lost = await other.arun(site.url("/goes-on"), **{**options, "wait_for": "css:h2"})
    assert told(fetched, hit) == ["miss", "hit"]
    assert (hit.success, hit.error_message, hit.status_code) == (True, "", 200)
    assert hit.html == fetched.html
    assert "Rendered ö" in hit.markdown
    assert (
        hit.js_execution_result
        == fetched.js_execution_result
        == {"success": True, "results": ["Shop", [1, {"a": None}]]}
    )
    assert hit.redirected_url == fetched.redirected_url == site.url("/spa")
    assert hit.response_headers == {**fetched.response_headers, "date": hit.response_headers["date"]}
    assert (hit.crawl_stats["redirects"], hit.crawl_stats["rendered_by"]) == (
        fetched.crawl_stats["redirects"],
        "browser",
    )
    assert hit.crawl_stats["proxies_used"] == []
    assert "CRAWL4_BROWSER_EXECUTABLE" in lost.error_message
    assert site.paths().count("/goes-on") == 1


@in_browser
async def test_neither_http_nor_another_look_gets_the_page(site, crawler):
    site.put("/spa", SPA)
    url = site.url("/spa")
    results = [
        await crawler.arun(url, render="http", **CACHED),
        await crawler.arun(url, **SHOWN),
        await crawler.arun(url, locale="de-DE", **SHOWN),
        await crawler.arun(CrawlTask(url, cookies={"a": "b"}), **SHOWN),
    ]
    assert told(*results) == ["miss"] * 4
    again = [await crawler.arun(url, render="http", **CACHED), await crawler.arun(url, **SHOWN)]
    assert told(*again) == ["hit", "hit"]
    assert ["Rendered" in result.markdown for result in again] == [False, True]
    assert site.paths().count("/spa") == 4


@in_browser
async def test_what_no_cache_has_is_shown_anew(site, crawler):
    url = site.url("/page/7")
    pictures = [await crawler.arun(url, screenshot=True, **SHOWN) for _ in range(2)]
    assert told(*pictures) == ["miss", "miss"]
    assert all(picture.screenshot for picture in pictures)
    assert told(await crawler.arun(url, **SHOWN)) == ["hit"], "the page itself is what it is without a picture"
    assert told(await crawler.arun(url, check_cache_freshness=True, **SHOWN)) == ["miss"]
    sessions = [await crawler.arun(CrawlTask(url, session_id="s"), **SHOWN) for _ in range(2)]
    assert told(*sessions) == [None, None]


@in_browser
async def test_what_scripts_return_is_kept_whatever_it_is(site, crawler):
    results = [await crawler.arun(site.url("/page/9"), js_code=["new Date(0)", "1n"], **SHOWN) for _ in range(2)]
    assert told(*results) == ["miss", "hit"]
    assert results[1].js_execution_result["results"] == ["1970-01-01T00:00:00.000Z", "1"]
    assert results[0].js_execution_result == results[1].js_execution_result


@in_browser
async def test_failures_are_not_kept(site, crawler):
    site.put("/denied", '<script>window._pxAppId = 1</script><div id="px-captcha"></div>')
    for path, options in (("/status/404", {}), ("/denied", {}), ("/page/8", {"js_code": "nowhere()"})):
        results = [await crawler.arun(site.url(path), **SHOWN, **options) for _ in range(2)]
        assert told(*results) == ["miss", "miss"], path
        assert site.paths().count(path) == 2


@in_browser
async def test_a_page_that_turned_out_to_be_empty_comes_from_the_cache_too(site, crawler):
    site.put("/spa/auto", SPA)
    auto = {**CACHED, "render": "auto"}
    results = [await crawler.arun(site.url("/spa/auto"), **auto) for _ in range(2)]
    assert told(*results) == ["miss", "hit"]
    assert results[1].crawl_stats["rendered_by"] == "browser"
    assert results[1].html == results[0].html
    assert site.paths().count("/spa/auto") == 2


# What a look depends on

PLAIN = PageOrder("http://h/", CrawlerRunConfig(), Identity())


def look(order=PLAIN, launch=None, **options):
    return look_of(replace(order, config=CrawlerRunConfig(**options)), launch or LaunchOptions())


@pytest.mark.parametrize(
    "options",
    [
        {"js_code": "1"},
        {"wait_for": "css:p"},
        {"delay_before_return_html": 1},
        {"scan_full_page": True},
        {"geolocation": GeolocationConfig(1, 2)},
        {"process_iframes": True},
    ],
)
def test_options_that_change_a_page_are_in_its_key(options):
    assert look(**options).key != look().key
    assert look(**options) == look(**options)


def test_identities_are_in_its_key():
    others = [
        Identity(user_agent="a"),
        Identity(headers=(("a", "b"),)),
        Identity(viewport=(1, 1)),
        Identity(storage="{}"),
    ]
    keys = {look(replace(PLAIN, identity=identity)).key for identity in (Identity(), *others)}
    keys.add(look(replace(PLAIN, cookies=[{"name": "a", "value": "b"}])).key)
    keys.add(look(launch=LaunchOptions.of(BrowserConfig(text_mode=True))).key)
    assert len(keys) == 7


def test_what_does_not_change_a_page_is_not():
    assert look(replace(PLAIN, identity=Identity(proxy="http://p:1"))) == look()
    assert look(cache_mode=CacheMode.ENABLED, page_timeout=5, css_selector="p", process_in_browser=True) == look()
    drawn = [look(replace(PLAIN, identity=Identity(user_agent=name)), user_agent_mode="random") for name in "ab"]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("option", ["screenshot", "pdf", "capture_mhtml", "capture_network_requests"])
def test_captures_are_no_part_of_the_key_and_not_in_the_cache(option):
    asked = look(**{option: True})
    assert asked.key == look().key
    assert (asked.may_read, look().may_read) == (False, True)


def test_pages_with_a_past_have_no_look():
    for order in (replace(PLAIN, session="s"), replace(PLAIN, html="<p>"), replace(PLAIN, downloads="folder")):
        assert look(order) is None
    assert look(launch=LaunchOptions(cdp_url="http://h:1")) is None
