"""CrawlResultPipeline in real crawls."""

from pathlib import Path

import pytest

from .crawling import run_spider
from .server import Site

EACH_REACTOR = pytest.mark.parametrize("reactor", ["asyncio", "none", "select"])

RESULTS = """
import threading
import scrapy_crawl4.content as content
from scrapy_crawl4.results import CrawlResult

extract = content.extract_page
running, most, threads = set(), [0], set()


def watched(html, **arguments):
    me = threading.get_ident()
    running.add(me)
    threads.add(me)
    most[0] = max(most[0], len(running))
    try:
        if "Page 3<" in html:
            raise RuntimeError("this page breaks the stages")
        return extract(html, **arguments)
    finally:
        running.discard(me)


content.extract_page = watched


class After:
    def process_item(self, item):
        if isinstance(item, CrawlResult):
            assert item.pending is None
        return item


class TheSpider(Spider):
    name = "results"
    handle_httpstatus_list = [404]
    custom_settings = {"ITEM_PIPELINES": {After: 300}}

    async def start(self):
        for number in range(12):
            yield Request(url(f"/page/{number}"))
        yield Request(url("/status/404"))

    def parse(self, response):
        yield CrawlResult.from_response(response)

    def closed(self, reason):
        main = threading.main_thread().ident
        self.crawler.stats.set_value("seen", [most[0], main in threads])
"""


@EACH_REACTOR
def test_content_is_made_off_the_loop_before_other_pipelines(site: Site, tmp_path: Path, reactor: str) -> None:
    crawl = run_spider(site, tmp_path, RESULTS, reactor=reactor)
    by_url = {item["url"]: item for item in crawl.items}
    assert len(crawl.items) == len(by_url) == 13
    good = by_url[site.url("/page/5")]
    assert good["success"]
    assert good["markdown"].startswith("[Start]") or "# Page 5" in good["markdown"]
    assert good["metadata"]["title"] == "Page 5"
    assert site.url("/page/5") in good["html"]
    missing = by_url[site.url("/status/404")]
    assert (missing["success"], missing["error_message"]) == (False, "HTTP 404 Not Found")
    assert missing["links"]["internal"]
    assert crawl.stats["seen"] == [1, False], "one page at a time, none in the main thread"
    assert crawl.stats["crawl4/content/pages_count"] == 13
    assert crawl.stats["crawl4/results/failed_count"] == 2, "page 3 breaks the stages"
    assert crawl.stats["crawl4/results/success_count"] == 11


def test_a_page_that_breaks_the_stages_is_still_a_result(site: Site, tmp_path: Path) -> None:
    crawl = run_spider(site, tmp_path, RESULTS)
    assert len(crawl.items) == 13
    (broken,) = [item for item in crawl.items if item["url"] == site.url("/page/3")]
    assert not broken["success"]
    assert broken["error_message"] == "The content stages failed: RuntimeError"


ITEMS = """
import dataclasses
from scrapy_crawl4.results import CrawlResult


@dataclasses.dataclass
class Data:
    url: str
    price: int


class Old(scrapy.Item):
    url = scrapy.Field()
    name = scrapy.Field()


class TheSpider(Spider):
    name = "items"

    async def start(self):
        yield Request(url("/page/1"))

    def parse(self, response):
        yield {"url": "http://a/", "title": "a dict"}
        yield Data("http://b/", 3)
        yield Old(url="http://c/", name="an item")
        yield CrawlResult.from_response(response)
"""


def test_other_items_pass_untouched(site: Site, tmp_path: Path) -> None:
    crawl = run_spider(site, tmp_path, ITEMS)
    assert {"url": "http://a/", "title": "a dict"} in crawl.items
    assert {"url": "http://b/", "price": 3} in crawl.items
    assert {"url": "http://c/", "name": "an item"} in crawl.items
    assert "crawl4/results/mapped_count" not in crawl.stats
    assert crawl.stats["crawl4/results/success_count"] == 1


def test_items_of_every_type_become_results_on_demand(site: Site, tmp_path: Path) -> None:
    crawl = run_spider(site, tmp_path, ITEMS, CRAWL4_MAP_ITEMS=True)
    extracted = {item["url"]: item["extracted_content"] for item in crawl.items if item["extracted_content"]}
    assert set(extracted) == {"http://a/", "http://b/", "http://c/"}
    assert '"title": "a dict"' in extracted["http://a/"]
    assert '"price": 3' in extracted["http://b/"]
    assert '"name": "an item"' in extracted["http://c/"]
    assert crawl.stats["crawl4/results/mapped_count"] == 3
    assert crawl.stats["item_scraped_count"] == 4
