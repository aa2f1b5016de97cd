"""Configuration as data: what a crawl, a browser, HTTP requests and a Scrapy project can say."""

from __future__ import annotations

from .browser import BrowserConfig
from .enums import CacheMode, DisplayMode, MatchMode
from .http import HTTPCrawlerConfig
from .meta import META_KEY, config_in
from .places import GeolocationConfig, VirtualScrollConfig
from .proxy import ProxyConfig
from .proxy_rotation import ProxyRotationStrategy, ProxyTurn, RoundRobinProxyStrategy
from .run import CrawlerRunConfig
from .settings import Crawl4Settings

__all__ = [
    "META_KEY",
    "BrowserConfig",
    "CacheMode",
    "Crawl4Settings",
    "CrawlerRunConfig",
    "DisplayMode",
    "GeolocationConfig",
    "HTTPCrawlerConfig",
    "MatchMode",
    "ProxyConfig",
    "ProxyRotationStrategy",
    "ProxyTurn",
    "RoundRobinProxyStrategy",
    "VirtualScrollConfig",
    "config_in",
]
