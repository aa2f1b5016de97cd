"""Scrapy's commands in a project, with the add-on and without: same output, same requests."""

import re

import pytest

from .crawling import asked
from .forking import Crawls

pytestmark = pytest.mark.slow

SETTINGS = """
import os

BOT_NAME = "project"
SPIDER_MODULES = ["project"]
ADDONS = {"scrapy_crawl4.Addon": 500} if os.environ["ADDON"] == "True" else {}
ITEM_PIPELINES = {"project.Numbering": 100}
SPIDER_CONTRACTS = {"project.HasMark": 10}
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
DOWNLOAD_DELAY = 0
"""

PROJECT = """
import os
from scrapy import Request, Spider
from scrapy.contracts import Contract
from scrapy.exceptions import ContractFail

SITE = f"http://127.0.0.1:{os.environ['SITE_PORT']}"


class Numbering:
    def process_item(self, item):
        item["piped"] = True
        return item


class HasMark(Contract):
    name = "mark"

    def pre_process(self, response):
        if self.args[0].encode() not in response.body:
            raise ContractFail(f"no {self.args[0]}")


class Contracted(Spider):
    name = "contracted"
    start_urls = [SITE + "/page/1"]

    def parse(self, response):
        yield {"url": response.url, "title": response.css("title::text").get()}
        for href in response.css("main li a::attr(href)").getall()[:1]:
            yield response.follow(href, callback=self.parse_next, cb_kwargs={"of": "parse"})

    parse.__doc__ = f'''
    @url {SITE}/page/1
    @returns items 1 1
    @returns requests 1 1
    @scrapes url title
    @mark Page
    '''

    async def parse_next(self, response, of):
        yield {"url": response.url, "of": of}

    parse_next.__doc__ = f'''
    @url {SITE}/status/404?PATH
    @meta {{"handle_httpstatus_list": [404]}}
    @cb_kwargs {{"of": "contract"}}
    @returns items 2
    '''
"""


@pytest.fixture(scope="module")
def crawls(site_server, tmp_path_factory):
    with Crawls(site_server, tmp_path_factory.mktemp("commands"), "") as crawls:
        yield crawls


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "scrapy.cfg").write_text("[settings]\ndefault = settings\n")
    (folder / "settings.py").write_text(SETTINGS)
    (folder / "project.py").write_text(PROJECT)
    return folder


def both(site, crawls, project, *argv):
    """Run a command with the add-on and without; its code and output, which must be the same."""
    seen = []
    for addon in (False, True):
        site.reset()
        code, output = crawls.command(project, *argv, addon=addon)
        # Times, and where objects are, are those of each run.
        output = re.sub(r"in \d+\.\d+s|0x[0-9a-f]+|Date: .*", "", output)
        # Contracts are reported as they come in.
        compared = (
            sorted(re.sub(r"^[.F]{5}$", "", output, flags=re.MULTILINE).splitlines()) if argv[0] == "check" else output
        )
        seen.append((code, compared, asked(site.requests)))
    assert seen[0] == seen[1]
    return code, output, seen[1][2]


def test_contracts_are_checked(site, crawls, project):
    code, output, requests = both(site, crawls, project, "check")
    assert code == 1
    assert "Ran 5 contracts" in output
    assert "FAIL: [contracted] parse_next (@returns post-hook)" in output
    assert "Returned 1 item" in output
    assert len(requests) == 2


def test_a_page_is_parsed(site, crawls, project):
    argv = ["parse", "--spider=contracted", "--nocolour", "--nolog", "--pipelines", "--depth=2", site.url("/page/1")]
    code, output, requests = both(site, crawls, project, *argv)
    assert code == 0
    assert "'piped': True" in output
    assert "/page/2" in output
    assert "'of': 'parse'" in output
    assert len(requests) == 2


def test_the_shell_fetches(site, crawls, project):
    # More than one fetch: the second one waits for nothing that the first one left.
    script = f"(response.status, fetch('{site.url('/redirect/1')}'), response.url, fetch('{site.url('/status/500')}'))"
    code, output, requests = both(site, crawls, project, "shell", "--nolog", site.url("/page/1"), "-c", script)
    assert code == 0
    assert output.startswith("(200, None,")
    assert sum(requests.values()) >= 5


def test_a_page_is_fetched(site, crawls, project):
    argv = ["fetch", "--nolog", "--spider=contracted", site.url("/page/3")]
    code, output, requests = both(site, crawls, project, *argv)
    assert code == 0
    assert "<h1>Page 3</h1>" in output
    assert len(requests) == 1


def test_a_spider_is_crawled_and_listed(site, crawls, project, tmp_path):
    for name in ("one", "two"):
        _, output, _ = both(site, crawls, project, "crawl", "contracted", "--nolog", "-O", f"{tmp_path}/{name}.jsonl")
        assert output == ""
    assert (tmp_path / "one.jsonl").read_text() == (tmp_path / "two.jsonl").read_text()
    assert len((tmp_path / "one.jsonl").read_text().splitlines()) == 2
    assert both(site, crawls, project, "list")[1] == "contracted\n"


def test_the_benchmark_runs(crawls, project):
    code, output = crawls.command(project, "bench", "-s", "CLOSESPIDER_TIMEOUT=1", addon=True)
    assert code == 0, output
    assert "DispatchDownloader" in output
    assert int(re.search(r"'downloader/response_count': (\d+)", output)[1]) > 10
    assert "Traceback" not in output
