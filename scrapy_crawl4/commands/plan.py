"""What the settings of a project say about a crawl by the facade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config import CrawlerRunConfig, HTTPCrawlerConfig
from ..config.settings import Crawl4Settings
from ..content.markdown import with_converter
from ..dispatch.loading import make_dispatcher
from ..facade import AsyncWebCrawler

if TYPE_CHECKING:
    from scrapy.settings import Settings

    from ..dispatch import BaseDispatcher

MS = 1000

OF_SPIDERS = {"FEEDS", "ITEM_PIPELINES", "JOBDIR"}
"""Settings for the items and the state of a spider: an empty feed would replace the one of the last crawl."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A crawl as settings describe it, ready to start."""

    crawler: AsyncWebCrawler
    config: CrawlerRunConfig
    dispatcher: BaseDispatcher
    lookahead: int
    """URLs read ahead of what has been written."""


def plan(settings: Settings, downloads: str | None = None) -> Plan:
    """Return what *settings* ask for: the ``CRAWL4_`` ones, and Scrapy's where they mean the same.

    ``ROBOTSTXT_OBEY``, ``RETRY_ENABLED``, ``RETRY_TIMES`` and ``DOWNLOAD_TIMEOUT`` count as they do for a spider;
    ``DOWNLOAD_DELAY`` is the delay between two starts on one host unless ``CRAWL4_BASE_DELAY`` says it.

    :param downloads: a folder for what is no page.
    :raises ValueError: for a value that breaks its rule.
    :raises Crawl4Error: for a dispatcher that cannot be loaded, or an option that is not available.
    :raises ImportError: the markdown converter of the settings is not installed.
    """
    crawl4 = Crawl4Settings.from_settings(settings)
    paced = settings.copy()
    if settings.get("CRAWL4_BASE_DELAY") is None:
        paced.set("CRAWL4_BASE_DELAY", _delay(settings), priority="cmdline")
    config = CrawlerRunConfig(
        stream=True,
        verbose=False,
        check_robots_txt=settings.getbool("ROBOTSTXT_OBEY"),
        max_retries=settings.getint("RETRY_TIMES") if settings.getbool("RETRY_ENABLED") else 0,
    )
    if settings.getpriority("DOWNLOAD_TIMEOUT"):  # Scrapy's default is no choice of anybody
        config.page_timeout = round(settings.getfloat("DOWNLOAD_TIMEOUT") * MS)
    crawler = AsyncWebCrawler(config=_http(settings, downloads), settings=given_settings(settings))
    return Plan(crawler, with_converter(config, crawl4.markdown_converter), make_dispatcher(paced), crawl4.lookahead)


def _http(settings: Settings, downloads: str | None) -> HTTPCrawlerConfig | None:
    if downloads is None:
        return None
    return HTTPCrawlerConfig(downloads_path=downloads, verify_ssl=settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES"))


def given_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings that a project, the environment or the command line gave, without Scrapy's defaults.

    Those for the items of a spider and for its end are left out: a crawl of URLs has neither.
    """
    values = settings.copy_to_dict()
    return {name: value for name, value in values.items() if settings.getpriority(name) and not _of_spiders(name)}


def _of_spiders(name: str) -> bool:
    return name in OF_SPIDERS or name.startswith("CLOSESPIDER_")


def _delay(settings: Settings) -> tuple[float, float]:
    delay, jitter = settings.getfloat("DOWNLOAD_DELAY"), settings.getfloat("DOWNLOAD_DELAY_JITTER")
    if not settings.getbool("RANDOMIZE_DOWNLOAD_DELAY"):
        jitter = 0.0
    return max(0.0, delay * (1 - jitter)), delay * (1 + jitter)
