"""The Scrapy settings that the crawlers behind the facade run with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.settings import Settings
from scrapy.utils.misc import load_object

from ..cache.folder import default_folder
from .http_handler import FacadeHttpHandler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.settings import BaseSettings

    from ..dispatch import BaseDispatcher

UNLIMITED = 1_000_000
"""Scrapy's own limit steps aside where a user sets none: the run's dispatcher decides."""

DEFAULTS: Mapping[str, Any] = {
    "MEMUSAGE_ENABLED": False,
    "STATS_DUMP": False,
    # The program belongs to its user: no ports unless they are asked for.
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
}
"""What a user's settings may replace."""

URL_DEFAULTS: Mapping[str, Any] = {
    "CONCURRENT_REQUESTS_PER_DOMAIN": UNLIMITED,
    "HTTPCACHE_STORAGE": "scrapy_crawl4.cache.SqliteCacheStorage",
}
"""The same for the crawler that fetches URLs, without a spider of the user's."""

HTTP_HANDLER = f"{FacadeHttpHandler.__module__}.{FacadeHttpHandler.__name__}"
ASYNCIO_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
ADDON = "scrapy_crawl4.Addon"

COOKIES = "scrapy.downloadermiddlewares.cookies.CookiesMiddleware"
ROBOTS = "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware"
CACHE = "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware"
STAND_INS: Mapping[str, tuple[str, int]] = {
    COOKIES: ("scrapy_crawl4.facade.cookies.FacadeCookiesMiddleware", 700),
    ROBOTS: ("scrapy_crawl4.facade.robots.FacadeRobotsTxtMiddleware", 100),
    CACHE: ("scrapy_crawl4.downloadermiddlewares.http_cache.HttpCacheMiddleware", 900),
}
"""Downloader middlewares of Scrapy, what stands in for them, and where Scrapy has them."""

REQUIRED: Mapping[str, Any] = {
    "ASYNCIO_EVENT_LOOP": None,
    # The run starts, paces and retries its tasks itself.
    "CONCURRENT_REQUESTS": 0,
    "CRAWL4_DISPATCHER": "scrapy_crawl4.dispatch.SemaphoreDispatcher",
    "CRAWL4_OBEY_CRAWL_DELAY": False,
    "RETRY_ENABLED": False,
    # Each request says whether robots.txt counts for it.
    "ROBOTSTXT_OBEY": True,
    # A run of URLs keeps a job of its own kind.
    "JOBDIR": None,
}
"""What the crawler that fetches URLs stands on; what a user's settings say of it is the run's to carry out."""

UNWANTED = (
    "scrapy.extensions.logcount.LogCount",  # puts a handler on the program's root logger
    "scrapy.extensions.logstats.LogStats",
)
"""Extensions of Scrapy's that run only where they are asked for."""

SWITCHED_OFF: Mapping[str, tuple[str, ...]] = {
    # The run does their work, with its own controller and before the item pipelines.
    "DOWNLOADER_MIDDLEWARES": (
        "scrapy_crawl4.downloadermiddlewares.MemoryThrottleMiddleware",
        "scrapy_crawl4.downloadermiddlewares.RateLimitMiddleware",
    ),
    "ITEM_PIPELINES": ("scrapy_crawl4.pipelines.CrawlResultPipeline",),
}


def facade_settings(user: Mapping[str, Any], *, reactor: bool) -> Settings:
    """Return the settings of the crawler that fetches URLs: Scrapy's, then ours, then *user*'s, then what it needs.

    :param user: Scrapy settings by name.
    :param reactor: whether a Twisted reactor runs on the engine's loop.
    """
    settings = _settings(user, URL_DEFAULTS, reactor=reactor)
    settings.set("DOWNLOADER", user.get("DOWNLOADER") or "scrapy_crawl4.downloader.DispatchDownloader", "cmdline")
    for name, value in REQUIRED.items():
        settings.set(name, value, "cmdline")
    # The add-on would bring what is switched off below.
    settings.set("ADDONS", _without(settings.getdict("ADDONS"), {ADDON}), "cmdline")
    for name, components in SWITCHED_OFF.items():
        merged = _without(settings.getdict(name), components) | dict.fromkeys(components)
        settings.set(name, merged, "cmdline")
    stand_in(settings, COOKIES)
    stand_in(settings, ROBOTS)
    stand_in(settings, CACHE)
    return settings


def spider_settings(user: Mapping[str, Any], *, reactor: bool, dispatcher: BaseDispatcher | None = None) -> Settings:
    """Return the settings that a spider of the user's starts from: Scrapy's, then ours, then *user*'s.

    :param dispatcher: goes before ``CRAWL4_DISPATCHER``.
    """
    settings = _settings(user, {}, reactor=reactor)
    if dispatcher is not None:
        settings.set("CRAWL4_DISPATCHER", dispatcher, "cmdline")
    return settings


def stand_in(settings: BaseSettings, original: str) -> None:
    """Put the stand-in of the middleware *original* where that one is: in Scrapy's place, or the user's."""
    ours, place = STAND_INS[original]
    chosen = settings.getdict("DOWNLOADER_MIDDLEWARES")
    named = [key for key in chosen if load_object(key) is load_object(original)]
    if not named:
        settings["DOWNLOADER_MIDDLEWARES_BASE"].update({original: None, ours: place})
        return
    wanted = [chosen.pop(key) for key in named][-1]
    if original == ROBOTS and wanted is None:  # each request says whether robots.txt counts for it
        wanted = place
    chosen |= {original: None, ours: wanted}
    settings.set("DOWNLOADER_MIDDLEWARES", chosen, settings.getpriority("DOWNLOADER_MIDDLEWARES") or 0)


def _settings(user: Mapping[str, Any], defaults: Mapping[str, Any], *, reactor: bool) -> Settings:
    settings = Settings({**DEFAULTS, **defaults, "HTTPCACHE_DIR": default_folder()}, priority="addon")
    settings["EXTENSIONS_BASE"].update(dict.fromkeys(UNWANTED))
    # Scrapy's usual handler looks up names on threads that would live as long as the process.
    settings["DOWNLOAD_HANDLERS_BASE"].update({"http": HTTP_HANDLER, "https": HTTP_HANDLER})
    settings.set("TWISTED_REACTOR", ASYNCIO_REACTOR, "addon")
    for name, value in user.items():
        settings.set(name, value, "project")
    settings.set("TWISTED_REACTOR_ENABLED", reactor, "cmdline")
    return settings


def _without(components: Mapping[Any, Any], unwanted: Any) -> dict[Any, Any]:
    """Return *components* without those, as paths or classes, that are *unwanted*."""
    objects = {load_object(path) for path in unwanted}
    return {key: value for key, value in components.items() if load_object(key) not in objects}
