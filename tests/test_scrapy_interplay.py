"""Scrapy's own settings beside the dispatcher: what docs/dispatch.md says of them, each with a real crawl.

Those that stand alone are in test_downloader.py: CONCURRENT_REQUESTS, CONCURRENT_REQUESTS_PER_DOMAIN, DOWNLOAD_SLOTS,
DOWNLOAD_DELAY, the download_slot meta key, AutoThrottle.
"""

from itertools import pairwise

import pytest

from .crawling import ended, run_spider, running_spider

JITTER = 0.08
"""A request arrives later than it starts, and not always by the same: what two arrivals may be closer."""

PAGES = """
class TheSpider(Spider):
    name = "pages"

    async def start(self):
        for number in range(6):
            yield Request(url(f"/page/{number}"))

    def parse(self, response):
        yield {"url": response.url}
"""

GATES = """
class TheSpider(Spider):
    name = "gates"
    custom_settings = CUSTOM

    async def start(self):
        for number in range(12):
            yield Request(url(f"/gate/all?{number}"))

    def parse(self, response):
        yield {"url": response.url}
"""

LIMITED = """
class TheSpider(Spider):
    name = "limited"

    async def start(self):
        yield Request(url("/retry-after/a/1?after=2&code=CODE"), meta=META)
        yield Request(url("/page/1", host=2), meta=META)
        yield Request(url("/page/2", host=2), meta=META)

    def parse(self, response):
        yield {"url": response.url}
"""


def gaps(site, host=1):
    times = [seen.time for seen in site.requests if seen.host == site.hosts[host - 1]]
    return [later - earlier for earlier, later in pairwise(times)]


def limited(code=429, meta="{}"):
    return LIMITED.replace("CODE", str(code)).replace("META", meta)


@pytest.mark.parametrize(
    ("custom", "settings", "peak"),
    [
        ({}, {"CRAWL4_MAX_SESSION_PERMIT": 3, "CONCURRENT_REQUESTS": 8, "CONCURRENT_REQUESTS_PER_DOMAIN": 8}, 3),
        ({}, {"CRAWL4_MAX_SESSION_PERMIT": 8, "CONCURRENT_REQUESTS": 3, "CONCURRENT_REQUESTS_PER_DOMAIN": 10}, 8),
        ({}, {"CRAWL4_MAX_SESSION_PERMIT": 8, "CONCURRENT_REQUESTS_PER_DOMAIN": 2}, 2),
        ({}, {"CONCURRENT_REQUESTS": 5, "CONCURRENT_REQUESTS_PER_DOMAIN": 10}, 5),
        ({"CRAWL4_MAX_SESSION_PERMIT": 4}, {"CONCURRENT_REQUESTS_PER_DOMAIN": 10}, 4),
    ],
    ids=["permits below", "permits above", "domain below", "requests", "of the spider"],
)
def test_the_smallest_of_permits_and_domain_counts(site, tmp_path, custom, settings, peak):
    with running_spider(site, tmp_path, GATES.replace("CUSTOM", str(custom)), **settings) as process:
        assert site.wait_active(peak)
        site.open_gate("all")
        crawl = ended(process)
    assert len(crawl.items) == 12
    assert site.peak == peak


def test_a_delay_spaces_starts_and_lets_pages_overlap(site, tmp_path):
    source = GATES.replace("CUSTOM", "{}").replace("range(12)", "range(3)")
    delay = {"DOWNLOAD_DELAY": 0.2, "DOWNLOAD_DELAY_JITTER": 0, "CONCURRENT_REQUESTS_PER_DOMAIN": 3}
    with running_spider(site, tmp_path, source, **delay) as process:
        assert site.wait_active(3)
        site.open_gate("all")
        ended(process)
    assert min(gaps(site)) >= 0.2 - JITTER


def test_the_jitter_of_a_delay_is_scrapys(site, tmp_path):
    crawl = run_spider(site, tmp_path, PAGES, DOWNLOAD_DELAY=0.4, DOWNLOAD_DELAY_JITTER=0.5)
    assert len(crawl.items) == 6
    assert min(gaps(site)) >= 0.2 - JITTER


def test_the_longer_of_autothrottle_and_base_delay_counts(site, tmp_path):
    throttle = {"AUTOTHROTTLE_ENABLED": True, "AUTOTHROTTLE_START_DELAY": 0.05, "AUTOTHROTTLE_MAX_DELAY": 0.05}
    crawl = run_spider(site, tmp_path, PAGES, CRAWL4_BASE_DELAY=0.3, **throttle)
    assert len(crawl.items) == 6
    assert min(gaps(site)) >= 0.3 - JITTER


@pytest.mark.parametrize("settings", [{"AUTOTHROTTLE_ENABLED": True, "AUTOTHROTTLE_START_DELAY": 0.05}, {}])
def test_retry_after_is_kept_whatever_the_delay_of_the_slot(site, tmp_path, settings):
    crawl = run_spider(site, tmp_path, limited(), DOWNLOAD_SLOTS={"127.0.0.1": {"delay": 0.1}}, **settings)
    assert len(crawl.items) == 3
    (waited,) = gaps(site)
    assert waited >= 2
    assert max(seen.time for seen in site.requests if seen.host == "127.0.0.2") < site.requests[-1].time


def test_a_slot_of_several_hosts_is_one_host_to_the_rate_limiter(site, tmp_path):
    source = limited(meta='{"download_slot": "together"}')
    crawl = run_spider(site, tmp_path, source, DOWNLOAD_SLOTS={"together": {"concurrency": 1, "delay": 0.0}})
    assert len(crawl.items) == 3
    first, *others = site.requests
    assert first.path.startswith("/retry-after")
    assert min(seen.time for seen in others) - first.time >= 2


def test_other_codes_stay_with_scrapys_retries(site, tmp_path):
    crawl = run_spider(site, tmp_path, limited(code=502), RETRY_TIMES=1)
    assert len(crawl.items) == 3
    assert crawl.stats["retry/count"] == 1
    assert "crawl4/rate_limit/retry_count" not in crawl.stats
    assert crawl.stats["crawl4/sessions/started_count"] == 4
