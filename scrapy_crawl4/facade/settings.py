"""The Scrapy settings that a crawler behind the facade runs with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.settings import Settings

from ..cache.folder import default_folder
from ..exceptions import UnsupportedOption

if TYPE_CHECKING:
    from collections.abc import Mapping

UNLIMITED = 1_000_000
"""Scrapy's own limits step aside: the run's dispatcher decides."""

DEFAULTS: Mapping[str, Any] = {
    "AUTOTHROTTLE_ENABLED": False,
    "COOKIES_ENABLED": True,
    "MEMUSAGE_ENABLED": False,
    "STATS_DUMP": False,
}
"""What a user's settings may replace."""

HTTP_HANDLER = "scrapy_crawl4.facade.http_handler.FacadeHttpHandler"

COOKIES = "scrapy.downloadermiddlewares.cookies.CookiesMiddleware"
ROBOTS = "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware"
CACHE = "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware"
OUR_MIDDLEWARES = {
    "scrapy_crawl4.downloadermiddlewares.http_cache.HttpCacheMiddleware": 900,
    "scrapy_crawl4.facade.robots.FacadeRobotsTxtMiddleware": 100,
    "scrapy_crawl4.facade.cookies.FacadeCookiesMiddleware": 700,
}

REQUIRED: Mapping[str, Any] = {
    "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
    "ASYNCIO_EVENT_LOOP": None,
    "DOWNLOADER": "scrapy_crawl4.downloader.DispatchDownloader",
    # The run starts, paces and retries its tasks itself.
    "CONCURRENT_REQUESTS": 0,
    "CONCURRENT_REQUESTS_PER_DOMAIN": UNLIMITED,
    "CONCURRENT_REQUESTS_PER_IP": 0,
    "DOWNLOAD_DELAY": 0,
    "DOWNLOAD_SLOTS": {},
    "CRAWL4_DISPATCHER": "scrapy_crawl4.dispatch.SemaphoreDispatcher",
    "CRAWL4_OBEY_CRAWL_DELAY": False,
    "RETRY_ENABLED": False,
    # Each request says whether robots.txt counts for it.
    "ROBOTSTXT_OBEY": True,
    # The program belongs to its user: no log handlers, ports, signal handlers or reports of ours.
    "LOG_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
}

SWITCHED_OFF: Mapping[str, tuple[str, ...]] = {
    "EXTENSIONS": (
        "scrapy.extensions.logcount.LogCount",  # puts a handler on the program's root logger
        "scrapy.extensions.logstats.LogStats",
    ),
    # The run does their work with its own controller.
    "DOWNLOADER_MIDDLEWARES": (
        CACHE,
        COOKIES,
        ROBOTS,
        "scrapy_crawl4.downloadermiddlewares.MemoryThrottleMiddleware",
        "scrapy_crawl4.downloadermiddlewares.RateLimitMiddleware",
    ),
}


UNSUPPORTED = ("FEEDS", "ITEM_PIPELINES", "JOBDIR")
"""Settings about items and jobs, which a crawler without a spider of the user's own has none of."""


def refuse_unsupported(settings: Mapping[str, Any]) -> None:
    """Raise :class:`UnsupportedOption` for a setting that would have no effect behind the facade."""
    for name in UNSUPPORTED:
        if settings.get(name):
            raise UnsupportedOption(f"AsyncWebCrawler(settings={{{name!r}: ...}}) has no effect yet: leave it out.")


def facade_settings(user: Mapping[str, Any] | None, *, reactor: bool) -> Settings:
    """Return the settings of a facade's crawler: Scrapy's, then ours, then *user*'s, then what the facade stands on.

    :param user: Scrapy settings by name.
    :param reactor: whether a Twisted reactor runs on the engine's loop.
    """
    settings = Settings({**DEFAULTS, "HTTPCACHE_DIR": default_folder(), "HTTPCACHE_STORAGE": "scrapy_crawl4.cache.SqliteCacheStorage"}, priority="addon")
    settings.set("DOWNLOADER_MIDDLEWARES", OUR_MIDDLEWARES, priority="addon")
    settings.set("DOWNLOAD_HANDLERS", {"http": HTTP_HANDLER, "https": HTTP_HANDLER}, priority="addon")
    for name, value in (user or {}).items():
        settings.set(name, value, priority="project")
    for name, value in REQUIRED.items():
        settings.set(name, value, priority="cmdline")
    settings.set("TWISTED_REACTOR_ENABLED", reactor, priority="cmdline")
    for name, components in SWITCHED_OFF.items():
        merged = settings.getdict(name) | dict.fromkeys(components)
        settings.set(name, merged, priority="cmdline")
    return settings
