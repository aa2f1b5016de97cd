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
from ..config import BrowserConfig, Crawl4Settings, CrawlerRunConfig, HTTPCrawlerConfig
from ..content import check_content_options
from ..dispatch import BaseDispatcher, MemoryAdaptiveDispatcher, RateLimiter
from ..dispatch.loading import make_dispatcher
from ..exceptions import EngineError, UnsupportedOption
from .bridge import engine_loop
from .client import RunClient
from .draw import Draw
from .engine import Engine
from .finish import finish
from .job_thread import job_folder
from .plan import Plan
from .run import CrawlRun
from .settings import refuse_unsupported

if TYPE_CHECKING:
    import logging
    from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from scrapy import Request

    from ..results import CrawlResult
    from .bridge import EngineLoop
    from .tasks import CrawlTask

MEMORY_LIMIT = "CRAWL4_MEMORY_LIMIT_MB"
"""Setting, and environment variable, with the memory limit in MB."""
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
)
"""Settings any of which makes the settings name the default dispatcher instead of a run's config."""


class AsyncWebCrawler:
    """Crawls URLs into :class:`~scrapy_crawl4.CrawlResult` objects, with Scrapy underneath.

    Use it with ``async with``, or call :meth:`start` and :meth:`close`. One crawler serves any number of runs at the
    same time, from any event loop and thread, and can be used again after :meth:`close`.

    :param crawler_strategy: not supported: Scrapy downloads.
    :param config: an :class:`~scrapy_crawl4.HTTPCrawlerConfig`; without one, Scrapy's own settings say whether
        certificates are verified. A :class:`~scrapy_crawl4.BrowserConfig` asks for the browser, which is not available
        yet.
    :param base_directory: the folder of the cache; without it, the setting ``HTTPCACHE_DIR`` or a usual place.
    :param thread_safe: accepted; a crawler always is.
    :param logger: not supported: messages go to the logger ``scrapy_crawl4``.
    :param settings: Scrapy settings of the crawler underneath, by name.
    :raises UnsupportedOption: for what is not supported.
    :raises TypeError: for a *config* of another type.
    :raises ValueError: for a ``CRAWL4_`` setting that is unknown or out of range.
    """

    def __init__(
        self,
        crawler_strategy: None = None,
        config: HTTPCrawlerConfig | BrowserConfig | None = None,
        base_directory: str | os.PathLike[str] | None = None,
        thread_safe: bool = False,
        logger: logging.Logger | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        _refuse(crawler_strategy=crawler_strategy, logger=logger)
        self.http_config = _http_config(config)
        self.thread_safe = thread_safe
        self._settings = dict(settings or {})
        self._settings |= folder_setting(base_directory, self._settings)
        refuse_unsupported(self._settings)
        if limit := os.environ.get(MEMORY_LIMIT):
            self._settings.setdefault(MEMORY_LIMIT, limit)
        if isinstance(config, HTTPCrawlerConfig):
            self._settings["DOWNLOAD_VERIFY_CERTIFICATES"] = config.verify_ssl
        self._crawl4 = Crawl4Settings.from_settings(self._settings)
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

        :raises EngineError: when it can't start.
        """
        is_first = not self.ready and not self._starters
        self._starters += 1
        try:
            await self._open()
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
        _check_urls(urls)
        folder = job_folder(job)
        configs = _configs(config, overrides)
        total = len(urls) if isinstance(urls, Sized) else None
        policy = self._dispatcher(dispatcher, configs[0])
        limit, converter = self._crawl4.memory_limit_mb, self._crawl4.markdown_converter
        draw = Draw(next(self._numbers), self._made_at)
        plan = Plan(configs, policy, self.http_config, limit, total, markdown_converter=converter, draw=draw)
        ahead = self._crawl4.lookahead if lookahead is None else _ahead(lookahead)
        client = RunClient(self._open, plan, urls, ahead, folder)
        return CrawlRun(client, stream=configs[0].stream if stream is None else bool(stream))

    async def _open(self) -> Engine:
        engine = self._engine
        if self._closing:
            raise EngineError("The crawler is being closed: start runs before that, or when close() has returned.")
        if engine is None or engine.is_over:
            closes = self._closes
            home = await engine_loop()
            if closes != self._closes:
                raise EngineError("The crawler was closed while it was starting.")
            engine = self._fresh(home)
        await engine.home.run(engine.open())
        return engine

    def _fresh(self, home: EngineLoop) -> Engine:
        """Return an engine that is not closed; of several threads that want one, the first makes it."""
        with self._making:
            if self._engine is None or self._engine.is_over:
                self._engine = Engine(home, self._settings, self._crawl4.llm_concurrency)
            return self._engine

    def _dispatcher(self, dispatcher: object, config: CrawlerRunConfig) -> BaseDispatcher:
        if isinstance(dispatcher, BaseDispatcher):
            return dispatcher
        if dispatcher is not None:
            raise TypeError(f"dispatcher must be a BaseDispatcher or None, got {type(dispatcher).__name__}.")
        if not DISPATCH_SETTINGS.isdisjoint(self._settings):
            return make_dispatcher(self._settings)
        pace = RateLimiter((config.mean_delay, config.mean_delay + config.max_range))
        return MemoryAdaptiveDispatcher(max_session_permit=config.semaphore_count, rate_limiter=pace)


def _refuse(**options: object) -> None:
    for name, value in options.items():
        if value is not None:
            raise UnsupportedOption(f"AsyncWebCrawler({name}=...) is not supported: leave it out.")


def _http_config(config: object) -> HTTPCrawlerConfig:
    if config is None:
        return HTTPCrawlerConfig()
    if isinstance(config, HTTPCrawlerConfig):
        return config
    if isinstance(config, BrowserConfig):
        raise UnsupportedOption(
            "AsyncWebCrawler(config=BrowserConfig(...)) asks for the browser, which is not available yet: leave it out "
            "to fetch over HTTP."
        )
    raise TypeError(f"config must be an HTTPCrawlerConfig or None, got {type(config).__name__}.")


def _check_urls(urls: object) -> None:
    if isinstance(urls, (str, bytes)):
        raise TypeError("urls must be an iterable of URLs, got a single string: use arun(url) or [url].")
    if not hasattr(urls, "__iter__") and not hasattr(urls, "__aiter__"):
        raise TypeError(f"urls must be an iterable or async iterable of URLs, got {type(urls).__name__}.")


def _configs(config: object, overrides: dict[str, Any]) -> list[CrawlerRunConfig]:
    if config is None:
        config = CrawlerRunConfig()
    given: list[Any] = list(config) if isinstance(config, (list, tuple)) else [config]
    for item in given:
        if not isinstance(item, CrawlerRunConfig):
            raise TypeError(f"config must be a CrawlerRunConfig or a list of them, got {type(item).__name__}.")
    configs = [item.clone(**overrides) if overrides else item for item in given] or [CrawlerRunConfig(**overrides)]
    for item in configs:
        check_content_options(item)
    return configs


def _ahead(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"lookahead must be a whole number of at least 1, got {value!r}.")
    return value
