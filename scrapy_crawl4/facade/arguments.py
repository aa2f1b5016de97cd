"""Arguments of :class:`~scrapy_crawl4.AsyncWebCrawler` and its methods."""

from __future__ import annotations

from inspect import isclass
from typing import TYPE_CHECKING, Any

from scrapy import Spider
from scrapy.addons import AddonManager
from scrapy.settings import Settings
from scrapy.spiderloader import get_spider_loader

from ..config import BrowserConfig, CrawlerRunConfig, HTTPCrawlerConfig
from ..config.browser_setting import with_user_agent
from ..content import check_content_options
from ..dispatch import BaseDispatcher, MemoryAdaptiveDispatcher, RateLimiter
from ..dispatch.loading import make_dispatcher

if TYPE_CHECKING:
    from collections.abc import Mapping

DISPATCH_SETTINGS = frozenset(
    f"CRAWL4_{name}"
    for name in (
        "BASE_DELAY",
        "CHECK_INTERVAL_SECS",
        "CRITICAL_THRESHOLD_PERCENT",
        "DISPATCHER",
        "FAIRNESS_TIMEOUT_SECS",
        "MAX_DELAY_SECS",
        "MAX_RETRIES",
        "MAX_SESSION_PERMIT",
        "MEMORY_THRESHOLD_PERCENT",
        "MEMORY_WAIT_TIMEOUT_SECS",
        "RATE_LIMIT_CODES",
        "RECOVERY_THRESHOLD_PERCENT",
    )
) | {"CONCURRENT_REQUESTS"}
"""Settings any of which makes the settings name the default dispatcher instead of a run's config."""


def http_config(config: object) -> HTTPCrawlerConfig:
    """Return the HTTP configuration of a crawler, also that of one whose pages the browser shows.

    :raises TypeError: for a *config* of another type.
    """
    if config is None:
        return HTTPCrawlerConfig()
    if isinstance(config, HTTPCrawlerConfig):
        return config.clone()
    if isinstance(config, BrowserConfig):
        agent = {} if config.user_agent is None else {"User-Agent": config.user_agent}
        headers = (config.headers or {}) | agent
        return HTTPCrawlerConfig(
            headers=headers or None,
            verify_ssl=not config.ignore_https_errors,
            downloads_path=config.downloads_path if config.accept_downloads else None,
        )
    raise TypeError(f"config must be an HTTPCrawlerConfig, a BrowserConfig or None, got {type(config).__name__}.")


def settled(config: HTTPCrawlerConfig | BrowserConfig | None) -> HTTPCrawlerConfig | BrowserConfig | None:
    """Return *config* with what is chosen once for a crawler: the random user agent of a :class:`BrowserConfig`."""
    return with_user_agent(config) if isinstance(config, BrowserConfig) else config


def check_urls(urls: object) -> None:
    """Raise :class:`TypeError` unless *urls* can be read as the input of a run."""
    if isinstance(urls, (str, bytes)):
        raise TypeError("urls must be an iterable of URLs, got a single string: use arun(url) or [url].")
    if not hasattr(urls, "__iter__") and not hasattr(urls, "__aiter__"):
        raise TypeError(f"urls must be an iterable or async iterable of URLs, got {type(urls).__name__}.")


def configs_of(config: object, overrides: dict[str, Any]) -> list[CrawlerRunConfig]:
    """Return the configs of a run, each with *overrides*; copies, as the run may outlast what they say now."""
    if config is None:
        config = CrawlerRunConfig()
    given: list[Any] = list(config) if isinstance(config, (list, tuple)) else [config]
    for item in given:
        if not isinstance(item, CrawlerRunConfig):
            raise TypeError(f"config must be a CrawlerRunConfig or a list of them, got {type(item).__name__}.")
    configs = [item.clone(**overrides) for item in given] or [CrawlerRunConfig(**overrides)]
    for item in configs:
        check_content_options(item)
    return configs


def checked_lookahead(value: object) -> int:
    """Return *value* if it can be a lookahead."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"lookahead must be a whole number of at least 1, got {value!r}.")
    return value


def run_dispatcher(dispatcher: object, config: CrawlerRunConfig, settings: Mapping[str, Any]) -> BaseDispatcher:
    """Return the policy of a run: *dispatcher*, or what *settings* name, or what *config* says."""
    if isinstance(dispatcher, BaseDispatcher):
        return dispatcher
    if dispatcher is not None:
        raise TypeError(f"dispatcher must be a BaseDispatcher or None, got {type(dispatcher).__name__}.")
    if not DISPATCH_SETTINGS.isdisjoint(settings):
        return make_dispatcher(settings)
    pace = RateLimiter((config.mean_delay, config.mean_delay + config.max_range))
    return MemoryAdaptiveDispatcher(max_session_permit=config.semaphore_count, rate_limiter=pace)


def spider_class(spider: object, settings: Mapping[str, Any]) -> type[Spider]:
    """Return *spider*, or the one that has this name in the ``SPIDER_MODULES`` of *settings*."""
    if isclass(spider) and issubclass(spider, Spider):
        return spider
    if not isinstance(spider, str):
        raise TypeError(f"spider must be a subclass of scrapy.Spider or the name of one, got {type(spider).__name__}.")
    project = Settings(dict(settings))
    AddonManager.load_pre_crawler_settings(project)
    loader = get_spider_loader(project)
    try:
        return loader.load(spider)
    except KeyError:
        known = ", ".join(sorted(loader.list()))
        raise ValueError(
            f"There is no spider named {spider!r} in SPIDER_MODULES: "
            + (f"use one of {known}." if known else "give AsyncWebCrawler the settings of your project.")
        ) from None


def keeps_items(settings: Mapping[str, Any]) -> bool:
    """Return whether *settings* store items, or do something with them: what no spider of ours should have done."""
    return any(settings.get(name) for name in ("FEEDS", "FEED_URI", "ITEM_PIPELINES"))
