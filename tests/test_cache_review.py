"""What the cache must not be led into keeping."""

import pickle

import pytest
from scrapy import Request
from scrapy.http import Response

from scrapy_crawl4.cache.hops import Hops, add_hop

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


def test_hops_stay_behind_when_a_request_is_written_down():
    request = Request("http://127.0.0.1/")
    add_hop(request, Response(request.url, status=302))
    (hops,) = request.meta.values()
    assert len(hops) == 1
    assert pickle.loads(pickle.dumps(hops)) == Hops()


async def test_redirects_that_nobody_follows_are_kept(site, settings):  # noqa: F811 - the fixture
    settings |= {"REDIRECT_ENABLED": False}
    found = [*(await crawl(settings, site.url("/redirect/2"))), *(await crawl(settings, site.url("/redirect/2")))]
    assert [(result.status_code, result.cache_status) for result in found] == [(302, "miss"), (302, "hit")]
