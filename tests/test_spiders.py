"""Crawl4Spider: one result for each start URL, links followed on demand."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from .crawling import ADDON, ROOT, environment, run_spider
from .server import Site

EACH_REACTOR = pytest.mark.parametrize("reactor", ["asyncio", "none", "select"])

ONE_EACH = """
from scrapy_crawl4.spiders import Crawl4Spider


class TheSpider(Crawl4Spider):
    name = "one_each"
    start_urls = [url("/page/1"), url("/page/1")]

    @property
    def urls(self):
        yield url("/page/2")
        yield url("/status/404")
        yield url("/status/500")
        yield url("/redirect/2")
        yield url("/binary")
        yield url("/truncated")
        yield url("/reset")
        yield "http://127.0.0.1:1/"
        yield "http://no-such-host.invalid/"
        yield "gopher://127.0.0.1/"
        yield "not a url"
        yield None
"""


@EACH_REACTOR
def test_each_start_url_has_one_result(site: Site, tmp_path: Path, reactor: str) -> None:
    crawl = run_spider(site, tmp_path, ONE_EACH, reactor=reactor, RETRY_TIMES=0)
    urls = Counter(item["url"] for item in crawl.items)
    assert urls == {
        site.url("/page/1"): 2,
        site.url("/page/2"): 1,
        site.url("/status/404"): 1,
        site.url("/status/500"): 1,
        site.url("/redirect/2"): 1,
        site.url("/binary"): 1,
        site.url("/truncated"): 1,
        site.url("/reset"): 1,
        "http://127.0.0.1:1/": 1,
        "http://no-such-host.invalid/": 1,
        "gopher://127.0.0.1/": 1,
        "not a url": 1,
        "None": 1,
    }
    by_url = {item["url"]: item for item in crawl.items}
    errors = {url: item["error_message"] for url, item in by_url.items() if not item["success"]}
    assert site.url("/page/1") not in errors
    assert by_url[site.url("/redirect/2")]["redirected_url"] == site.url("/page/0")
    assert errors.pop(site.url("/status/404")) == "HTTP 404 Not Found"
    assert by_url[site.url("/status/404")]["metadata"]["title"] == "Status 404"
    assert errors.pop(site.url("/status/500")) == "HTTP 500 Internal Server Error"
    assert errors.pop("http://127.0.0.1:1/") == "Connection refused."
    assert errors.pop("http://no-such-host.invalid/") == "The host name cannot be resolved."
    assert errors.pop("gopher://127.0.0.1/") == "URLs of the scheme 'gopher' are not supported."
    assert errors.pop("not a url").startswith("Not a URL to fetch:")
    assert errors.pop("None").startswith("Not a URL to fetch:")
    assert errors.pop(site.url("/binary")).startswith("This is application/octet-stream of ")
    assert errors.pop(site.url("/truncated")) == "The connection ended before the whole page had arrived."
    assert errors.pop(site.url("/reset")).startswith("Connection failed")
    assert errors == {}
    assert "Traceback" not in crawl.log


FOLLOW = """
from scrapy_crawl4.spiders import Crawl4Spider


class TheSpider(Crawl4Spider):
    name = "follow"
    follow = True
    urls = [url("/a")]
"""


def put_pages(site: Site) -> None:
    page = "<html><head><title>{}</title></head><body><h1>{}</h1>{}</body></html>"
    links = {
        "/a": [
            "/b",
            "/b#part",
            "/c",
            f"http://127.0.0.2:{site.port}/far",
            "mailto:a@example.org",
            "javascript:void(0)",
        ],
        "/b": ["/a", "/c", "/missing"],
        "/c": ["/a"],
        "/far": ["/further"],
        "/further": [],
    }
    for path, hrefs in links.items():
        anchors = " ".join(f'<a href="{href}">to {href}</a>' for href in hrefs)
        site.put(path, page.format(path, path, anchors))


def test_links_within_the_site_are_followed_once(site: Site, tmp_path: Path) -> None:
    put_pages(site)
    crawl = run_spider(site, tmp_path, FOLLOW)
    found = Counter(item["url"] for item in crawl.items)
    assert found == {site.url(path): 1 for path in ("/a", "/b", "/c", "/missing")}
    assert len(site.requests) == 4
    missing = next(item for item in crawl.items if item["url"].endswith("/missing"))
    assert missing["error_message"] == "HTTP 404 Not Found"
    assert crawl.stats["crawl4/results/success_count"] == 3


def test_allowed_domains_say_what_is_followed(site: Site, tmp_path: Path) -> None:
    put_pages(site)
    source = FOLLOW + '    allowed_domains = ["127.0.0.1", "127.0.0.2"]\n'
    crawl = run_spider(site, tmp_path, source)
    paths = sorted(item["url"].rpartition("/")[2] for item in crawl.items)
    assert paths == ["a", "b", "c", "far", "further", "missing"]


def test_content_follows_the_configuration(site: Site, tmp_path: Path) -> None:
    source = """
    from scrapy_crawl4.config import CrawlerRunConfig
    from scrapy_crawl4.spiders import Crawl4Spider


    class TheSpider(Crawl4Spider):
        name = "configured"
        config = CrawlerRunConfig(css_selector="h1")
        urls = [url("/page/7")]
    """
    crawl = run_spider(site, tmp_path, source)
    assert crawl.items[0]["markdown"].strip() == "# Page 7"


def test_scrapy_crawl_with_arguments_in_a_project(site: Site, tmp_path: Path) -> None:
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = settings\n")
    (tmp_path / "settings.py").write_text(
        f'SPIDER_MODULES = ["pages"]\nADDONS = {ADDON!r}\nREMOTE_CONTROL_ENABLED = False\n'
        "TELNETCONSOLE_ENABLED = False\nDOWNLOAD_DELAY = 0\n"
    )
    (tmp_path / "pages.py").write_text(
        "from scrapy_crawl4.spiders import Crawl4Spider\n\n\nclass Pages(Crawl4Spider):\n    name = 'pages'\n"
    )
    urls = f"{site.url('/page/1')} {site.url('/page/2')}"
    command = ["crawl", "pages", "-a", f"urls={urls}", "-a", "follow=no", "-o", "pages.jsonl"]
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", *command],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "pages.jsonl").read_text().splitlines()]
    assert sorted(line["metadata"]["title"] for line in lines) == ["Page 1", "Page 2"]
    assert {line["success"] for line in lines} == {True}
    assert ROOT.is_dir()


@pytest.mark.slow
def test_the_example_that_follows_links_of_results(site: Site, tmp_path: Path) -> None:
    pages = {"/a": "<nav><a href='/hidden'>-</a></nav><a href='/b'>b</a>", "/b": "<a href='/a'>a</a>"}
    for path, body in pages.items():
        site.put(path, f"<title>{path}</title>{body}")
    project = tmp_path / "project"
    shutil.copytree(ROOT / "example_project", project, ignore=shutil.ignore_patterns("__pycache__", "pages"))
    command = ["crawl", "links", "-a", f"start={site.url('/a')}", "-O", "links.jsonl"]
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", *command],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in (project / "links.jsonl").read_text().splitlines()]
    assert [result["metadata"]["title"] for result in results] == ["/a", "/b"]
    assert sorted(site.paths()) == ["/a", "/b", "/robots.txt"]
