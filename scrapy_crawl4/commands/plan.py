"""What the settings of a project say about a crawl by the facade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config import CrawlerRunConfig, HTTPCrawlerConfig
from ..config.settings import Crawl4Settings
from ..content.markdown import with_converter
from ..dispatch.loading import make_dispatcher
from ..facade import AsyncWebCrawler
from ..facade.given import carried_out, config_defaults, given_settings, with_defaults

if TYPE_CHECKING:
    from scrapy.settings import Settings

    from ..config import CacheMode
    from ..dispatch import BaseDispatcher

OF_SPIDERS = {"FEEDS", "FEED_URI", "ITEM_PIPELINES", "JOBDIR"}
"""Settings for the items and the state of a spider: an empty feed would replace the one of the last crawl."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A crawl as settings describe it, ready to start."""

    crawler: AsyncWebCrawler
    config: CrawlerRunConfig
    dispatcher: BaseDispatcher
    lookahead: int
    """URLs read ahead of what has been written."""


def plan(
    settings: Settings, downloads: str | None = None, cache: CacheMode | None = None, render: str | None = None
) -> Plan:
    """Return what *settings* ask for: the ``CRAWL4_`` ones, and Scrapy's where they mean the same.

    ``ROBOTSTXT_OBEY``, ``RETRY_ENABLED``, ``RETRY_TIMES``, ``DOWNLOAD_TIMEOUT``, ``DOWNLOAD_DELAY``, ``DOWNLOAD_SLOTS``
    and ``CONCURRENT_REQUESTS_PER_DOMAIN`` count as they do for a spider.

    :param downloads: a folder for what is no page.
    :param cache: goes before ``HTTPCACHE_ENABLED``.
    :param render: goes before ``CRAWL4_RENDER``.
    :raises ValueError: for a value that breaks its rule.
    :raises Crawl4Error: for a dispatcher that cannot be loaded, or an option that is not available.
    :raises ImportError: the markdown converter of the settings is not installed.
    """
    crawl4 = Crawl4Settings.from_settings(settings)
    # A command tries again as a spider does, also where nobody says so.
    given = {name: settings[name] for name in ("RETRY_ENABLED", "RETRY_TIMES")} | of_urls(settings)
    config = with_defaults(CrawlerRunConfig(stream=True, verbose=False), config_defaults(given))
    if cache is not None:
        config.cache_mode = cache
    if render is not None:
        config.render = render
    crawler = AsyncWebCrawler(config=_http(settings, downloads), settings=given)
    return Plan(crawler, with_converter(config, crawl4.markdown_converter), make_dispatcher(settings), crawl4.lookahead)


def _http(settings: Settings, downloads: str | None) -> HTTPCrawlerConfig | None:
    if downloads is None:
        return None
    return HTTPCrawlerConfig(downloads_path=downloads, verify_ssl=settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES"))


def of_urls(settings: Settings) -> dict[str, Any]:
    """Return the settings that a project, the environment or the command line gave, without Scrapy's defaults.

    Those that only spiders can have, and those for the items of a spider and for its end are left out: a crawl of URLs
    has neither.
    """
    given = carried_out(given_settings(settings))
    return {name: value for name, value in given.items() if not _of_spiders(name)}


def _of_spiders(name: str) -> bool:
    return name in OF_SPIDERS or name.startswith("CLOSESPIDER_")
