"""One line of settings that turns everything on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.httpcache import HttpCacheMiddleware as ScrapyHttpCacheMiddleware
from scrapy.exceptions import NotConfigured
from scrapy.settings import SETTINGS_PRIORITIES
from scrapy.utils.misc import load_object

from .config.settings import Crawl4Settings
from .dispatch.loading import make_dispatcher
from .downloader import DispatchDownloader
from .downloadermiddlewares import MemoryThrottleMiddleware, RateLimitMiddleware, RunConfigMiddleware
from .downloadermiddlewares.http_cache import HttpCacheMiddleware
from .exporters import ResultMarshalExporter
from .pipelines import CrawlResultPipeline
from .scheduler import DurableScheduler

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

MEMORY_THROTTLE_PRIORITY = 60
"""After OffsiteMiddleware (50), so that what is dropped anyway is not held; before the request for robots.txt (100)."""

RUN_CONFIG_PRIORITY = 90
"""Before all of Scrapy's that read what it sets, of which RobotsTxtMiddleware (100) is the first."""

RATE_LIMIT_PRIORITY = 560
"""Responses reach it before RetryMiddleware (550)."""

HTTP_CACHE_PRIORITY = 900
"""Where Scrapy has its own."""

PIPELINE_PRIORITY = 50
"""Before all usual pipelines, which see complete results."""


class Addon:
    """``ADDONS = {"scrapy_crawl4.Addon": 500}``: the dispatcher's downloader, its middlewares and the item pipeline.

    It sets these and nothing else; a downloader, middleware or pipeline order of the project stays:

    - ``DOWNLOADER``: :class:`~scrapy_crawl4.DispatchDownloader`.
    - ``DOWNLOADER_MIDDLEWARES``: :class:`~scrapy_crawl4.MemoryThrottleMiddleware` (60),
      :class:`~scrapy_crawl4.RunConfigMiddleware` (90) and :class:`~scrapy_crawl4.RateLimitMiddleware` (560).
      Scrapy's ``HttpCacheMiddleware`` is replaced by one that does the same, and what the ``cache_mode`` of a request
      says, unless the project switched it off.
    - ``ITEM_PIPELINES``: :class:`~scrapy_crawl4.CrawlResultPipeline` (50).
    - ``CRAWL4_RATE_LIMIT_CODES``: those of 429 and 503 that the project retries, none with ``RETRY_ENABLED = False``.
    - ``RETRY_HTTP_CODES``: without the rate-limit codes, which are RateLimitMiddleware's now.
    - ``CRAWL4_MAX_RETRIES``: ``RETRY_TIMES``, where it is not set.
    - ``SCHEDULER``: with ``JOBDIR``, :class:`~scrapy_crawl4.DurableScheduler`.
    - ``FEED_EXPORTERS``: one for ``marshal`` that takes results.
    - ``CONCURRENT_REQUESTS``: raised to ``CRAWL4_MAX_SESSION_PERMIT`` where that is set and higher.

    :raises NotConfigured: with ``CRAWL4_ENABLED = False``.
    :raises ValueError: for a ``CRAWL4_`` setting that is unknown or breaks its rule.
    :raises DispatcherError: when ``CRAWL4_DISPATCHER`` cannot be loaded.
    """

    def update_settings(self, settings: BaseSettings) -> None:
        """Change *settings* as the class says."""
        if not Crawl4Settings.from_settings(settings).enabled:
            raise NotConfigured("CRAWL4_ENABLED is off.")
        _leave_unretried_codes(settings)
        _take_over_codes(settings)
        _retry_as_often(settings)
        _set_downloader(settings)
        _set_scheduler(settings)
        _widen_pool(settings)
        _set_exporter(settings)
        _replace_cache(settings)
        for name, component, priority in (
            ("DOWNLOADER_MIDDLEWARES", MemoryThrottleMiddleware, MEMORY_THROTTLE_PRIORITY),
            ("DOWNLOADER_MIDDLEWARES", RunConfigMiddleware, RUN_CONFIG_PRIORITY),
            ("DOWNLOADER_MIDDLEWARES", RateLimitMiddleware, RATE_LIMIT_PRIORITY),
            ("ITEM_PIPELINES", CrawlResultPipeline, PIPELINE_PRIORITY),
        ):
            settings.setdefault_in_component_priority_dict(name, component, priority)


def _set_downloader(settings: BaseSettings) -> None:
    if (settings.getpriority("DOWNLOADER") or 0) < SETTINGS_PRIORITIES["addon"]:
        settings.set("DOWNLOADER", DispatchDownloader, "addon")
    elif not issubclass(load_object(settings["DOWNLOADER"]), DispatchDownloader):
        logger.warning(
            "DOWNLOADER is %s, so CRAWL4_DISPATCHER only holds requests back for memory; "
            "set it to scrapy_crawl4.DispatchDownloader to let the dispatcher decide when each one starts.",
            settings["DOWNLOADER"],
        )


def _set_scheduler(settings: BaseSettings) -> None:
    if settings.get("JOBDIR") and (settings.getpriority("SCHEDULER") or 0) < SETTINGS_PRIORITIES["addon"]:
        settings.set("SCHEDULER", DurableScheduler, "addon")


def _replace_cache(settings: BaseSettings) -> None:
    chosen = settings.getdict("DOWNLOADER_MIDDLEWARES")
    named = [key for key in chosen if load_object(key) is ScrapyHttpCacheMiddleware]
    place = chosen[named[-1]] if named else HTTP_CACHE_PRIORITY
    if place is None or any(load_object(key) is HttpCacheMiddleware for key in chosen):
        return
    for key in named:
        del chosen[key]
    chosen |= {ScrapyHttpCacheMiddleware: None, HttpCacheMiddleware: place}
    settings.set("DOWNLOADER_MIDDLEWARES", chosen, settings.getpriority("DOWNLOADER_MIDDLEWARES") or 0)


def _set_exporter(settings: BaseSettings) -> None:
    exporters = settings.getdict("FEED_EXPORTERS")
    if "marshal" not in exporters:
        priority = settings.getpriority("FEED_EXPORTERS") or 0
        settings.set("FEED_EXPORTERS", {**exporters, "marshal": ResultMarshalExporter}, priority)


def _widen_pool(settings: BaseSettings) -> None:
    """Let download handlers, whose pools of connections go by Scrapy's setting, have as many as there are permits."""
    permits = settings.get("CRAWL4_MAX_SESSION_PERMIT")
    if permits is not None and 0 < settings.getint("CONCURRENT_REQUESTS") < int(permits):
        settings.set("CONCURRENT_REQUESTS", int(permits), settings.getpriority("CONCURRENT_REQUESTS") or 0)


def _leave_unretried_codes(settings: BaseSettings) -> None:
    """Keep the rate-limit codes to those that the project retries, unless it says which they are."""
    if settings.get("CRAWL4_RATE_LIMIT_CODES") is not None:
        return
    usual = Crawl4Settings.from_settings(settings).rate_limit_codes
    kept = [code for code in usual if settings.getbool("RETRY_ENABLED") and code in _retried(settings)]
    settings.set("CRAWL4_RATE_LIMIT_CODES", kept, "addon")


def _take_over_codes(settings: BaseSettings) -> None:
    """Take the codes of the dispatcher's rate limiter from RetryMiddleware."""
    limiter = make_dispatcher(settings).rate_limiter
    codes = limiter.rate_limit_codes if limiter is not None else frozenset()
    kept = [code for code in _retried(settings) if code not in codes]
    if kept != _retried(settings):
        settings.set("RETRY_HTTP_CODES", kept, settings.getpriority("RETRY_HTTP_CODES") or 0)


def _retry_as_often(settings: BaseSettings) -> None:
    if settings.get("CRAWL4_MAX_RETRIES") is None:
        settings.set("CRAWL4_MAX_RETRIES", settings.getint("RETRY_TIMES"), "addon")


def _retried(settings: BaseSettings) -> list[int]:
    return [int(code) for code in settings.getlist("RETRY_HTTP_CODES")]
