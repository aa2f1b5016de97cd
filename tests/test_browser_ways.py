"""Which browser shows the pages: one with a profile, or one that runs already."""

import asyncio
import contextlib
import json
import os
import subprocess
import tempfile
import threading
import urllib.request
from pathlib import Path

import psutil
import pytest

from scrapy_crawl4 import AsyncWebCrawler, BrowserConfig, CrawlTask
from scrapy_crawl4.browser.executable import find_executable
from scrapy_crawl4.browser.setup import own_executable

from .browser import FAST, NEEDS_BROWSER, browsers

pytestmark = NEEDS_BROWSER

STORES = """<script>document.title = document.cookie + '|' + (localStorage.kept || '');
document.cookie = 'kept=1;max-age=1000'; localStorage.kept = 2</script>"""


def echoed(result):
    assert result.success, result.error_message
    return json.loads(result.html)


async def title(crawler, url, **options):
    result = await crawler.arun(url, **options, **FAST)
    assert result.success, result.error_message
    return result.metadata.get("title") or ""


async def test_a_profile_is_there_for_the_next_crawler(site, tmp_path):
    site.put("/stores", STORES)
    folder = tmp_path / "playwright_chromiumdev_profile-mine"
    config = BrowserConfig(use_persistent_context=True, user_data_dir=folder, enable_stealth=True)
    async with AsyncWebCrawler(config=config) as crawler:
        task = CrawlTask(site.url("/echo"), headers={"X-Own": "1", "Authorization": "Bearer 1"})
        popup = "window.open('/page/2'); document.title"
        results = await crawler.arun_many([site.url("/stores"), task, site.url("/page/1")], js_code=popup, **FAST)
        other = await crawler.arun(site.url("/echo"), **FAST)
        async with AsyncWebCrawler(config=config) as second:
            locked = await second.arun(site.url("/stores"))
        german = await crawler.arun(site.url("/stores"), locale="de")
        state = await crawler.storage_state()
        proxied = await crawler.arun(site.url("/stores"), proxy_config="http://127.0.0.1:9")
        assert len(browsers()) == 1
    assert [result.success for result in results] == [True] * 3
    assert echoed(results[1])["headers"]["authorization"] == "Bearer 1"
    assert not {"authorization", "x-own"} & echoed(other)["headers"].keys()
    assert "Headless" not in echoed(other)["headers"]["user-agent"]
    assert locked.error_message == "The browser did not start: another one uses the folder user_data_dir."
    assert german.error_message.startswith("locale cannot be that of one page where all share a profile")
    assert proxied.error_message.startswith("proxy_config cannot be that of one page")
    assert [cookie["name"] for cookie in state["cookies"]] == ["kept"]
    assert folder.exists()
    assert not browsers()
    async with AsyncWebCrawler(config=config) as crawler:
        assert await title(crawler, site.url("/stores")) == "kept=1|2"


async def test_a_profile_without_a_folder_goes_with_the_crawler(site):
    site.put("/stores", STORES)
    for _ in range(2):
        async with AsyncWebCrawler(config=BrowserConfig(use_persistent_context=True)) as crawler:
            assert await title(crawler, site.url("/stores")) == "|"
            assert await title(crawler, site.url("/stores")) == "kept=1|2"
            line = " ".join(browsers()[0].cmdline())
            folder = Path(line.partition("--user-data-dir=")[2].partition(" --")[0])
            assert folder.is_dir()
        assert not folder.exists()


@pytest.fixture
def running():
    """A browser that somebody else has started, and its address."""
    program = find_executable(own_executable(), headless=True).path
    with tempfile.TemporaryDirectory(prefix="theirs-", ignore_cleanup_errors=True) as folder:
        yield from started(program, folder)


def started(program, folder):
    flags = ["--headless", "--no-sandbox", "--remote-debugging-port=0", f"--user-data-dir={folder}/profile"]
    command, own = [program, *flags, "about:blank"], {**os.environ, "TMPDIR": folder}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=own) as process:
        address = next(line for line in process.stderr if "DevTools listening on" in line).split()[-1]
        reader = threading.Thread(target=process.stderr.read)
        reader.start()
        yield process, address
        end(process)
        reader.join(30)


def end(process):
    for one in [*psutil.Process(process.pid).children(recursive=True), process]:
        with contextlib.suppress(psutil.Error):
            one.kill()


def their_pages(address):
    host = address.split("/")[2]
    with urllib.request.urlopen(f"http://{host}/json/list") as answer:
        return [page["url"] for page in json.load(answer) if page["type"] == "page"]


async def test_a_browser_that_runs_already_is_left_as_it_was(site, running):
    process, address = running
    site.put("/stores", STORES)
    before = their_pages(address)
    for url in (address, "http://" + address.split("/")[2]):
        async with AsyncWebCrawler(config=BrowserConfig(cdp_url=url)) as crawler:
            results = await crawler.arun_many([site.url("/stores")] * 3, **FAST)
            assert [result.metadata["title"] for result in results] == ["|"] * 3, results[0].error_message
            assert len(browsers()) == 1
        assert process.poll() is None
        assert their_pages(address) == before
    async with AsyncWebCrawler(config=BrowserConfig(cdp_url=address)) as crawler:
        run = asyncio.ensure_future(crawler.arun(site.url("/gate/gone"), **FAST))
        while not site.active:
            await asyncio.sleep(0.01)
        end(process)
        gone = await run
        again = await crawler.arun(site.url("/page/1"), **FAST)
    site.open_gate("gone")
    assert gone.error_message == again.error_message == "The browser of cdp_url cannot be reached: connection refused."


async def test_what_is_no_browser_is_said_without_its_address(site):
    for url, reason in (
        (site.url("/page/1?key=secret"), "what answers there is no browser"),
        ("ws://127.0.0.1:9/secret", "connection refused"),
    ):
        async with AsyncWebCrawler(config=BrowserConfig(cdp_url=url)) as crawler:
            result = await crawler.arun(site.url("/page/1"))
        assert result.error_message == f"The browser of cdp_url cannot be reached: {reason}."
