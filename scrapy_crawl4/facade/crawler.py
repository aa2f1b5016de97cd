"""The asyncio facade."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sized
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

from ..cache.folder import folder_setting
from ..config import BrowserConfig, Crawl4Settings, HTTPCrawlerConfig
from ..config.rendering import BROWSER
from ..dispatch import BaseDispatcher
from ..exceptions import EngineError
from ..finish import finish
from .arguments import (
    check_urls,
    checked_lookahead,
    configs_of,
    http_config,
    keeps_items,
    run_dispatcher,
    settled,
    spider_class,
)
from .bridge import engine_loop
from .browser_methods import BrowserMethods
from .client import RunClient
from .draw import Draw
from .engine_count import engine_count, make_engine
from .given import OF_PROCESS, OF_URLS, browser_setting, config_defaults, given_settings, refuse, with_defaults
from .job_thread import job_folder
from .plan import Plan, SpiderPlan
from .run import CrawlRun
from .strategy import chosen_config, refuse_given, strategy_of

if TYPE_CHECKING:
    import logging
    from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from scrapy import Request, Spider

    from ..config import CrawlerRunConfig
    from ..results import CrawlResult
    from .bridge import EngineLoop
    from .engine import Engine
    from .strategy import AsyncHTTPCrawlerStrategy, AsyncPlaywrightCrawlerStrategy
    from .tasks import CrawlTask

MEMORY_LIMIT = "CRAWL4_MEMORY_LIMIT_MB"
"""Setting, and environment variable, with the memory limit in MB."""


class AsyncWebCrawler(BrowserMethods):
    """Crawls URLs into :class:`~scrapy_crawl4.CrawlResult` objects, with Scrapy underneath.

    Use it with ``async with``, or call :meth:`start` and :meth:`close`. One crawler serves any number of runs at the
    same time, from any event loop and thread, and can be used again after :meth:`close`.

    :param crawler_strategy: an :class:`~scrapy_crawl4.AsyncHTTPCrawlerStrategy` or an
        :class:`~scrapy_crawl4.AsyncPlaywrightCrawlerStrategy` in place of *config*.
    :param config: an :class:`~scrapy_crawl4.HTTPCrawlerConfig`; without one, Scrapy's own settings say whether
        certificates are verified. A :class:`~scrapy_crawl4.BrowserConfig` has the browser show the pages of all
        runs of URLs, unless a configuration says ``render="http"``; what it says of requests counts for these too.
    :param base_directory: the folder of the cache; without it, the setting ``HTTPCACHE_DIR`` or a usual place.
    :param thread_safe: accepted; a crawler always is.
    :param logger: not supported: messages go to the logger ``scrapy_crawl4``.
    :param verbose: whether runs whose config does not say it may print what they do.
    :param settings: Scrapy settings, by name, or a project's ``Settings``, of which what was set counts. Results of
        runs of URLs go through the ``ITEM_PIPELINES`` and into the ``FEEDS`` before they come out; a result that is
        dropped there comes out as a failed one. ``SPIDER_MIDDLEWARES`` and what else is about spiders is for
        :meth:`crawl`.
    :param engines: processes that do the runs of URLs, each with a part of the hosts; "auto" is one for each processor
        that this process may use, and the setting ``CRAWL4_ENGINES``, or 1, is the default.
    :raises UnsupportedOption: for what is not supported.
    :raises TypeError: for a *config* of another type.
    :raises ValueError: for a ``CRAWL4_`` setting that is unknown or out of range, and for *crawler_strategy* together
        with a *config*.
    """

    def __init__(
        self,
        crawler_strategy: AsyncHTTPCrawlerStrategy | AsyncPlaywrightCrawlerStrategy | None = None,
        config: HTTPCrawlerConfig | BrowserConfig | None = None,
        base_directory: str | os.PathLike[str] | None = None,
        thread_safe: bool = False,
        logger: logging.Logger | None = None,
        *,
        verbose: bool = False,
        settings: Mapping[str, Any] | None = None,
        engines: int | str | None = None,
    ) -> None:
        refuse_given("AsyncWebCrawler", logger=logger)
        loud = verbose or (isinstance(config, BrowserConfig) and config.verbose)
        config = settled(chosen_config(crawler_strategy, config))
        self.http_config = http_config(config)
        self.browser_config = config if isinstance(config, BrowserConfig) else None
        self.crawler_strategy = strategy_of(crawler_strategy, self.browser_config)
        self.crawler_strategy.used_by(self)
        self.thread_safe = thread_safe
        self.verbose = bool(loud)
        self._settings = given_settings(settings or {})
        self._settings |= folder_setting(base_directory, self._settings) | browser_setting(self.browser_config)
        refuse(self._settings, OF_PROCESS)
        if limit := os.environ.get(MEMORY_LIMIT):
            self._settings.setdefault(MEMORY_LIMIT, limit)
        if config is not None:
            self._settings["DOWNLOAD_VERIFY_CERTIFICATES"] = self.http_config.verify_ssl
        self._crawl4 = Crawl4Settings.from_settings(self._settings)
        self._engines = engine_count(engines, self._crawl4.engines, self._settings, self.browser_config)
        self._engine: Engine | None = None
        self._making = threading.Lock()
        self._made_at = time.monotonic()
        self._numbers = count()
        self._starters = 0
        self._closing = 0
        self._closes = 0

    @property
    def ready(self) -> bool:
        """Whether the crawler is started and not closed."""
        return self._engine is not None and not self._engine.is_over

    async def start(self) -> Self:
        """Start the engine; done by the first run anyway.

        With feeds or item pipelines in the settings, these start with the first run of URLs: where there is none, as
        beside spiders, they store nothing.

        :raises EngineError: when it can't start.
        """
        is_first = not self.ready and not self._starters
        self._starters += 1
        try:
            await (self._enter() if keeps_items(self._settings) else self._open())
        except BaseException:
            if is_first and self._starters == 1:  # nobody else wants what this call began
                await self.close()
            raise
        finally:
            self._starters -= 1
        return self

    async def close(self) -> None:
        """End all runs of this crawler and its engine; returns when nothing of them is left."""
        self._closes += 1
        if self._engine is None:
            return
        self._closing += 1
        try:
            with suppress(EngineError):  # its loop has ended, and it with the loop
                await finish(self._engine.home.run(self._engine.close()))
        finally:
            self._closing -= 1

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not GeneratorExit:
            await self.close()
        elif self._engine is not None:  # this loop is gone, and with it the way to wait
            self._engine.abandon()

    async def arun(
        self, url: str | CrawlTask | Request, config: CrawlerRunConfig | None = None, **overrides: Any
    ) -> CrawlResult:
        """Crawl one URL and return its result; a run of one.

        :raises TypeError: for an unknown override.
        :raises ValueError: for a value out of range.
        """
        overrides.pop("stream", None)
        results: list[CrawlResult] = await self._many([url], config, stream=False, **overrides)
        return results[0]

    def arun_many(
        self,
        urls: Iterable[str | CrawlTask | Request] | AsyncIterable[str | CrawlTask | Request],
        config: CrawlerRunConfig | Sequence[CrawlerRunConfig] | None = None,
        dispatcher: BaseDispatcher | None = None,
        *,
        stream: bool | None = None,
        lookahead: int | None = None,
        job: str | os.PathLike[str] | None = None,
        **overrides: Any,
    ) -> CrawlRun:
        """Crawl many URLs: ``await`` the run for a list in input order, or iterate it for results as they come.

        :param urls: any iterable or async iterable of URLs, :class:`CrawlTask` or ``scrapy.Request``, read lazily.
        :param config: one config, or several of which the first that matches a URL is its own.
        :param dispatcher: how many sessions may be in flight; by default a
            :class:`~scrapy_crawl4.MemoryAdaptiveDispatcher` with the config's ``semaphore_count``, ``mean_delay`` and
            ``max_range``, or what the crawler's ``CRAWL4_`` settings name if they say anything about dispatch.
        :param stream: whether ``await`` gives the run to iterate instead of a list; by default the config says.
        :param lookahead: elements read ahead of the consumer; ``CRAWL4_LOOKAHEAD`` or 1000 by default.
        :param job: a folder that makes the run durable: each result is in it before it is handed out, and the same call
            goes on where an earlier one stopped, however that ended. The setting ``JOBDIR`` by default; without one,
            nothing is kept. The run raises :class:`~scrapy_crawl4.JobError` when the folder cannot be used, or the
            input is not the one it began with.
        :param overrides: fields of :class:`~scrapy_crawl4.CrawlerRunConfig` that replace the config's.
        :raises TypeError: for a single string as *urls*, an unknown override or an argument of a wrong type.
        :raises ValueError: for a value out of range.
        """
        folder = self._settings.get("JOBDIR") if job is None else job
        return self._many(urls, config, dispatcher, stream=stream, lookahead=lookahead, job=folder, **overrides)

    def _many(
        self,
        urls: Iterable[str | CrawlTask | Request] | AsyncIterable[str | CrawlTask | Request],
        config: CrawlerRunConfig | Sequence[CrawlerRunConfig] | None = None,
        dispatcher: BaseDispatcher | None = None,
        *,
        stream: bool | None = None,
        lookahead: int | None = None,
        job: str | os.PathLike[str] | None = None,
        **overrides: Any,
    ) -> CrawlRun:
        check_urls(urls)
        folder = job_folder(job)
        refuse(self._settings, OF_URLS)
        defaults = config_defaults(self._settings)
        if self.verbose:
            defaults["verbose"] = True
        configs = [with_defaults(item, defaults) for item in configs_of(config, overrides)]
        total = len(urls) if isinstance(urls, Sized) else None
        policy = run_dispatcher(dispatcher, configs[0], self._settings)
        plan = Plan(
            configs,
            policy,
            self.http_config,
            self._crawl4.memory_limit_mb,
            total,
            markdown_converter=self._crawl4.markdown_converter,
            draw=Draw(next(self._numbers), self._made_at),
            defaults=defaults,
            browser=self._crawl4.browser,
            everywhere=self.browser_config,
            shows_all=self.browser_config is not None or self._crawl4.render == BROWSER,
            hooks=self.crawler_strategy.hooks,
        )
        ahead = self._crawl4.lookahead if lookahead is None else checked_lookahead(lookahead)
        client = RunClient(self._open, plan, urls, ahead, folder)
        return CrawlRun(client, stream=configs[0].stream if stream is None else bool(stream))

    def crawl(
        self, spider: type[Spider] | str, /, *args: Any, dispatcher: BaseDispatcher | None = None, **kwargs: Any
    ) -> CrawlRun:
        """Run a Scrapy spider: ``await`` the run for a list of its items as results, or iterate it as they come.

        The spider has a Scrapy crawler of its own with the settings of this one, its own ``custom_settings`` and the
        add-on, as in a project. A :class:`~scrapy_crawl4.CrawlResult` that it yields comes complete, behind the item
        pipelines; an item of another type comes as :meth:`CrawlResult.from_item` makes it. While ``CRAWL4_LOOKAHEAD``
        results wait to be taken, the spider waits. A run that is ended early closes the spider; with ``JOBDIR``, the
        next one goes on from there. Errors of callbacks are in the log and in Scrapy's stats.

        :param spider: its class, or its name in the ``SPIDER_MODULES`` of this crawler's settings.
        :param args: arguments of the spider.
        :param dispatcher: how many sessions may be in flight; by default what ``CRAWL4_DISPATCHER`` names.
        :param kwargs: arguments of the spider, and attributes of it.
        :raises TypeError: for a *spider* or *dispatcher* of another type.
        :raises ValueError: for a name that no spider has.

        The run raises :class:`~scrapy_crawl4.EngineError` when the spider cannot start, and behind the last result
        :class:`~scrapy_crawl4.Crawl4Error` when its ``start()`` failed.
        """
        spider = spider_class(spider, self._settings)
        if dispatcher is not None and not isinstance(dispatcher, BaseDispatcher):
            raise TypeError(f"dispatcher must be a BaseDispatcher or None, got {type(dispatcher).__name__}.")
        plan = SpiderPlan(spider, args, kwargs, self._settings, self._crawl4.lookahead, dispatcher)
        return CrawlRun(RunClient(self._enter, plan, (), 1), stream=False)

    async def _open(self) -> Engine:
        """Return the engine, ready for runs of URLs."""
        engine = await self._enter()
        await engine.home.run(engine.open())
        return engine

    async def _enter(self) -> Engine:
        """Return the engine, ready for runs of spiders."""
        engine = self._engine
        if self._closing:
            raise EngineError("The crawler is being closed: start runs before that, or when close() has returned.")
        if engine is None or engine.is_over:
            closes = self._closes
            home = await engine_loop()
            if closes != self._closes:
                raise EngineError("The crawler was closed while it was starting.")
            engine = self._fresh(home)
        await engine.home.run(engine.enter())
        return engine

    def _fresh(self, home: EngineLoop) -> Engine:
        """Return an engine that is not closed; of several threads that want one, the first makes it."""
        with self._making:
            if self._engine is None or self._engine.is_over:
                self._engine = make_engine(home, self._settings, self._crawl4, self._engines)
            return self._engine
