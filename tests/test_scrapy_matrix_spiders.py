"""Scrapy's kinds of spiders and ways to crawl, with the add-on and without: same requests, items and stats."""

import gzip
from collections import Counter

import pytest

from .forking import Crawls

pytestmark = pytest.mark.slow

SPIDERS = """
from scrapy import crawler as scrapy_crawler
from scrapy.exceptions import DontCloseSpider
from scrapy.linkextractors import LinkExtractor
from scrapy.spiders import CrawlSpider, CSVFeedSpider, Rule, SitemapSpider, XMLFeedSpider


class Rules(CrawlSpider):
    name = "rules"
    start_urls = [url("/page/0")]
    allowed_domains = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    # Which of several pages finds another one first is chance: neither its depth nor its Referer may tell it.
    custom_settings = {
        "REFERER_ENABLED": False,
        "SPIDER_MIDDLEWARES": {"scrapy.spidermiddlewares.depth.DepthMiddleware": None},
    }
    rules = (
        Rule(LinkExtractor(allow=r"/page/[1-9]$"), callback="parse_page", follow=True, process_request="marked"),
        Rule(LinkExtractor(allow=r"/page/10$", restrict_css="ul"), callback="parse_page", errback="failed"),
        Rule(LinkExtractor(allow=r"/far")),
    )

    def marked(self, request, response):
        return request.replace(headers={"X-Marked": "yes"})

    def parse_page(self, response):
        yield {"url": response.url, "keys": sorted(response.meta)}

    def failed(self, failure):
        yield {"failed": str(failure.value)}


class Sitemaps(SitemapSpider):
    name = "sitemaps"
    # Which of two maps names a page first is chance.
    custom_settings = {"REFERER_ENABLED": False}
    sitemap_urls = [url("/robots.txt")]
    sitemap_rules = [("/page/", "parse_page"), ("/text", "parse_text")]
    sitemap_follow = ["/maps/"]

    def parse_page(self, response):
        yield {"page": response.url}

    def parse_text(self, response):
        yield {"text": response.text}


class Lines(CSVFeedSpider):
    name = "lines"
    start_urls = [url("/feed.csv")]
    delimiter = ";"

    def parse_row(self, response, row):
        yield row
        yield response.follow(row["path"], callback=self.parse_page)

    def parse_page(self, response):
        yield {"url": response.url}


class Nodes(XMLFeedSpider):
    name = "nodes"
    start_urls = [url("/feed.xml")]
    namespaces = [("n", "urn:news")]
    itertag = "n:item"
    iterator = "xml"

    def parse_node(self, response, node):
        return {"title": node.xpath("n:title/text()").get(), "url": response.url}


class Ways(Spider):
    # Priorities, duplicates, requests from callbacks and all that a callback may be.
    name = "ways"
    start_urls = [url("/page/1"), url("/page/1"), url("/page/2")]
    custom_settings = {"RETRY_TIMES": 2, "REDIRECT_MAX_TIMES": 3, "DOWNLOAD_TIMEOUT": 60}

    async def start(self):
        yield {"item": "of start"}
        async for request in super().start():
            yield request
        for number in range(3, 7):
            yield Request(url(f"/page/{number}"), priority=number, callback=self.parse_async)
        yield Request(url("/page/6"), callback=self.parse_async)
        yield Request(url("/page/6"), callback=self.parse_async, dont_filter=True)
        yield Request("http://127.0.0.1:1/closed", errback=self.failed)
        # On hosts of their own: Twisted asks once more by itself when a connection that served before is reset.
        yield Request(url("/reset", host=6), errback=self.failed)
        yield Request(url("/truncated", host=7), errback=self.failed)
        yield Request(url("/status/503", host=5), errback=self.failed)
        for path in ("/status/500", "/status/404", "/redirect/2", "/redirect/5", "/hop"):
            yield Request(url(path), errback=self.failed, cb_kwargs={"via": path})
        yield Request(url("/status/404?wanted"), meta={"handle_httpstatus_list": [404]})
        yield Request(url("/status/500?once"), meta={"dont_retry": True}, errback=self.failed)
        yield Request(url("/redirect/1?stay"), meta={"dont_redirect": True}, errback=self.failed)
        yield Request(url("/text"), method="HEAD", callback=self.parse_head)
        yield Request(url("/echo"), method="PUT", body=b"raw", callback=self.parse_echo)
        yield scrapy.http.JsonRequest(url("/echo?json"), data={"a": [1]}, callback=self.parse_echo)
        yield Request("data:,hello", callback=self.parse_local)
        yield Request("file://" + __file__, callback=self.parse_local)
        yield Request(url("/page/31"), callback=self.raising, errback=self.failed)
        yield Request(url("/page/32"), callback=self.inline)

    def parse(self, response, via=None):
        return {"url": response.url, "via": via, "status": response.status, "flags": response.flags}

    async def parse_async(self, response):
        await asyncio.sleep(0)
        yield {"async": response.url}

    def parse_head(self, response):
        yield {"head": response.status, "length": len(response.body)}

    def parse_echo(self, response):
        told = response.json()
        yield {"method": told["method"], "body": told["body"]}

    def parse_local(self, response):
        yield {"url": response.url, "size": len(response.body)}

    def raising(self, response):
        yield {"before": response.url}
        raise ValueError("of a callback")

    async def inline(self, response):
        engine = self.crawler.engine
        first, second = await asyncio.gather(
            engine.download_async(Request(url("/page/33"))), engine.download_async(Request(url("/redirect/1?inline")))
        )
        yield {"inline": [first.url, second.url]}
        try:
            await engine.download_async(Request("http://127.0.0.1:1/closed-inline"))
        except Exception as error:
            yield {"inline error": type(error).__name__}

    def failed(self, failure):
        yield {"failed": failure.request.url, "error": failure.type.__name__}


class Idle(Spider):
    # Goes on when it is idle, twice.
    name = "idle"
    rounds = 0

    @classmethod
    def from_crawler(cls, crawler, *args, **kwargs):
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.idle, signals.spider_idle)
        return spider

    async def start(self):
        yield Request(url("/page/0"))

    def idle(self):
        if self.rounds < 2:
            self.rounds += 1
            self.crawler.engine.crawl(Request(url(f"/page/{self.rounds}")))
            raise DontCloseSpider

    def parse(self, response):
        yield {"url": response.url, "round": self.rounds}


class Ordered(Spider):
    # One at a time, so that the order is Scrapy's.
    name = "ordered"
    custom_settings = {"CONCURRENT_REQUESTS": 1, "CONCURRENT_REQUESTS_PER_DOMAIN": 1}

    async def start(self):
        for number in range(8):
            yield Request(url(f"/page/{number}"), priority=number % 3)

    def parse(self, response):
        yield {"url": response.url}
        number = int(response.url.rsplit("/", 1)[1])
        if number < 8:
            for child in (number + 10, number + 20):
                yield Request(url(f"/page/{child}"), priority=number % 2)


class Closing(Spider):
    name = "closing"

    async def start(self):
        for number in range(40):
            yield Request(url(f"/page/{number}"))

    def parse(self, response):
        yield {"url": response.url}


class Older(Spider):
    # As spiders were written before start(): start_requests() for old versions beside it, callbacks that return lists.
    name = "older"

    def start_requests(self):
        for number in range(3):
            yield Request(url(f"/page/{number}"), self.parse, dont_filter=True)

    async def start(self):
        for request in self.start_requests():
            yield request

    def parse(self, response):
        return [{"url": response.url}]


class Arguments(Spider):
    name = "arguments"

    def __init__(self, first, second="two", **kwargs):
        super().__init__(**kwargs)
        self.numbers = first, second

    async def start(self):
        yield Request(url("/page/3"), meta={"download_slot": "own"}, cookies={"c": self.numbers[0]})

    def parse(self, response):
        yield {"numbers": self.numbers, "latency": "download_latency" in response.meta, "meta": sorted(response.meta)}
"""


@pytest.fixture(scope="module")
def crawls(site_server, tmp_path_factory):
    with Crawls(site_server, tmp_path_factory.mktemp("spiders"), SPIDERS) as crawls:
        yield crawls


def feeds(site):
    maps = "".join(
        f"<sitemap><loc>{site.url(path)}</loc></sitemap>" for path in ("/maps/a.xml", "/maps/b.xml.gz", "/x")
    )
    site.set_robots(f"Sitemap: {site.url('/maps/index.xml')}")
    site.put("/maps/index.xml", f"<sitemapindex>{maps}</sitemapindex>", content_type="application/xml")
    for path, pages in (("/maps/a.xml", range(4)), ("/maps/b.xml.gz", range(3, 8))):
        urls = "".join(f"<url><loc>{site.url(f'/page/{number}')}</loc></url>" for number in pages)
        body = f"<urlset>{urls}<url><loc>{site.url('/text')}</loc></url></urlset>".encode()
        packed = gzip.compress(body, mtime=0) if path.endswith("gz") else body
        site.put(path, packed, content_type="application/gzip" if path.endswith("gz") else "text/xml")
    site.put("/feed.csv", "name;path\none;/page/1\ntwo;/page/2\n", content_type="text/csv")
    items = "".join(f"<item><title>Title {number}</title></item>" for number in range(3))
    site.put("/feed.xml", f'<feed xmlns="urn:news">{items}</feed>', content_type="text/xml")
    site.put("/hop", f'<meta http-equiv="refresh" content="0; url={site.url("/page/9")}"><p>Gone on</p>')


@pytest.mark.parametrize("reactor", ["asyncio", "none"])
def test_spiders_of_every_kind_one_after_the_other(crawls, reactor):
    rules, sitemaps, lines, nodes = crawls.compared(
        "Rules", "Sitemaps", "Lines", "Nodes", prepare=feeds, reactor=reactor
    )
    assert len(rules.items) > 5
    assert rules.stats["offsite/filtered"] > 5
    assert rules.stats["offsite/domains"] == 1
    assert Counter(next(iter(item)) for item in sitemaps.items) == {"page": 8, "text": 1}
    assert len(lines.items) == 4
    assert [item["title"] for item in nodes.items] == ["Title 0", "Title 1", "Title 2"]


@pytest.mark.parametrize("reactor", ["asyncio", "none"])
def test_a_plain_spider_makes_the_same_requests_and_yields_the_same_items(crawls, reactor):
    ways, idle, arguments = crawls.compared(
        "Ways", "Idle", "Arguments", prepare=feeds, reactor=reactor, arguments={"first": "1"}
    )
    assert len(ways.items) > 25
    # 500, 503, reset, truncated, two closed ports
    assert ways.stats["retry/max_reached"] == 6
    assert [item["round"] for item in idle.items] == [0, 1, 2]
    assert arguments.items[0]["numbers"] == ["1", "two"]


def test_the_order_of_requests_is_scrapys(site, crawls):
    orders = []
    for addon in (False, True):
        site.reset()
        crawls.run("Ordered", addon=addon)
        orders.append(site.paths())
    assert orders[0] == orders[1]
    assert len(orders[0]) == 24


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"CLOSESPIDER_ITEMCOUNT": 5}, "closespider_itemcount"),
        ({"CLOSESPIDER_PAGECOUNT": 5}, "closespider_pagecount"),
        ({"CLOSESPIDER_ERRORCOUNT": 1}, "finished"),
    ],
)
def test_close_spider_closes(site, crawls, settings, reason):
    for addon in (False, True):
        site.reset()
        (crawl,) = crawls.run("Closing", addon=addon, CONCURRENT_REQUESTS=2, **settings)
        assert crawl.stats["finish_reason"] == reason
        # What was in flight is finished.
        assert len(crawl.items) == len(site.requests)
        assert len(crawl.items) == 40 if reason == "finished" else 5 <= len(crawl.items) <= 10


@pytest.mark.parametrize("reactor", ["asyncio", "none"])
@pytest.mark.parametrize("runner", [False, True])
def test_several_spiders_crawl_side_by_side_in_one_process(crawls, reactor, runner):
    crawled = crawls.compared("Closing", "Idle", "Closing", "Older", reactor=reactor, runner=runner)
    assert [len(crawl.items) for crawl in crawled] == [40, 3, 40, 3]
