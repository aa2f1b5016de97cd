"""The browser in Scrapy projects: real crawls of spiders whose requests it shows."""

import json
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from scrapy.http.cookies import CookieJar

from scrapy_crawl4 import AsyncWebCrawler, BrowserConfig
from scrapy_crawl4.browser.cookies import Jar
from scrapy_crawl4.config.settings import Crawl4Settings

from .browser import NEEDS_BROWSER
from .crawling import Crawl, environment, interrupt, run_spider, running_spider
from .server import Site

BROWSER, IS_THERE = NEEDS_BROWSER
SPA = """<!doctype html><title>Shop</title><div id="app"></div><script>
document.cookie = "script=1";
setTimeout(() => { document.getElementById("app").innerHTML = '<h1>Rendered</h1>' }, 30)
</script>"""
HEAD = """
KEPT = ()
from scrapy import FormRequest
from scrapy_crawl4 import CrawlerRunConfig, CrawlResult
"""
REST = """
    def parse(self, response):
        yield CrawlResult.from_response(response)
        if response.url.endswith("/spa"):
            yield ask("/echo?later", meta={key: response.meta[key] for key in KEPT})

    def failed(self, failure):
        yield {"url": failure.request.url, "failed": str(failure.value), "kind": type(failure.value).__name__}
"""


def shown(function):
    return pytest.mark.slow(BROWSER(IS_THERE(function)))


def spider(start: str) -> str:
    """A spider whose `start()` has this body; `show(path, **options)` is a request for the browser."""
    body = textwrap.indent(textwrap.dedent(start), "        ")
    return f"""{HEAD}
def show(path, render="browser", **options):
    return ask(path, meta={{"crawl4": {{"render": render, **options}}}})


def ask(path, **arguments):
    return Request(url(path), errback=TheSpider.failed_of, dont_filter=True, **arguments)


class TheSpider(Spider):
    name = "shown"

    async def start(self):
        TheSpider.failed_of = self.failed
{body}
{REST}"""


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files of a crawl: the profile of its browser, and nothing when it has ended."""
    folder = Path(tempfile.mkdtemp())  # its path is short enough for sockets
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder)


def left(temporary: Path) -> list[str]:
    """What a crawl left behind: processes that know its folder, and files in it."""
    found = [path.name for path in temporary.iterdir()]
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(temporary) in line:
            found.append(line)
    return found


def results(crawl: Crawl) -> dict[str, dict[str, Any]]:
    """Items by the path of their URL."""
    return {"/" + item["url"].split("/", 3)[3]: item for item in crawl.items}


# Settings


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("nowhere.at.all", "CRAWL4_BROWSER must be a BrowserConfig, a dict of its parameters"),
        ("{not json", "CRAWL4_BROWSER must be"),
        (7, "CRAWL4_BROWSER must be"),
        ({"viewport_width": 0}, "viewport_width must be"),
        ({"no_such": 1}, "CRAWL4_BROWSER: BrowserConfig has no parameter 'no_such'"),
    ],
)
def test_a_browser_that_cannot_be_read_is_said(value, error):
    with pytest.raises(ValueError, match=error):
        Crawl4Settings.from_settings({"CRAWL4_BROWSER": value})


OWN = {"viewport_width": 700}


def test_the_browser_of_the_settings():
    config = BrowserConfig(viewport_width=700)
    for value in (config, OWN, '{"viewport_width": 700}', f"{__name__}.OWN"):
        assert Crawl4Settings.from_settings({"CRAWL4_BROWSER": value}).browser == config
    assert Crawl4Settings.from_settings({}).browser is None
    assert Crawl4Settings.from_settings({}).render == "http"
    with pytest.raises(ValueError, match="CRAWL4_RENDER must be 'http', 'browser' or 'auto', got 'chrome'"):
        Crawl4Settings.from_settings({"CRAWL4_RENDER": "chrome"})


def test_a_random_user_agent_is_chosen_once():
    pytest.importorskip("fake_useragent", reason="the extra user-agents is not installed")
    browser = Crawl4Settings.from_settings({"CRAWL4_BROWSER": {"user_agent_mode": "random"}}).browser
    assert browser.user_agent.startswith("Mozilla/5.0")


def test_cookies_go_to_the_browser_and_come_back():
    own = CookieJar()
    jar = Jar(own)
    page = {"path": "/", "secure": False, "httpOnly": False, "expires": -1}
    here = {"name": "here", "value": "1", "domain": "shop.example", **page}
    below = {"name": "below", "value": "2", "domain": ".shop.example", **page, "secure": True, "httpOnly": True}
    plain = {"name": "plain", "value": "3", "domain": "localhost", **page, "path": "/a", "expires": 4e9}
    jar.take_back([here, below, plain, {**here, "name": "elsewhere", "partitionKey": "https://other.example"}])
    assert {cookie.domain for cookie in own} == {"shop.example", ".shop.example", "localhost.local"}
    lent = {cookie["name"]: {"expires": -1, **cookie} for cookie in jar.lend()}
    assert lent == {"here": here, "below": below, "plain": plain}
    later = Jar(own)
    later.lend()
    own.set_cookie(next(iter(own)))
    later.take_back([{**below, "value": "new"}])  # the page has deleted the others
    assert [(cookie.name, cookie.value) for cookie in own] == [("below", "new")]


# Crawls


@shown
def test_a_crawl_with_some_pages_in_the_browser(site: Site, tmp_path: Path, temporary: Path) -> None:
    site.put("/spa", SPA)
    start = """
    yield ask("/spa", meta={"crawl4": CrawlerRunConfig(wait_for="css:h1", screenshot=True, pdf=True, js_code="6 * 7")})
    yield show("/echo?own", user_agent="own/1")
    yield show("/redirect/2", delay_before_return_html=0)
    yield show("/status/404")
    yield show("/status/500", max_retries=1)
    yield show("/reset", max_retries=1)
    yield show("/hang", page_timeout=700, max_retries=0)
    yield show("/binary")
    yield show("/echo?posted", method="POST")
    yield show("/echo?cached", cache_mode="enabled")
    yield ask("/echo?hop", meta={"crawl4": {"render": "browser"}, "dont_redirect": True})
    yield show("/page/1", session_id="s", js_code="document.title = 'first'")
    yield show("/page/2", session_id="s", js_code="return history.length")
    yield show("/auto", render="auto")
    yield show("/page/3", render="auto")
    """
    site.put("/auto", "<!doctype html><div id=root></div><script>root.textContent = 'Made here '.repeat(30)</script>")
    crawl = run_spider(site, tmp_path, spider(start), HTTPERROR_ALLOWED_CODES=[404, 500], USER_AGENT="Usual/1")
    assert (crawl.code, left(temporary)) == (0, []), crawl.log
    of = results(crawl)
    rendered = of["/spa"]
    assert rendered["markdown"].strip() == "# Rendered", crawl.log
    assert rendered["js_execution_result"] == {"success": True, "results": [42]}
    assert rendered["screenshot"].startswith("iVBOR")
    assert "%PDF" in str(rendered["pdf"])
    assert '"user-agent": "Usual/1"' in of["/echo?later"]["html"]
    assert '"script": "1"' in of["/echo?later"]["html"]  # the page's own cookie, over HTTP
    assert '"user-agent": "own/1"' in of["/echo?own"]["html"]
    assert of["/redirect/2"]["redirected_url"] == site.url("/page/0")
    assert [hop["status_code"] for hop in of["/redirect/2"]["crawl_stats"]["redirects"]] == [302, 302]
    assert [of[path]["error_message"] for path in ("/status/404", "/status/500")] == [
        "HTTP 404 Not Found",
        "HTTP 500 Internal Server Error",
    ]
    assert [site.paths().count(path) for path in ("/status/404", "/status/500")] == [1, 2]
    assert site.paths().count("/reset") >= 2  # the browser itself asks again where it had used the connection before
    assert of["/reset"]["failed"] == "Connection failed: the server reset the connection."
    assert of["/hang"]["kind"] == "DownloadTimeoutError"
    assert "took longer than 0.7 seconds" in of["/hang"]["failed"]
    assert of["/binary"]["failed"] == "This is a file to download, not a page: render='http' fetches it."
    for path, words in (("posted", "GET"), ("cached", "cache_mode"), ("hop", "dont_redirect")):
        assert of[f"/echo?{path}"]["kind"] == "RequestConfigError"
        assert words in of[f"/echo?{path}"]["failed"]
        assert f"/echo?{path}" not in site.paths()
    assert of["/page/2"]["js_execution_result"]["results"] != [1]  # the session's page went on
    assert "Made here" in of["/auto"]["markdown"]
    assert site.paths().count("/auto") == 2
    assert site.paths().count("/page/3") == 1
    assert len(crawl.items) == 16
    assert crawl.stats["retry/count"] == 2
    assert crawl.stats["finish_reason"] == "finished"


@shown
def test_a_project_all_of_whose_pages_the_browser_shows(site: Site, tmp_path: Path, temporary: Path) -> None:
    site.put("/spa", SPA)
    site.put("/size", "<script>document.title = innerWidth</script>")
    site.set_robots("User-agent: *\nDisallow: /page/1\n")
    start = """
    yield ask("/spa", meta={"cookiejar": 1}, cookies={"mine": "ab"})
    yield ask("/size")
    yield ask("/page/1")
    yield ask("/echo?http", meta={"crawl4": {"render": "http"}})
    from scrapy.http.request import NO_CALLBACK
    file = await self.crawler.engine.download_async(Request(url("/echo?file"), callback=NO_CALLBACK))
    yield {"url": file.url, "agent": file.json()["headers"]["user-agent"]}
    yield FormRequest(url("/echo?form"), formdata={"a": "b"}, meta={"cookiejar": 1}, headers={"Referer": url("/from")})
    shown = await self.crawler.engine.download_async(
        Request(url("/echo?shown"), meta={"cookiejar": 1}, headers={"Referer": url("/from"), "X-Own": "1"})
    )
    yield {"url": shown.url, **shown.json()}
    """
    crawl = run_spider(
        site,
        tmp_path,
        spider(start),
        reactor="none",
        CRAWL4_RENDER="browser",
        CRAWL4_BROWSER={
            "viewport_width": 640,
            "cookies": [{"name": "all", "value": "1", "url": site.url("/")}],
            "user_agent": "shown/1",
            "headers": {"X-All": "1", "Accept-Language": "fr"},
        },
        USER_AGENT="usual/1",
        DEFAULT_REQUEST_HEADERS={"Accept-Language": "de", "X-Project": "1"},
        ROBOTSTXT_OBEY=True,
        HTTPCACHE_ENABLED=True,
        CRAWL4_MAX_SESSION_PERMIT=1,
    )
    assert (crawl.code, left(temporary)) == (0, []), crawl.log
    of = results(crawl)
    assert of["/size"]["metadata"]["title"] == "640"
    assert of["/page/1"]["failed"] == "Forbidden by robots.txt"
    agents = {seen.path: seen.headers["user-agent"] for seen in site.requests}
    over_http = {path for path, agent in agents.items() if agent == "usual/1"}
    assert set(agents.values()) == {"usual/1", "shown/1"}
    assert over_http == {"/robots.txt", "/echo?http", "/echo?file", "/echo?form"}
    seen = of["/echo?shown"]
    assert seen["cookies"] == {"all": "1", "mine": "ab", "script": "1"}
    assert seen["headers"]["referer"] == site.url("/from")
    assert [seen["headers"][f"x-{name}"] for name in ("own", "all", "project")] == ["1", "1", "1"]
    assert seen["headers"]["accept-language"] == "fr"
    assert "x-all" not in next(seen.headers for seen in site.requests if seen.path == "/echo?http")
    assert crawl.stats.get("httpcache/hit", 0) == 0


@shown
def test_ctrl_c_ends_the_browser(site: Site, tmp_path: Path, temporary: Path) -> None:
    start = """
    await self.crawler.engine.download_async(show("/page/1"))  # the browser runs
    yield show("/hang", page_timeout=3000)
    """
    with running_spider(site, tmp_path, spider(start), RETRY_ENABLED=False) as process:
        assert site.wait_for(lambda site: "/hang" in site.paths())
        crawl = interrupt(process)
    assert crawl.stats["finish_reason"] == "shutdown"
    assert left(temporary) == []


@shown
def test_beside_scrapy_playwright(site: Site, tmp_path: Path, temporary: Path) -> None:
    pytest.importorskip("scrapy_playwright", reason="scrapy-playwright is not installed")
    from scrapy_crawl4.browser.executable import find_executable
    from scrapy_crawl4.browser.setup import own_executable

    site.put("/spa", SPA)
    start = """
    yield Request(url("/spa?theirs"), meta={"playwright": True})
    yield ask("/spa?ours", meta={"crawl4": {"wait_for": "css:h1"}, "proxy": None})
    yield show("/spa?proxied")
    yield Request(url("/echo"))
    """
    handler = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
    crawl = run_spider(
        site,
        tmp_path,
        spider(start),
        DOWNLOAD_HANDLERS={"http": handler, "https": handler},
        PLAYWRIGHT_LAUNCH_OPTIONS={
            "executable_path": find_executable(own_executable(), headless=True).path,
            "args": ["--no-sandbox"],
        },
        CRAWL4_BROWSER={"proxy_config": "http://127.0.0.1:9"},
        RETRY_ENABLED=False,
    )
    assert (crawl.code, left(temporary)) == (0, []), crawl.log
    of = results(crawl)
    assert "Rendered" in of["/spa?ours"]["markdown"]
    assert of["/spa?proxied"]["failed"] == "Connection failed: the proxy cannot be reached."
    assert of["/spa?theirs"]["success"]
    assert of["/echo"]["success"]
    assert crawl.stats["playwright/page_count"] == 1


@pytest.mark.slow
def test_without_a_browser(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.delenv("CRAWL4_BROWSER_EXECUTABLE", raising=False)
    site.put("/spa", SPA)
    start = 'yield show("/spa")\nyield ask("/page/1")\nyield show("/spa?auto", render="auto")'
    crawl = run_spider(site, tmp_path, spider(start))
    of = results(crawl)
    assert of["/spa"]["failed"] == "There is no browser on this machine: run 'scrapy crawl4-setup' to install one."
    assert of["/page/1"]["success"]
    assert of["/spa?auto"]["metadata"]["title"] == "Shop"
    assert "render='auto' goes on without a browser" in crawl.log


@pytest.mark.slow
def test_without_asyncio(site: Site, tmp_path: Path) -> None:
    crawl = run_spider(site, tmp_path, spider('yield show("/page/1")\nyield ask("/page/2")'), reactor="select")
    of = results(crawl)
    assert of["/page/1"]["failed"].startswith("Pages of the browser need asyncio: leave the setting TWISTED_REACTOR")
    assert of["/page/2"]["success"]
    assert site.paths() == ["/page/2"]


@shown
def test_the_command(site: Site, tmp_path: Path, temporary: Path) -> None:
    site.put("/spa", SPA)
    command = [
        sys.executable,
        "-m",
        "scrapy",
        "crawl4",
        "--render",
        "browser",
        "-s",
        'CRAWL4_BROWSER={"user_agent":"x/1"}',
    ]
    ran = subprocess.run(
        [*command, site.url("/spa")], cwd=tmp_path, env=environment(), capture_output=True, check=False, timeout=150
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["markdown"]["raw_markdown"].strip() == "# Rendered"
    assert {seen.headers["user-agent"] for seen in site.requests} == {"x/1"}
    assert left(temporary) == []


# The facade


@BROWSER
@IS_THERE
async def test_the_facade_takes_the_settings_too(site: Site) -> None:
    site.put("/size", "<title></title><script>document.title = innerWidth</script>")
    fast = {"mean_delay": 0, "max_range": 0}
    settings = {"CRAWL4_BROWSER": OWN, "CRAWL4_RENDER": "browser"}
    async with AsyncWebCrawler(settings=settings) as crawler:
        sized = await crawler.arun(site.url("/size"), **fast)
        over_http = await crawler.arun(site.url("/size"), render="http", **fast)
        raw = await crawler.arun("raw:<script>document.title = 'run'</script>")
    assert sized.success, sized.error_message
    assert sized.metadata["title"] == "700"
    assert not over_http.metadata["title"]
    assert "run" not in raw.html.partition("<script>")[0]
