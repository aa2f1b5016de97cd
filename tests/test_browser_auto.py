"""``render="auto"``: over HTTP first, in the browser where that gives nothing."""

import base64

import pytest

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BrowserConfig,
    CrawlTask,
    HTTPCrawlerConfig,
    SemaphoreDispatcher,
)
from scrapy_crawl4.browser.auto import EXPECTED, IN_A_ROW

from .browser import NEEDS_BROWSER, lasting_crawler

pytestmark = NEEDS_BROWSER
AUTO = {"render": "auto", "mean_delay": 0, "max_range": 0}
SPA = """<!doctype html><title>Shop</title><div id="app"></div><script>
document.getElementById("app").innerHTML = '<h1>Rendered</h1><a href="/page/1">One</a>'</script>"""


def agents(site, path):
    """Who asked for *path*: "http" and "browser", in order."""
    told = [seen.headers.get("user-agent", "") for seen in site.requests if seen.path == path]
    return ["browser" if "Chrome" in agent else "http" for agent in told]


@pytest.fixture(scope="module")
def shared():
    with lasting_crawler() as crawler:
        yield crawler


@pytest.fixture
def crawler(shared, site):
    return shared


async def test_only_empty_pages_are_shown_in_the_browser(site, crawler):
    site.put("/spa", SPA)
    paths = ["/page/1", "/spa", "/json", "/status/404"]
    full, empty, data, missing = await crawler.arun_many([site.url(path) for path in paths], **AUTO)
    assert empty.markdown.startswith("# Rendered"), empty.error_message
    assert [link["href"] for link in empty.links["internal"]] == [site.url("/page/1")]
    assert (empty.crawl_stats["rendered_by"], empty.crawl_stats["attempts"]) == ("browser", 1)
    assert empty.crawl_stats["rendered_because"] == "the place that scripts fill is empty"
    assert agents(site, "/spa") == ["http", "browser"]
    for result, path in ((full, "/page/1"), (data, "/json"), (missing, "/status/404")):
        assert (result.crawl_stats["rendered_by"], result.crawl_stats["rendered_because"]) == ("http", "")
        assert agents(site, path) == ["http"]
    assert (missing.status_code, missing.success) == (404, False)


async def test_a_challenge_is_met_by_the_browser_whatever_its_status(site, crawler):
    guard = "<title>Just a moment...</title><script>window._cf_chl_opt = 1; '/cdn-cgi/challenge-platform/'</script>"
    site.put("/guarded", guard, status=403)
    result = await crawler.arun(site.url("/guarded"), **AUTO)
    assert result.crawl_stats["rendered_because"] == "a guard asks for JavaScript"
    assert agents(site, "/guarded")[:2] == ["http", "browser"]


async def test_what_only_a_browser_can_do_needs_no_look(site, crawler):
    result = await crawler.arun(site.url("/page/1"), screenshot=True, **AUTO)
    assert base64.b64decode(result.screenshot)[:4] == b"\x89PNG"
    assert (result.crawl_stats["rendered_by"], result.crawl_stats["rendered_because"]) == ("browser", None)
    task = CrawlTask(site.url("/page/2"), session_id="s")
    assert (await crawler.arun(task, **AUTO)).crawl_stats["rendered_by"] == "browser"
    assert agents(site, "/page/1") == agents(site, "/page/2") == ["browser"]
    how = await crawler.arun(site.url("/page/3"), wait_until="load", delay_before_return_html=0.2, **AUTO)
    assert how.crawl_stats["rendered_by"] == "http"


async def test_both_visits_share_one_deadline(site, crawler):
    site.put("/hangs", "<div id=app></div><script src=/hang></script>")
    await crawler.arun(site.url("/page/1"), **{**AUTO, "render": "browser"})  # the browser runs then
    result = await crawler.arun(site.url("/hangs"), page_timeout=6000, **AUTO)
    assert result.error_message == "The page took longer than 6 s (page_timeout)."
    assert agents(site, "/hangs") == ["http", "browser"]


async def test_hosts_whose_pages_are_all_empty_are_learnt(site, crawler):
    for number in range(6):
        site.put(f"/spa/{number}", SPA)
    site.put("/file", b"\x00\x01" * 50, headers={"Content-Type": "application/octet-stream"})

    async def one_by_one():
        for path in [f"/spa/{number}" for number in range(6)] + ["/file", "/page/1"]:
            yield site.url(path)

    results = await crawler.arun_many(one_by_one(), dispatcher=SemaphoreDispatcher(1), **AUTO)
    assert [result.success for result in results] == [True] * 6 + [False, True]
    told = [result.crawl_stats["rendered_because"] for result in results]
    assert EXPECTED in told[IN_A_ROW:6] or told[7] == ""
    for number, reason in enumerate(told[:6]):
        assert agents(site, f"/spa/{number}") == (["browser"] if reason == EXPECTED else ["http", "browser"])
    assert results[6].crawl_stats["rendered_by"] == "http"
    assert "application/octet-stream" in results[6].error_message


async def test_what_the_browser_cannot_ask_for_stays_as_it_came(site):
    site.put("/spa", SPA)
    async with AsyncWebCrawler(config=HTTPCrawlerConfig(method="POST", data="a=b")) as posts:
        result = await posts.arun(site.url("/spa"), **AUTO)
    assert result.success
    assert (result.crawl_stats["rendered_by"], "Rendered" in result.markdown) == ("http", False)
    assert result.crawl_stats["rendered_because"]


async def test_a_crawler_with_a_browser_looks_over_http_too(site):
    async with AsyncWebCrawler(config=BrowserConfig()) as crawler:
        result = await crawler.arun(site.url("/page/1"), **AUTO)
    assert result.crawl_stats["rendered_by"] == "http"
    assert agents(site, "/page/1") == ["http"]
