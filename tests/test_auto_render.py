"""``render="auto"`` as far as it needs no browser; the rest is in test_browser_auto.py."""

import logging

import pytest

from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, SemaphoreDispatcher
from scrapy_crawl4.browser.auto import HOSTS_KEPT, IN_A_ROW, LOOK_AGAIN, RenderedHosts
from scrapy_crawl4.config.rendering import in_browser

AUTO = {"render": "auto", "mean_delay": 0, "max_range": 0}
SPA = """<!doctype html><title>Shop</title><div id="app"></div><script>
document.getElementById("app").innerHTML = '<h1>Rendered</h1><a href="/page/1">One</a>'</script>"""


async def test_without_a_browser_pages_stay_as_they_came(site, monkeypatch, caplog):
    monkeypatch.setenv("CRAWL4_BROWSER_EXECUTABLE", "/no/such/program")
    site.put("/spa", SPA)
    urls = [site.url("/spa")] * 3 + [site.url("/page/1")]
    async with AsyncWebCrawler() as crawler:
        with caplog.at_level(logging.WARNING, "scrapy_crawl4"):
            results = await crawler.arun_many(urls, dispatcher=SemaphoreDispatcher(1), **AUTO)
    assert [result.success for result in results] == [True] * 4
    for result in results[:3]:
        assert result.metadata["title"] == "Shop"
        assert (result.crawl_stats["rendered_by"], result.crawl_stats["attempts"]) == ("http", 1)
        assert result.crawl_stats["rendered_because"] == "the place that scripts fill is empty"
    assert site.paths().count("/spa") == 3
    warnings = [record.getMessage() for record in caplog.records if "render='auto'" in record.getMessage()]
    assert len(warnings) == 1
    assert "CRAWL4_BROWSER_EXECUTABLE names no program" in warnings[0]


def test_hosts_are_learnt_by_pages_in_a_row():
    hosts = RenderedHosts()
    for _ in range(IN_A_ROW - 1):
        hosts.learn("a", empty=True)
        assert not hosts.expects_empty("a")
    hosts.learn("a", empty=False)
    for _ in range(IN_A_ROW):
        assert not hosts.expects_empty("a")
        hosts.learn("a", empty=True)
    answers = [hosts.expects_empty("a") for _ in range(2 * LOOK_AGAIN)]
    assert answers == ([True] * (LOOK_AGAIN - 1) + [False]) * 2
    hosts.learn("a", empty=True)
    assert hosts.expects_empty("a")
    assert not hosts.expects_empty("b")
    hosts.learn("a", empty=False)
    assert not hosts.expects_empty("a")


def test_hosts_that_are_remembered_are_bounded():
    hosts = RenderedHosts()
    for number in range(HOSTS_KEPT + 1):
        for _ in range(IN_A_ROW):
            hosts.learn(f"h{number}", empty=True)
    assert not hosts.expects_empty("h0")
    assert hosts.expects_empty("h1")


@pytest.mark.parametrize(
    ("options", "has_browser", "expected"),
    [
        ({}, True, False),
        ({"wait_until": "load", "delay_before_return_html": 1}, False, False),
        ({"wait_for": "css:p"}, False, True),
        ({"wait_until": "load", "pdf": True}, False, True),
    ],
)
def test_where_a_page_begins(options, has_browser, expected):
    config = CrawlerRunConfig(render="auto", **options)
    assert in_browser(config, has_browser=has_browser, is_local=False) is expected
