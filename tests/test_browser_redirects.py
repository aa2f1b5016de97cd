"""What becomes of redirects, and of marks in the meta, where the browser shows pages."""

from pathlib import Path

from scrapy_crawl4 import AsyncWebCrawler

from .browser import FAST, NEEDS_BROWSER
from .crawling import run_spider
from .server import Site
from .test_browser_projects import SPA, results, shown, spider

BROWSER, IS_THERE = NEEDS_BROWSER
DISALLOW = "User-agent: *\nDisallow: /page/\n"


@BROWSER
@IS_THERE
async def test_a_run_asks_robots_txt_where_the_browser_was_led(site: Site) -> None:
    site.set_robots(DISALLOW, host=2)
    forbidden = site.url(f"/redirect-to?url={site.url('/page/1', host=2)}")
    through = site.url(f"/redirect-to?url={site.url('/redirect-to?url=/free', host=2)}")
    site.put("/free", "<title>free</title>")
    async with AsyncWebCrawler() as crawler:
        options = {**FAST, "render": "browser", "max_retries": 2}
        refused, allowed = await crawler.arun_many([forbidden, through], check_robots_txt=True, **options)
        asked = site.paths().count("/page/1")
        careless = await crawler.arun(forbidden, **options)
    assert (refused.success, refused.status_code) == (False, 403)
    assert refused.error_message.startswith("robots.txt disallows")
    assert not refused.html
    assert asked == 1  # no other try would find it allowed
    assert allowed.metadata["title"] == "free"
    assert careless.success


@shown
def test_a_project_asks_robots_txt_where_the_browser_was_led(site: Site, tmp_path: Path) -> None:
    site.set_robots(DISALLOW)
    start = """
    yield ask("/redirect/1")
    yield ask("/redirect-to?url=/echo")
    yield ask("/redirect-to?url=/page/2", meta={"dont_obey_robotstxt": True})
    """
    crawl = run_spider(site, tmp_path, spider(start), CRAWL4_RENDER="browser", ROBOTSTXT_OBEY=True)
    of = results(crawl)
    assert of["/redirect/1"]["failed"] == "Forbidden by robots.txt", crawl.log
    assert of["/redirect-to?url=/echo"]["redirected_url"] == site.url("/echo")
    assert of["/redirect-to?url=/page/2"]["success"]
    assert crawl.stats["robotstxt/forbidden"] == 1
    start = """
    yield show("/redirect/1", check_robots_txt=True)
    yield show("/redirect/2")
    """
    of = results(run_spider(site, tmp_path, spider(start)))
    assert of["/redirect/1"]["failed"] == "Forbidden by robots.txt"
    assert of["/redirect/2"]["success"]


@shown
def test_redirects_that_a_spider_keeps_to_itself_go_over_http(site: Site, tmp_path: Path) -> None:
    site.put("/spa", SPA)
    start = """
    yield ask("/redirect-to?url=/echo", meta={"handle_httpstatus_list": [302]})
    yield ask("/redirect-to?url=/spa", meta={"handle_httpstatus_list": [404]})
    yield ask("/redirect/1", meta={"crawl4": {"render": "browser"}, "handle_httpstatus_list": [301]})
    """
    crawl = run_spider(site, tmp_path, spider(start), CRAWL4_RENDER="browser")
    of = results(crawl)
    assert of["/redirect-to?url=/echo"]["status_code"] == 302, crawl.log
    assert "Rendered" in of["/redirect-to?url=/spa"]["markdown"]
    assert "leave out status 301 of handle_httpstatus_list" in of["/redirect/1"]["failed"]
    settings = {"CRAWL4_RENDER": "browser", "HTTPERROR_ALLOWED_CODES": [302]}
    for source, more in (
        (
            spider('yield ask("/redirect/2")').replace(
                "    async def", "    handle_httpstatus_list = [302]\n    async def"
            ),
            {},
        ),
        (spider('yield ask("/redirect/2")'), {"REDIRECT_ENABLED": False}),
    ):
        of = results(run_spider(site, tmp_path, source, **settings, **more))
        assert of["/redirect/2"]["status_code"] == 302


@shown
def test_marks_of_one_page_say_nothing_of_others(site: Site, tmp_path: Path) -> None:
    site.put("/spa", SPA)
    source = (
        spider('yield ask("/spa", callback=self.copied)')
        + """
    def copied(self, response):
        yield CrawlResult.from_response(response)
        yield {"url": url("/keys"), "keys": sorted(response.meta)}
        yield ask("/page/1", meta=response.meta)
        yield ask("/page/2", meta={**response.meta, "crawl4_rendered": (response.url, True)})
"""
    )
    crawl = run_spider(site, tmp_path, source, CRAWL4_RENDER="auto")
    of = results(crawl)
    assert "Rendered" in of["/spa"]["markdown"], crawl.log
    assert not [key for key in of["/keys"]["keys"] if key.startswith(("crawl4", "dont_"))]
    agents = {seen.path: seen.headers["user-agent"] for seen in site.requests}
    assert "Chrome" in agents["/spa"]
    assert "Chrome" not in agents["/page/1"] + agents["/page/2"]
