"""What becomes of items and what others put around a spider, with the add-on and without."""

import csv
import io
import json
import marshal
import pickle

import pytest

from .forking import Crawls

pytestmark = pytest.mark.slow

SPIDERS = """
import dataclasses
from scrapy.exceptions import DropItem, IgnoreRequest
from scrapy.http import HtmlResponse
from scrapy.pipelines.files import FilesPipeline
from scrapy.pipelines.images import ImagesPipeline
from scrapy_crawl4 import CrawlResult


@dataclasses.dataclass
class Page:
    url: str
    size: int
    number: int = 0


class Book(scrapy.Item):
    url = scrapy.Field()
    title = scrapy.Field(serializer=str)
    number = scrapy.Field()


class Syncing:
    def open_spider(self):
        self.count = 0

    def process_item(self, item):
        self.count += 1
        item = ItemAdapter(item)
        item["number"] = int(item["url"].rsplit("/", 1)[1].split("?")[0])
        if item["number"] % 5 == 4:
            raise DropItem(f"number {item['number']}")
        return item.item


class Awaiting:
    async def process_item(self, item):
        await asyncio.sleep(0.01)
        if ItemAdapter(item)["number"] == 3:
            raise ValueError("of a pipeline")
        return item


class Mixed(Spider):
    # Items of several types, one kind for each page.
    name = "mixed"

    async def start(self):
        for number in range(12):
            yield Request(url(f"/page/{number}"))

    def parse(self, response):
        number = int(response.url.rsplit("/", 1)[1])
        kinds = [
            lambda: {"url": response.url, "number": number},
            lambda: Page(response.url, len(response.body)),
            lambda: Book(url=response.url, title=response.css("title::text").get()),
        ]
        yield kinds[number % 3]()


class Piped(Mixed):
    name = "piped"
    custom_settings = {"ITEM_PIPELINES": {Syncing: 100, Awaiting: 200}}


class Results(Spider):
    name = "results"

    async def start(self):
        for path in ("/page/1", "/page/2", "/text"):
            yield Request(url(path))

    def parse(self, response):
        yield CrawlResult.from_response(response)


class Media(Spider):
    name = "media"
    custom_settings = {"ITEM_PIPELINES": {FilesPipeline: 1, ImagesPipeline: 2}}

    async def start(self):
        yield Request(url("/page/1"))

    def parse(self, response):
        files = [url("/binary"), url("/text"), url("/status/404"), url("/text")]
        yield {"file_urls": files, "image_urls": [url("/picture.png"), url("/no.png")], "n": 1}
        yield {"file_urls": [url("/text"), url("/json", host=2)], "n": 2}


class Marking:
    # A spider middleware of somebody else.
    async def process_start(self, start):
        async for request in start:
            yield request.replace(headers={"X-Start": "yes"})
        yield Request(url("/page/50"), callback=None)

    def process_spider_input(self, response):
        if response.url.endswith("/page/51"):
            raise ValueError("of a spider middleware")

    async def process_spider_output(self, response, result):
        async for thing in result:
            if not isinstance(thing, Request):
                yield {**thing, "marked": True}
            else:
                yield thing.replace(priority=7)

    def process_spider_exception(self, response, exception):
        yield {"exception": str(exception), "url": response.url}


class Meddling:
    # A downloader middleware of somebody else: everything that one may do.
    def process_request(self, request):
        if "ignored" in request.url:
            raise IgnoreRequest("not this one")
        if "canned" in request.url:
            return HtmlResponse(request.url, body=b"<p>canned</p>", request=request)
        if "elsewhere" in request.url:
            return request.replace(url=url("/page/60"), dont_filter=True)
        request.headers["X-Meddled"] = "yes"

    async def process_response(self, request, response):
        await asyncio.sleep(0)
        if "again" in response.url and not request.meta.get("again"):
            return request.replace(meta={**request.meta, "again": True}, dont_filter=True)
        if "refused" in response.url:
            raise IgnoreRequest("not this response")
        return response.replace(flags=["meddled"])

    def process_exception(self, request, exception):
        if "rescued" in request.url:
            return HtmlResponse(request.url, body=b"<p>rescued</p>", request=request)
        if "instead" in request.url:
            return Request(url("/page/61"), dont_filter=True)


class Meddled(Spider):
    name = "meddled"
    custom_settings = {
        "SPIDER_MIDDLEWARES": {Marking: 543},
        "DOWNLOADER_MIDDLEWARES": {Meddling: 543},
        "RETRY_ENABLED": False,
    }

    async def start(self):
        for number in (51, 52, 53):
            yield Request(url(f"/page/{number}"), errback=self.failed)
        for path in ("/ignored", "/canned", "/elsewhere", "/page/1?again", "/page/1?refused"):
            yield Request(url(path), errback=self.failed)
        yield Request("http://127.0.0.1:1/rescued", errback=self.failed)
        yield Request("http://127.0.0.1:1/instead", errback=self.failed)
        yield Request("http://127.0.0.1:1/plain", errback=self.failed)

    def parse(self, response):
        if response.url.endswith("/page/52"):
            raise ValueError("of a callback")
        yield {"url": response.url, "flags": response.flags}
        if response.url.endswith("/page/53"):
            yield Request(url("/page/54"))

    def failed(self, failure):
        yield {"failed": failure.request.url, "error": failure.type.__name__}
"""

FORMATS = {"json": "json", "jsonlines": "jsonl", "csv": "csv", "xml": "xml", "pickle": "pickle", "marshal": "marshal"}


@pytest.fixture(scope="module")
def crawls(site_server, tmp_path_factory):
    with Crawls(site_server, tmp_path_factory.mktemp("items"), SPIDERS) as crawls:
        yield crawls


def png():
    image = pytest.importorskip("PIL.Image", reason="ImagesPipeline needs Pillow")
    out = io.BytesIO()
    image.new("RGB", (20, 10), "red").save(out, "PNG")
    return out.getvalue()


def feeds(folder):
    return {f"{folder}/items.{ending}": {"format": name} for name, ending in FORMATS.items()}


def loaded(file, load):
    found = []
    with file.open("rb") as stream:
        while stream.peek(1):
            found.append(load(stream))
    return found


@pytest.mark.parametrize("reactor", ["asyncio", "none"])
def test_pipelines_and_middlewares_of_others(crawls, reactor):
    piped, meddled = crawls.compared("Piped", "Meddled", reactor=reactor)
    assert len(piped.items) == 9
    assert piped.stats["item_dropped_count"] == 2
    assert len(meddled.items) == 13
    assert all(item.get("marked") or "exception" in item or "failed" in item for item in meddled.items)


def test_feeds_of_every_format_have_the_same_items(crawls):
    fields = {"FEED_EXPORT_FIELDS": ["url", "number", "size", "title"]}
    # One at a time: the order of the items is part of most formats.
    one = {"CONCURRENT_REQUESTS": 1, "CONCURRENT_REQUESTS_PER_DOMAIN": 1}
    (mixed,) = crawls.compared("Mixed", FEEDS=feeds("{folder}"), **fields, **one)
    assert len(mixed.items) == 12
    assert {name for name in mixed.stats if name.startswith("feedexport/success_count")} == {
        "feedexport/success_count/FileFeedStorage"
    }


def test_feeds_of_every_format_take_results(crawls, tmp_path):
    (crawl,) = crawls.run("Results", FEEDS=feeds(tmp_path))
    assert len(crawl.items) == 3
    assert "ERROR" not in crawl.log
    read = {
        "json": json.loads((tmp_path / "items.json").read_text()),
        "jsonl": [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()],
        "csv": list(csv.DictReader((tmp_path / "items.csv").read_text().splitlines(keepends=True))),
        "pickle": loaded(tmp_path / "items.pickle", pickle.load),
        "marshal": loaded(tmp_path / "items.marshal", marshal.load),
    }
    for items in read.values():
        assert sorted(item["url"] for item in items) == sorted(item["url"] for item in crawl.items)
        assert any("Page 2" in str(item["markdown"]) for item in items)
    assert (tmp_path / "items.xml").read_text().count("<url>http") >= 3


def test_media_pipelines_store_the_same_files(crawls):
    picture = png()

    def prepare(site):
        site.put("/picture.png", picture, content_type="image/png")

    stores = {"FILES_STORE": "{folder}/files", "IMAGES_STORE": "{folder}/images", "IMAGES_THUMBS": {"small": [5, 5]}}
    (media,) = crawls.compared("Media", prepare=prepare, **stores)
    first, second = sorted(media.items, key=lambda item: item["n"])
    assert len(first["files"]) == 3
    assert len(first["images"]) == 1
    assert len(second["files"]) == 2
