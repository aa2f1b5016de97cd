"""What the cache must not be led into keeping."""

import pytest
from scrapy import Request, Spider

from scrapy_crawl4 import AsyncWebCrawler

from .test_cache import CHALLENGE, crawl, settings  # noqa: F401 - a fixture

FINE = "<html><body><h1>Back again</h1></body></html>"
STORAGES = ["scrapy_crawl4.cache.SqliteCacheStorage", "scrapy.extensions.httpcache.FilesystemCacheStorage"]


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("place", ["/status/500", "/status/404", "/challenge", "/start", "/reset"])
async def test_a_redirect_to_an_error_is_not_kept(site, settings, place, storage):  # noqa: F811 - the fixture
    settings |= {"HTTPCACHE_STORAGE": storage}
    site.put("/challenge", CHALLENGE)
    site.put("/start", "", status=302, headers={"Location": place})
    (refused,) = await crawl(settings, site.url("/start"), max_retries=0)
    assert refused.cached_at is None
    site.put("/start", FINE)
    (result,) = await crawl(settings, site.url("/start"), max_retries=0)
    assert (result.cache_status, result.success, result.html) == ("miss", True, FINE)


async def test_a_redirect_that_is_the_page_itself_is_kept(site, settings):  # noqa: F811 - the fixture
    request = Request(site.url("/redirect/2"), meta={"dont_redirect": True, "handle_httpstatus_list": [302]})
    found = [*(await crawl(settings, request)), *(await crawl(settings, request))]
    assert [(result.status_code, result.cache_status) for result in found] == [(302, "miss"), (302, "hit")]


async def test_a_chain_is_kept_whole_from_where_it_was_not(site, settings):  # noqa: F811 - the fixture
    await crawl(settings, site.url("/redirect/1"))
    await crawl(settings, site.url("/redirect/3"))
    assert [seen.path for seen in site.requests] == ["/redirect/1", "/page/0", "/redirect/3", "/redirect/2"]
    (result,) = await crawl(settings, site.url("/redirect/3"))
    assert (result.cache_status, len(result.crawl_stats["redirects"])) == ("hit", 3)
    assert len(site.requests) == 4


class HopsSpider(Spider):
    """Asks for a page behind two redirects, with the cache."""

    name = "hops"

    async def start(self):
        yield Request(self.start_url, callback=self.page, meta={"crawl4": {"cache_mode": "enabled"}})

    def page(self, response):
        yield {"url": response.url, "meta": sorted(response.meta)}


async def test_redirects_are_kept_by_way_of_a_queue_on_disk(site, settings, tmp_path):  # noqa: F811 - the fixture
    for number in range(2):
        async with AsyncWebCrawler(settings=settings | {"JOBDIR": str(tmp_path / f"job-{number}")}) as crawler:
            (result,) = await crawler.crawl(HopsSpider, start_url=site.url("/redirect/2"))
            assert "crawl4_cache_hops" not in result.extracted_content
    assert len(site.requests) == 3


async def test_redirects_that_nobody_follows_are_kept(site, settings):  # noqa: F811 - the fixture
    settings |= {"REDIRECT_ENABLED": False}
    found = [*(await crawl(settings, site.url("/redirect/2"))), *(await crawl(settings, site.url("/redirect/2")))]
    assert [(result.status_code, result.cache_status) for result in found] == [(302, "miss"), (302, "hit")]
