"""crawl4ai's way to say how a crawler gets its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from ..browser.hooks import NO_HOOKS
from ..config import BrowserConfig, HTTPCrawlerConfig
from ..exceptions import UnsupportedOption

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from typing import Any

    from ..browser.hooks import Hooks
    from .browser_methods import BrowserMethods


class _Strategy:
    """What all strategies can do for the crawlers that have them."""

    def __init__(self) -> None:
        self._crawlers: WeakSet[BrowserMethods] = WeakSet()

    def used_by(self, crawler: BrowserMethods) -> None:
        """Note that *crawler* has this strategy."""
        self._crawlers.add(crawler)

    async def kill_session(self, session_id: str) -> None:
        """End a session, as :meth:`AsyncWebCrawler.kill_session` does, in all crawlers with this strategy."""
        for crawler in list(self._crawlers):
            await crawler.kill_session(session_id)


class AsyncHTTPCrawlerStrategy(_Strategy):
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
        super().__init__()

    @property
    def hooks(self) -> Hooks:
        """None: no hook can be set."""
        return NO_HOOKS

    def set_hook(self, name: str, hook: Callable[..., Any] | None) -> None:
        """Raise :class:`UnsupportedOption`: middlewares are the hooks of requests over HTTP."""
        raise UnsupportedOption(
            f"AsyncHTTPCrawlerStrategy has no hooks such as {name!r}: a class in the setting DOWNLOADER_MIDDLEWARES "
            "is called before each request, with its response, and with its error."
        )


class AsyncPlaywrightCrawlerStrategy(_Strategy):
    """Says that the browser shows the pages, and keeps the hooks of a crawler.

    ``AsyncWebCrawler(crawler_strategy=AsyncPlaywrightCrawlerStrategy(browser_config=config))`` is
    ``AsyncWebCrawler(config=config)`` with a :class:`~scrapy_crawl4.BrowserConfig`, one with its defaults if None.

    :param browser_config: how the browser is started and what its pages say of themselves.
    :param logger: not supported: messages go to the logger ``scrapy_crawl4``.
    :raises UnsupportedOption: for what is not supported.
    :raises TypeError: for a *browser_config* of another type.
    """

    def __init__(
        self,
        browser_config: BrowserConfig | None = None,
        logger: logging.Logger | None = None,
    ) -> None:
        refuse_given("AsyncPlaywrightCrawlerStrategy", logger=logger)
        if browser_config is not None and not isinstance(browser_config, BrowserConfig):
            raise TypeError(f"browser_config must be a BrowserConfig or None, got {type(browser_config).__name__}.")
        self.browser_config = browser_config
        self._hooks = NO_HOOKS
        super().__init__()

    @property
    def hooks(self) -> Hooks:
        """The hooks as they are now; a value."""
        return self._hooks

    def set_hook(self, name: str, hook: Callable[..., Any] | None) -> None:
        """Have *hook* called whenever a page of the browser gets to *name*, in runs that begin from now on.

        It is called with Playwright's objects, as crawl4ai calls it, on the event loop of the engine, which need not be
        yours; it may be a coroutine function. What it raises fails the task. *page_timeout* bounds what it awaits; one
        that blocks without awaiting anything holds up all pages.

        :param name: ``on_browser_created(browser, context)``, ``on_page_context_created(page, context, config)``,
            ``on_user_agent_updated(page, context, config, user_agent)``, ``before_goto(page, context, config, url)``,
            ``after_goto(page, context, config, url, response)``, ``before_retrieve_html(page, context, config)``,
            ``on_execution_started(page, context, config)``, ``on_execution_ended(page, context, config, result)`` or
            ``before_return_html(page, context, config, html)``; all arguments but the first are named.
        :param hook: None takes the hook away.
        :raises ValueError: for another *name*.
        :raises TypeError: for a *hook* that cannot be called.
        """
        self._hooks = self._hooks.with_hook(name, hook)


def refuse_given(owner: str, **options: object) -> None:
    """Raise :class:`UnsupportedOption` for an option that was given to *owner*."""
    for name, value in options.items():
        if value is not None:
            raise UnsupportedOption(f"{owner}({name}=...) is not supported: leave it out.")


def strategy_of(
    strategy: AsyncHTTPCrawlerStrategy | AsyncPlaywrightCrawlerStrategy | None, browser_config: BrowserConfig | None
) -> AsyncHTTPCrawlerStrategy | AsyncPlaywrightCrawlerStrategy:
    """Return *strategy*, or the one that a crawler with *browser_config* has anyway: it keeps the hooks."""
    return AsyncPlaywrightCrawlerStrategy(browser_config) if strategy is None else strategy


def chosen_config(
    strategy: object, config: HTTPCrawlerConfig | BrowserConfig | None
) -> HTTPCrawlerConfig | BrowserConfig | None:
    """Return the configuration of a crawler: that of its *strategy*, if it has one, or *config*.

    :raises UnsupportedOption: for another *strategy*.
    :raises ValueError: for a *config* beside a *strategy* that says more than *verbose*, and not the same.
    """
    if strategy is None:
        return config
    if isinstance(strategy, AsyncPlaywrightCrawlerStrategy):
        return _of_browser(strategy.browser_config, config)
    if not isinstance(strategy, AsyncHTTPCrawlerStrategy):
        raise UnsupportedOption(
            "AsyncWebCrawler(crawler_strategy=...) must be an AsyncPlaywrightCrawlerStrategy or an "
            "AsyncHTTPCrawlerStrategy: leave it out, or use one of these."
        )
    if config is not None and not _says_no_more(config):
        raise ValueError(
            "crawler_strategy and config cannot be given together: give the HTTPCrawlerConfig to one of them, and "
            "leave the BrowserConfig out, as no browser shows the pages."
        )
    return strategy.browser_config or HTTPCrawlerConfig()


def _of_browser(
    own: BrowserConfig | None, config: HTTPCrawlerConfig | BrowserConfig | None
) -> HTTPCrawlerConfig | BrowserConfig:
    # crawl4ai's examples give the same one to both.
    if config is None or config == own or (own is not None and _says_no_more(config)):
        return own or BrowserConfig()
    if own is None and isinstance(config, BrowserConfig):
        return config
    raise ValueError(
        "crawler_strategy and config cannot be given together: give the BrowserConfig to one of them, and leave the "
        "HTTPCrawlerConfig out, as the browser shows the pages."
    )


def _says_no_more(config: HTTPCrawlerConfig | BrowserConfig) -> bool:
    return isinstance(config, BrowserConfig) and config.clone(verbose=False) == BrowserConfig(verbose=False)
