"""Wrong arguments: one sentence that names the parameter and the rule, before any request is made."""

import logging

import pytest
from scrapy.settings import Settings

from scrapy_crawl4 import (
    AsyncWebCrawler,
    BrowserConfig,
    CrawlCancelled,
    CrawlerRunConfig,
    DispatcherError,
    HTTPCrawlerConfig,
    MemoryAdaptiveDispatcher,
    RateLimiter,
    SemaphoreDispatcher,
    UnsupportedOption,
    crawl_many,
)

CALLS = {
    "urls must be": lambda crawler: crawler.arun_many("http://example.org/"),
    "config must be a CrawlerRunConfig": lambda crawler: crawler.arun_many([], {"stream": True}),
    "config must be a CrawlerRunConfig or": lambda crawler: crawler.arun_many([], [CrawlerRunConfig(), 3]),
    "dispatcher must be a BaseDispatcher": lambda crawler: crawler.arun_many([], dispatcher="SemaphoreDispatcher"),
    "lookahead must be": lambda crawler: crawler.arun_many([], lookahead=0),
    "no_such": lambda crawler: crawler.arun_many([], no_such=1),
    "page_timeout": lambda crawler: crawler.arun_many([], page_timeout=-1),
    "semaphore_count": lambda crawler: crawler.arun_many([], semaphore_count=0),
    "mean_delay": lambda crawler: crawler.arun_many([], mean_delay=-1),
    "css_selector": lambda crawler: crawler.arun_many([], css_selector="div["),
    "excluded_selector": lambda crawler: crawler.arun_many([], excluded_selector="::::"),
    "excluded_tags": lambda crawler: crawler.arun_many([], excluded_tags="nav"),
    "c4a_script": lambda crawler: crawler.arun_many([], c4a_script="GO"),
    "js_only": lambda crawler: crawler.arun_many([], js_only="x()"),
    "crawler_strategy": lambda crawler: AsyncWebCrawler(crawler_strategy=object()),
    "base_directory": lambda crawler: AsyncWebCrawler(base_directory="x", settings={"HTTPCACHE_DIR": "y"}),
    "browser_mode": lambda crawler: AsyncWebCrawler(config=BrowserConfig(browser_mode="docker")),
    "HTTPCrawlerConfig": lambda crawler: AsyncWebCrawler(config={}),
    "method": lambda crawler: HTTPCrawlerConfig(method=7),
    "unexpected keyword": lambda crawler: AsyncWebCrawler(bogus=1),
    "max_session_permit": lambda crawler: MemoryAdaptiveDispatcher(max_session_permit=-1),
    "semaphore_count must": lambda crawler: SemaphoreDispatcher(0),
    "Memory thresholds must rise": lambda crawler: MemoryAdaptiveDispatcher(80, recovery_threshold_percent=85),
    "critical_threshold_percent": lambda crawler: MemoryAdaptiveDispatcher(90, critical_threshold_percent=80),
    "check_interval": lambda crawler: MemoryAdaptiveDispatcher(check_interval=0),
    "rate_limiter": lambda crawler: SemaphoreDispatcher(rate_limiter=1.0),
    "base_delay": lambda crawler: RateLimiter((3, 1)),
    "rate_limit_codes": lambda crawler: RateLimiter(rate_limit_codes=[42]),
    "max_retries": lambda crawler: RateLimiter(max_retries=-1),
    "CRAWL4_MEMORY_LIMIT_MB": lambda crawler: AsyncWebCrawler(settings={"CRAWL4_MEMORY_LIMIT_MB": "much"}).arun_many(
        []
    ),
    "CRAWL4_DISPATCHER": lambda crawler: AsyncWebCrawler(settings={"CRAWL4_DISPATCHER": "no.such"}).arun_many([]),
    "did you mean CRAWL4_LOOKAHEAD": lambda crawler: AsyncWebCrawler(settings={"CRAWL4_LOKAHEAD": 1}),
}


@pytest.mark.parametrize("named", CALLS)
async def test_the_sentence_names_the_parameter(named, site):
    with pytest.raises((TypeError, ValueError, DispatcherError)) as caught:
        CALLS[named](AsyncWebCrawler())
    message = str(caught.value)
    assert named in message
    assert "\n" not in message
    assert site.requests == []


def test_crawl_many_checks_as_well():
    with pytest.raises(TypeError, match="urls must be"):
        crawl_many(None)


def test_unsupported_options_say_so():
    with pytest.raises(UnsupportedOption):
        AsyncWebCrawler().arun_many([], c4a_script="GO")


async def test_a_component_that_cannot_be_loaded_is_one_sentence():
    crawler = AsyncWebCrawler(settings={"DOWNLOADER_MIDDLEWARES": {"no.such.Middleware": 1}})
    with pytest.raises(Exception, match="The crawler could not start") as caught:
        await crawler.start()
    assert "\n" not in str(caught.value)
    assert not crawler.ready
    await crawler.close()


OF_PROCESS = {
    "TWISTED_REACTOR": "twisted.internet.selectreactor.SelectReactor",
    "ASYNCIO_EVENT_LOOP": "uvloop.Loop",
    "LOG_ENABLED": True,
    "LOG_FILE": "crawl.log",
    "LOG_STDOUT": "1",
}
OF_URLS = {
    "AUTOTHROTTLE_ENABLED": True,
    "CONCURRENT_REQUESTS_PER_IP": 2,
    "CRAWL4_OBEY_CRAWL_DELAY": False,
    "DOWNLOADER": "scrapy.core.downloader.Downloader",
    "RETRY_EXCEPTIONS": ["builtins.OSError"],
    "RETRY_HTTP_CODES": [404],
}


@pytest.mark.parametrize("name", OF_PROCESS)
def test_settings_of_a_process_of_scrapys_are_refused(name):
    with pytest.raises(UnsupportedOption, match=name) as caught:
        AsyncWebCrawler(settings={name: OF_PROCESS[name]})
    assert str(caught.value).endswith(".")
    # A project has them for `scrapy crawl`.
    AsyncWebCrawler(settings=Settings({name: OF_PROCESS[name]}))


@pytest.mark.parametrize("name", OF_URLS)
def test_settings_that_only_spiders_have_are_refused_to_runs_of_urls(name):
    crawler = AsyncWebCrawler(settings={name: OF_URLS[name]})
    with pytest.raises(UnsupportedOption, match=name):
        crawler.arun_many([])


async def test_what_the_facade_does_anyway_may_be_said(site):
    same = {
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "ASYNCIO_EVENT_LOOP": None,
        "LOG_ENABLED": "False",
        "LOG_FILE": None,
        "LOG_STDOUT": False,
        "AUTOTHROTTLE_ENABLED": False,
        "CRAWL4_OBEY_CRAWL_DELAY": True,
        "DOWNLOADER": "scrapy_crawl4.DispatchDownloader",
        "RETRY_HTTP_CODES": [],
        "TELNETCONSOLE_ENABLED": False,
        "ADDONS": {"scrapy_crawl4.Addon": 500},
    }
    async with AsyncWebCrawler(settings=same) as crawler:
        assert [result.success for result in await crawler.arun_many(site.urls(2))] == [True, True]


async def test_a_crawler_that_scrapy_closes_ends_its_runs_with_the_reason(site):
    async with AsyncWebCrawler(settings={"CLOSESPIDER_PAGECOUNT": 3}) as crawler:
        with pytest.raises(CrawlCancelled, match=r"closed by Scrapy \(closespider_pagecount\)"):
            await crawler.arun_many([*site.urls(5), site.url("/hang")], dispatcher=SemaphoreDispatcher(1))
        assert not crawler.ready
    site.release()


async def test_log_handlers_of_scrapy_are_left_alone(site):
    from scrapy.utils.log import get_scrapy_root_handler, install_scrapy_root_handler

    install_scrapy_root_handler(Settings({"LOG_LEVEL": "CRITICAL", "LOG_FORMAT": "mine %(message)s"}))
    try:
        handler = get_scrapy_root_handler()
        async with AsyncWebCrawler() as crawler:
            await crawler.arun(site.url("/page/1"))
        assert get_scrapy_root_handler() is handler
    finally:
        logging.root.removeHandler(handler)
