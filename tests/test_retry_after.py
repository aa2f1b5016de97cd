"""A host that says "too many" with an HTTP date, for real; seconds are in the tests of the facade and middlewares."""

import itertools

import pytest

from scrapy_crawl4 import AsyncWebCrawler, RateLimiter, SemaphoreDispatcher

from .crawling import run_spider

PATH = "/retry-after/a/2?date=1"


def gaps(site):
    times = [seen.time for seen in site.requests]
    return [later - earlier for earlier, later in itertools.pairwise(times)]


async def test_a_date_is_waited_for_by_the_facade(site):
    limits = SemaphoreDispatcher(5, rate_limiter=RateLimiter(base_delay=0))
    async with AsyncWebCrawler() as crawler:
        (result,) = await crawler.arun_many([site.url(PATH)], dispatcher=limits)
    assert result.success
    assert result.dispatch_result.retries == 2
    assert len(site.requests) == 3
    assert min(gaps(site)) >= 1


async def test_max_delay_caps_a_date(site):
    """A day would outlast the test."""
    limits = SemaphoreDispatcher(5, rate_limiter=RateLimiter(base_delay=0, max_delay=1))
    async with AsyncWebCrawler() as crawler:
        (result,) = await crawler.arun_many([site.url("/retry-after/b/1?date=86400")], dispatcher=limits)
    assert result.success
    assert min(gaps(site)) >= 1


@pytest.mark.parametrize("reactor", ["asyncio", "none", "select"])
def test_a_date_is_waited_for_by_scrapy_crawl(site, tmp_path, reactor):
    source = f"""
    class TheSpider(Spider):
        name = "limited"

        async def start(self):
            yield Request(url("{PATH}"))

        def parse(self, response):
            yield {{"status": response.status}}
    """
    crawl = run_spider(site, tmp_path, source, reactor=reactor)
    assert crawl.items == [{"status": 200}]
    assert crawl.stats["crawl4/rate_limit/retry_count"] == 2
    assert len(site.requests) == 3
    assert min(gaps(site)) >= 1
