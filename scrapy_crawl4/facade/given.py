"""What the Scrapy settings of a user say about runs of URLs, and what cannot be carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy.core.downloader import Slot
from scrapy.settings import BaseSettings, Settings
from scrapy.utils.misc import load_object
from scrapy.utils.python import global_object_name

from ..config.rendering import AUTO
from ..downloader import DispatchDownloader
from ..exceptions import UnsupportedOption
from .settings import ASYNCIO_REACTOR, UNLIMITED, URL_DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..config import BrowserConfig, CrawlerRunConfig
    from ..dispatch import HostLimits

MS = 1000


def _asks_nothing(value: Any) -> bool:
    return str(value).strip().lower() in {"", "0", "false", "none", "{}", "[]"}


def _is_asyncio_reactor(value: Any) -> bool:
    return not value or (value if isinstance(value, str) else global_object_name(value)) == ASYNCIO_REACTOR


def _is_dispatch_downloader(value: Any) -> bool:
    return not value or issubclass(load_object(value), DispatchDownloader)


@dataclass(frozen=True, slots=True)
class Rule:
    """Which values of a setting are carried out, and why others cannot be, as the end of a sentence."""

    accepts: Callable[[Any], bool]
    why: str


OF_PROCESS: Mapping[str, Rule] = {
    "TWISTED_REACTOR": Rule(_is_asyncio_reactor, "it runs on asyncio's reactor only"),
    "ASYNCIO_EVENT_LOOP": Rule(_asks_nothing, "it runs on the loop that is there"),
    "LOG_ENABLED": Rule(_asks_nothing, "it leaves the program's logging alone: use logging.basicConfig()"),
    "LOG_FILE": Rule(_asks_nothing, "it leaves the program's logging alone: use logging.FileHandler"),
    "LOG_STDOUT": Rule(_asks_nothing, "it leaves the program's standard output alone"),
}
"""Settings of a process of Scrapy's own. In a project's ``Settings`` they are for ``scrapy crawl``, and passed over."""

OF_URLS: Mapping[str, Rule] = {
    "AUTOTHROTTLE_ENABLED": Rule(_asks_nothing, "a run of URLs is paced by its dispatcher's RateLimiter"),
    "CONCURRENT_REQUESTS_PER_IP": Rule(
        _asks_nothing, "a run of URLs counts by host: use CONCURRENT_REQUESTS_PER_DOMAIN"
    ),
    "CRAWL4_OBEY_CRAWL_DELAY": Rule(
        lambda value: not _asks_nothing(value), "a run of URLs keeps Crawl-delay wherever it asks robots.txt"
    ),
    "DOWNLOADER": Rule(_is_dispatch_downloader, "a run of URLs needs a subclass of DispatchDownloader"),
    "RETRY_EXCEPTIONS": Rule(_asks_nothing, "a run of URLs tries again after every failed download: use max_retries"),
    "RETRY_HTTP_CODES": Rule(
        _asks_nothing,
        "a run of URLs tries again after statuses of 500 and above: use CRAWL4_RATE_LIMIT_CODES for others",
    ),
}
"""Settings that spiders have, and of which a run of URLs carries out some values only."""


def given_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what *settings* say; of Scrapy's ``Settings``, what somebody set, but for :data:`OF_PROCESS`."""
    if not isinstance(settings, BaseSettings):
        return dict(settings)
    values = settings.copy_to_dict()
    return {name: value for name, value in values.items() if settings.getpriority(name) and name not in OF_PROCESS}


def carried_out(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return *settings* without those that a run of URLs would refuse."""
    return {
        name: value
        for name, value in settings.items()
        if value is None or name not in OF_URLS or OF_URLS[name].accepts(value)
    }


def refuse(settings: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """Raise :class:`UnsupportedOption` for a value in *settings* that would have no effect."""
    for name, rule in rules.items():
        if settings.get(name) is not None and not rule.accepts(settings[name]):
            raise UnsupportedOption(
                f"AsyncWebCrawler(settings={{{name!r}: {settings[name]!r}}}) has no effect, since {rule.why}."
            )


def config_defaults(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a run's config that *settings* give a default to.

    ``ROBOTSTXT_OBEY`` is ``check_robots_txt``, ``RETRY_ENABLED`` and ``RETRY_TIMES`` are ``max_retries``, and
    ``DOWNLOAD_TIMEOUT`` is ``page_timeout``. ``CRAWL4_RENDER`` is ``render`` where it is "auto".
    """
    read = Settings(dict(settings))
    defaults: dict[str, Any] = {}
    if settings.get("ROBOTSTXT_OBEY") is not None:
        defaults["check_robots_txt"] = read.getbool("ROBOTSTXT_OBEY")
    if not settings.keys().isdisjoint({"RETRY_ENABLED", "RETRY_TIMES"}):
        defaults["max_retries"] = read.getint("RETRY_TIMES") if read.getbool("RETRY_ENABLED") else 0
    if settings.get("DOWNLOAD_TIMEOUT") is not None:
        defaults["page_timeout"] = round(read.getfloat("DOWNLOAD_TIMEOUT") * MS)
    if settings.get("CRAWL4_RENDER") == AUTO:
        defaults["render"] = AUTO
    return defaults


def browser_setting(config: BrowserConfig | None) -> dict[str, Any]:
    """Return the setting that has the crawlers of a crawler start their browser as *config* says."""
    return {} if config is None else {"CRAWL4_BROWSER": config}


def with_defaults(config: CrawlerRunConfig, defaults: Mapping[str, Any]) -> CrawlerRunConfig:
    """Return *config* with *defaults* where it says nothing; itself if nothing changes."""
    missing = {name: value for name, value in defaults.items() if not config.is_given(name)}
    return config.clone(**missing) if missing else config


def host_limits(settings: BaseSettings) -> Callable[[str], HostLimits] | None:
    """Return the limits of each host that Scrapy's settings for downloader slots ask for; None where they ask none.

    They are ``CONCURRENT_REQUESTS_PER_DOMAIN``, ``DOWNLOAD_DELAY`` with ``DOWNLOAD_DELAY_JITTER``, and
    ``DOWNLOAD_SLOTS`` by host name. A run keeps them by itself, beside other runs.
    """
    slots = settings.getdict("DOWNLOAD_SLOTS")
    concurrency, delay = settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"), settings.getfloat("DOWNLOAD_DELAY")
    jitter = settings.getfloat("DOWNLOAD_DELAY_JITTER") if settings.getbool("RANDOMIZE_DOWNLOAD_DELAY", True) else 0.0
    if concurrency == UNLIMITED == URL_DEFAULTS["CONCURRENT_REQUESTS_PER_DOMAIN"] and not delay and not slots:
        return None

    def limits(host: str) -> Slot:
        own = slots.get(host, {})
        usual = jitter if own.get("randomize_delay", True) else 0.0
        return Slot(own.get("concurrency", concurrency) or UNLIMITED, own.get("delay", delay), own.get("jitter", usual))

    return limits
