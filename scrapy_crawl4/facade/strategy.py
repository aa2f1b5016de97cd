"""crawl4ai's way to say that a crawler downloads over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config import BrowserConfig, HTTPCrawlerConfig
from ..exceptions import UnsupportedOption

if TYPE_CHECKING:
    import logging


class AsyncHTTPCrawlerStrategy:
    """Says that pages are downloaded over HTTP: as *crawler_strategy* of a crawler, its configuration is the crawler's.

    ``AsyncWebCrawler(crawler_strategy=AsyncHTTPCrawlerStrategy(browser_config=http))`` is
    ``AsyncWebCrawler(config=http)``.

    :param browser_config: an :class:`~scrapy_crawl4.HTTPCrawlerConfig`; one with its defaults if None.
    :param logger: not supported: messages go to the logger ``scrapy_crawl4``.
    :param max_connections: not supported: a dispatcher says how many pages are in flight.
    :param dns_cache_ttl: not supported: Scrapy's ``DNSCACHE_ENABLED`` and ``DNSCACHE_SIZE`` are about that cache.
    :param chunk_size: not supported: what is received is read as it comes.
    :raises UnsupportedOption: for what is not supported.
    :raises TypeError: for a *browser_config* of another type.
    """

    def __init__(
        self,
        browser_config: HTTPCrawlerConfig | None = None,
        logger: logging.Logger | None = None,
        max_connections: int | None = None,
        dns_cache_ttl: int | None = None,
        chunk_size: int | None = None,
    ) -> None:
        refuse_given(
            "AsyncHTTPCrawlerStrategy",
            logger=logger,
            max_connections=max_connections,
            dns_cache_ttl=dns_cache_ttl,
            chunk_size=chunk_size,
        )
        if browser_config is not None and not isinstance(browser_config, HTTPCrawlerConfig):
            raise TypeError(
                f"browser_config must be an HTTPCrawlerConfig or None, got {type(browser_config).__name__}: "
                "give a BrowserConfig to AsyncWebCrawler(config=...)."
            )
        self.browser_config = browser_config


def refuse_given(owner: str, **options: object) -> None:
    """Raise :class:`UnsupportedOption` for an option that was given to *owner*."""
    for name, value in options.items():
        if value is not None:
            raise UnsupportedOption(f"{owner}({name}=...) is not supported: leave it out.")


def chosen_config(
    strategy: object, config: HTTPCrawlerConfig | BrowserConfig | None
) -> HTTPCrawlerConfig | BrowserConfig | None:
    """Return the configuration of a crawler: that of its *strategy*, if it has one, or *config*.

    :raises UnsupportedOption: for another *strategy*.
    :raises ValueError: for a *config* beside a *strategy* that says more than *verbose*.
    """
    if strategy is None:
        return config
    if not isinstance(strategy, AsyncHTTPCrawlerStrategy):
        raise UnsupportedOption(
            "AsyncWebCrawler(crawler_strategy=...) is not supported but for an AsyncHTTPCrawlerStrategy: leave it out."
        )
    says_no_more = isinstance(config, BrowserConfig) and config.clone(verbose=False) == BrowserConfig(verbose=False)
    if config is not None and not says_no_more:
        raise ValueError(
            "crawler_strategy and config cannot be given together: give the HTTPCrawlerConfig to one of them, and "
            "leave the BrowserConfig out, as no browser shows the pages."
        )
    return strategy.browser_config or HTTPCrawlerConfig()
