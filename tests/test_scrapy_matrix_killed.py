"""A crawl with JOBDIR that is killed with -9, again and again, and goes on each time."""

import json
import random

import pytest

from scrapy_crawl4.pending import PendingRequests

from .crawling import asked
from .forking import Crawls

pytestmark = pytest.mark.slow

PAGES = 150
TREE = """
import asyncio
import io
import marshal
import pickle
import random
import types
from pathlib import Path
from queuelib import queue
from scrapy import squeues
from scrapy.dupefilters import BaseDupeFilter


class Elsewhere(BaseDupeFilter):
    # Writes at once, to a file of its own.
    def __init__(self, path):
        self.path = path
        self.urls = set(path.read_text().split()) if path.exists() else set()

    @classmethod
    def from_crawler(cls, crawler):
        return cls(Path(crawler.settings["JOBDIR"], "own.txt"))

    def request_seen(self, request):
        if request.url in self.urls:
            return True
        self.urls.add(request.url)
        with self.path.open("a") as file:
            file.write(request.url + "\\n")
        return False

    def log(self, request, spider):
        pass


def with_code(code):
    return types.FunctionType(marshal.loads(code), {})


class Pickler(pickle.Pickler):
    # Takes functions that have no name to find them by.
    def reducer_override(self, value):
        return (with_code, (marshal.dumps(value.__code__),)) if "<lambda>" in repr(value) else NotImplemented


def with_functions(value):
    file = io.BytesIO()
    Pickler(file).dump(value)
    return file.getvalue()


FunctionQueue = squeues._scrapy_serialization_queue(
    squeues._serializable_queue(squeues._with_mkdir(queue.LifoDiskQueue), with_functions, pickle.loads)
)


class Functions(Spider):
    name = "functions"
    custom_settings = {"SCHEDULER_DISK_QUEUE": FunctionQueue, "CONCURRENT_REQUESTS": 1}

    async def start(self):
        yield Request(url("/page/0"), self.parse_first)

    def parse_first(self, response):
        for number in range(6):
            meta, arguments = {"part": lambda: 1}, {"number": number}
            yield Request(url(f"/page/{number}"), dont_filter=True, meta=meta, cb_kwargs=arguments)

    def parse(self, response, number):
        yield {"number": number, "part": response.meta["part"]()}


class Unhurried:
    # Each item takes as long as it likes, so that the crawl can be killed while it is here.
    async def process_item(self, item):
        await asyncio.sleep(random.random() * 0.1)
        return item


class Tree(Spider):
    name = "tree"
    # Which page finds another one first is chance, and the Referer header would tell it.
    custom_settings = {"ITEM_PIPELINES": {Unhurried: 300}, "REFERER_ENABLED": False}
    pages = PAGES

    async def start(self):
        yield self.page(1)
        yield Request(url("/page/0"), dont_filter=True, cb_kwargs={"number": 0})

    def page(self, number):
        path = f"/slow/0.1?{number}"
        if number % 7 == 0:
            path = f"/redirect-to?url={path}"
        return Request(url(path, host=1 + number % 3), cb_kwargs={"number": number}, priority=number % 4)

    def parse(self, response, number):
        yield {"number": number, "part": 1}
        for child in {2 * number, 2 * number + 1, number // 2, number + 1}:
            if 0 < child < self.pages:
                yield self.page(child)
        yield {"number": number, "part": 2, "page": response.url}
""".replace("PAGES", str(PAGES))

WANTED = {(number, part) for number in range(PAGES) for part in (1, 2)}


@pytest.fixture(scope="module")
def crawls(site_server, tmp_path_factory):
    with Crawls(site_server, tmp_path_factory.mktemp("killed"), TREE) as crawls:
        yield crawls


def items(path):
    return [(item["number"], item["part"]) for item in map(json.loads, path.read_text().splitlines())]


def test_the_requests_of_an_undisturbed_job_are_scrapys(site, crawls, tmp_path):
    kept = {}
    for addon in (False, True):
        site.reset()
        folder = tmp_path / str(addon)
        feed = {str(folder / "items.jsonl"): {"format": "jsonlines"}}
        (crawl,) = crawls.run("Tree", addon=addon, JOBDIR=str(folder / "job"), FEEDS=feed)
        assert set(items(folder / "items.jsonl")) == WANTED
        kept[addon] = asked(site.requests), crawl.stats["scheduler/enqueued/disk"], len(crawl.items)
    assert kept[True] == kept[False]
    assert crawl.stats["scheduler/dequeued/disk"] == crawl.stats["scheduler/enqueued/disk"]


def kill_after(site, crawls, count, **settings):
    """Kill a crawl when the server has got so many more requests."""
    enough = len(site.requests) + count
    started = crawls.start("Tree", **settings)
    assert site.wait_for(lambda site: len(site.requests) >= enough)
    assert started.kill() == -9


@pytest.mark.parametrize("seed", [1, 2])
def test_a_job_killed_at_random_points_ends_with_the_items_of_an_undisturbed_run(site, crawls, tmp_path, seed):
    feed = tmp_path / "items.jsonl"
    settings = {"JOBDIR": str(tmp_path / "job"), "FEEDS": {str(feed): {"format": "jsonlines"}}}
    chance = random.Random(seed)
    for _kill in range(4):
        kill_after(site, crawls, chance.randrange(3, 45), **settings)
    (crawl,) = crawls.run("Tree", **settings)
    assert "The last run of this job was killed" in crawl.log
    assert set(items(feed)) == WANTED
    assert len(site.requests) < 2.5 * PAGES


def test_a_dupefilter_that_writes_elsewhere_loses_nothing_either(site, crawls, tmp_path):
    feed = tmp_path / "items.jsonl"
    settings = {"JOBDIR": str(tmp_path / "job"), "FEEDS": {str(feed): {"format": "jsonlines"}}}
    settings["DUPEFILTER_CLASS"] = "__main__.Elsewhere"
    for count in (20, 40):
        kill_after(site, crawls, count, **settings)
    crawls.run("Tree", **settings)
    assert set(items(feed)) == WANTED


def test_a_job_may_change_between_scrapys_scheduler_and_ours_whenever_it_ended_orderly(site, crawls, tmp_path):
    feed = tmp_path / "items.jsonl"
    settings = {"JOBDIR": str(tmp_path / "job"), "FEEDS": {str(feed): {"format": "jsonlines"}}}
    for addon in (True, False):
        (crawl,) = crawls.run("Tree", addon=addon, CLOSESPIDER_PAGECOUNT=20, **settings)
        assert crawl.stats["finish_reason"] == "closespider_pagecount"
    kill_after(site, crawls, 30, **settings)
    (crawl,) = crawls.run("Tree", CLOSESPIDER_PAGECOUNT=20, **settings)
    assert "The last run of this job was killed" in crawl.log
    (crawl,) = crawls.run("Tree", **settings)
    assert "was killed" not in crawl.log
    assert "Resuming crawl" in crawl.log
    assert set(items(feed)) == WANTED


def test_a_queue_on_disk_that_takes_more_than_pickle_keeps_it(site, crawls, tmp_path):
    feed = tmp_path / "items.jsonl"
    settings = {"JOBDIR": str(tmp_path / "job"), "FEEDS": {str(feed): {"format": "jsonlines"}}}
    for addon in (False, True, True):
        (crawl,) = crawls.run("Functions", addon=addon, CLOSESPIDER_PAGECOUNT=3, **settings)
        assert "ERROR" not in crawl.log
    assert sorted(items(feed)) == [(number, 1) for number in range(6)]


def test_two_crawls_in_one_job_directory_are_refused(crawls, tmp_path):
    with PendingRequests(tmp_path) as record:
        record.commit()
        (crawl,) = crawls.run("Tree", JOBDIR=str(tmp_path))
    assert "JOBDIR is in use by another crawl" in crawl.log
    assert crawl.items == []
