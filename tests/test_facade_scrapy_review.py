"""What spiders and feeds behind the facade must stand."""

import asyncio
import logging

import pytest
import scrapy

from scrapy_crawl4 import AsyncWebCrawler, Crawl4Error, SemaphoreDispatcher

FAST = SemaphoreDispatcher(4)


@pytest.fixture(autouse=True)
def quiet():
    """Spare the reports what spiders of these tests raise on purpose."""
    logger = logging.getLogger("scrapy")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


class RaisingSpider(scrapy.Spider):
    """Raises `error` in the one or the other kind of callback."""

    name = "raising"

    def __init__(self, url, error, kind):
        super().__init__()
        self.url, self.error, self.kind = url, error, kind

    async def start(self):
        yield scrapy.Request(self.url, callback=getattr(self, self.kind))
        yield scrapy.Request(self.url, callback=self.fine, dont_filter=True)
        if self.kind == "begin":
            raise self.error

    begin = None

    def function(self, response):
        raise self.error

    def generator(self, response):
        yield {"kind": "generator"}
        raise self.error

    async def coroutine(self, response):
        raise self.error

    async def asynchronous(self, response):
        yield {"kind": "asynchronous"}
        raise self.error

    def fine(self, response):
        yield {"kind": "fine"}


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError()])
@pytest.mark.parametrize("kind", ["function", "generator", "coroutine", "asynchronous"])
async def test_a_callback_that_exits_or_cancels_ends_nothing_else(site, kind, error):
    async with AsyncWebCrawler() as crawler, asyncio.timeout(20):
        results = await crawler.crawl(RaisingSpider, site.url("/page/1"), error, kind)
        assert sum("fine" in result.extracted_content for result in results) == 1
        assert len(results) == (1 if kind in {"function", "coroutine"} else 2)
        assert (await crawler.arun(site.url("/page/2"))).success


async def test_a_start_that_exits_is_an_error_of_the_run(site):
    async with AsyncWebCrawler() as crawler, asyncio.timeout(20):
        with pytest.raises(Crawl4Error, match=r"start\(\) failed: .* SystemExit: 3\.$"):
            await crawler.crawl(RaisingSpider, site.url("/page/1"), SystemExit(3), "begin")


async def test_the_engine_outlives_an_exit_in_a_callback_of_its_loop(site):
    async def leave():
        raise SystemExit(3)

    async with AsyncWebCrawler() as crawler, asyncio.timeout(20):
        await crawler.arun(site.url("/page/1"))
        loop = crawler._engine.home.loop
        with pytest.raises(SystemExit):
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(leave(), loop))
        assert (await crawler.arun(site.url("/page/2"))).success
