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


LINKS = """
import threading
from collections import Counter
import scrapy_crawl4.content as content
from scrapy_crawl4.results import CrawlResult

extract = content.extract_page
parsed, threads, running, most = Counter(), set(), [], [0]


def watched(html, *, url, **arguments):
    parsed[url] += 1
    threads.add(threading.get_ident())
    running.append(url)
    most[0] = max(most[0], len(running))
    try:
        return extract(html, url=url, **arguments)
    finally:
        running.remove(url)


content.extract_page = watched


class TheSpider(Spider):
    name = "links"
    custom_settings = {"DEPTH_LIMIT": 2}

    async def start(self):
        for number in range(4):
            yield Request(url(f"/page/{number}"))

    PARSE

    def closed(self, reason):
        main = threading.main_thread().ident in threads
        self.crawler.stats.set_value("seen", [max(parsed.values()), parsed.total(), main, most[0]])
"""

AWAITED = """async def parse(self, response):
        result = CrawlResult.from_response(response)
        await result.acomplete()
        yield result
        for link in result.links["internal"]:
            yield response.follow(link["href"])
"""
READ_LATER = """def parse(self, response):
        result = CrawlResult.from_response(response)
        yield result
        for link in result.links["internal"]:
            yield response.follow(link["href"])
"""


@pytest.mark.slow
@EACH_REACTOR
def test_links_can_be_followed_without_a_second_parse_off_the_loop(site: Site, tmp_path: Path, reactor: str) -> None:
    crawl = run_spider(site, tmp_path, LINKS.replace("PARSE", AWAITED), reactor=reactor)
    pages = len(crawl.items)
    assert pages == len(site.requests) > 4
    assert crawl.stats["seen"] == [1, pages, False, 1], "once each, none in the main thread, one at a time"
    assert crawl.stats["crawl4/content/pages_count"] == pages


@pytest.mark.slow
def test_a_callback_that_reads_links_while_the_pipeline_makes_them_waits_for_it(site: Site, tmp_path: Path) -> None:
    crawl = run_spider(site, tmp_path, LINKS.replace("PARSE", READ_LATER))
    assert crawl.stats["seen"][:2] == [1, len(crawl.items)]


@pytest.mark.slow
def test_what_a_callback_reads_is_made_by_the_settings(site: Site, tmp_path: Path) -> None:
    pytest.importorskip("markdownify", reason="the extra markdownify is not installed")
    parse = """def parse(self, response):
        result = CrawlResult.from_response(response)
        yield {"converter": result.pending.config.markdown_generator.converter}
    """
    source = LINKS.replace("PARSE", parse).replace("closed", "unused")
    crawl = run_spider(site, tmp_path, source, CRAWL4_MARKDOWN_CONVERTER="markdownify")
    assert crawl.items == [{"converter": "markdownify"}] * 4


FLOOD = """
import threading
import scrapy_crawl4.content as content
from scrapy_crawl4.results import CrawlResult

PAGES, EACH = 20, COPIES
extract = content.extract_page
engines, made, done, most = [], [0], [0], [0]
held = threading.Event()


def quiet():
    # What may start has started: nothing is being downloaded, and no result is being made.
    before = made[0]
    held.wait(0.1)
    return not engines[0].downloader.active and made[0] == before > 0


def slow(html, **arguments):
    while not done[0] and not quiet():
        pass
    done[0] += 1
    return extract("<p>short</p>", **arguments)


content.extract_page = slow


class Lighter:
    def process_item(self, item):
        item.html = ""
        return item


class TheSpider(Spider):
    name = "flood"
    custom_settings = {"ITEM_PIPELINES": {Lighter: 300}}

    async def start(self):
        engines.append(self.crawler.engine)
        for number in range(PAGES):
            yield Request(url(f"/size/200000?{number}"))

    def parse(self, response):
        for _ in range(EACH):
            made[0] += 1
            most[0] = max(most[0], made[0] - done[0])
            yield CrawlResult.from_response(response)

    def closed(self, reason):
        self.crawler.stats.set_value("seen", [made[0], done[0], most[0]])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("copies", "reactor", "most"),
    [
        # Six responses are more than 1 MB, and four more may be on their way.
        (1, "asyncio", 10),
        # Of each response, five results are in process; ten more wait, on asyncio, and another one is made.
        (20, "asyncio", 160),
        (20, "select", 60),
    ],
)
def test_results_that_come_faster_than_content_is_made_hold_the_crawl_back(
    site: Site, tmp_path: Path, copies: int, reactor: str, most: int
) -> None:
    crawl = run_spider(
        site,
        tmp_path,
        FLOOD.replace("COPIES", str(copies)),
        reactor=reactor,
        CONCURRENT_REQUESTS=4,
        CONCURRENT_ITEMS=5,
        SCRAPER_SLOT_MAX_ACTIVE_SIZE=1_000_000,
    )
    made, done, pending = crawl.stats["seen"]
    assert made == done == len(crawl.items) == 20 * copies
    assert pending <= most
