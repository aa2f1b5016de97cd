"""A Scrapy crawler that stays open and downloads what it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware

from ..downloader import DispatchDownloader
from ..downloadermiddlewares.http_cache import HttpCacheMiddleware
from ..errors import describe
from ..exceptions import EngineError
from ..turns import Turns
from .bridge import EngineThread
from .content_work import ContentThreads
from .given import host_limits
from .items import ItemSteps
from .runner import Runner
from .settings import facade_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from scrapy import Request
    from scrapy.http import Response

    from ..browser import Browser
    from ..dispatch import HostLimits
    from ..engines.run import EnginesRun
    from ..meter import PageMeter
    from ..results import CrawlResult
    from .bridge import EngineLoop
    from .job_thread import JobThread
    from .plan import End, Plan
    from .spider_run import SpiderRun

    RunOfUrls = Runner | EnginesRun


class FacadeSpider(Spider):
    """Makes no request of its own and stays open until it is told otherwise."""

    name = "crawl4"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.done = asyncio.Event()

    async def start(self) -> AsyncIterator[Any]:
        """Yield nothing; an engine whose spider has not finished starting is not idle, and stays open without polls."""
        nothing: tuple[Any, ...] = ()
        await self.done.wait()
        for request in nothing:
            yield request


class FacadeCrawler(Crawler):
    """A Scrapy crawler that leaves the log handlers of the program alone."""

    def _update_root_log_handler(self) -> None:
        """Do nothing: Scrapy would replace the handler of the crawl that this one runs beside."""


class Engine:
    """What the runs of a crawler share; every method but the constructor runs on the engine's loop.

    Runs of URLs share one Scrapy crawler, which is opened once and closed once; each spider has its own.

    :param home: the loop.
    :param settings: the user's Scrapy settings.
    :param llm_concurrency: pages that may wait for a language model at a time.
    :param content_workers: processes for content work, or ``"auto"``.
    """

    has_sessions = True
    """Whether the sessions of its runs of URLs are here, in this process."""

    host_limits: Callable[[str], HostLimits] | None = None
    """What the settings demand of each host, in every run of URLs; set once the crawler is open."""

    def __init__(
        self, home: EngineLoop, settings: Mapping[str, Any], llm_concurrency: int, content_workers: int | str = 0
    ) -> None:
        self.home = home
        self.runs: set[RunOfUrls | SpiderRun] = set()
        self.jobs: WeakSet[JobThread] = WeakSet()
        """Those of its runs, which may have something to write when the runs have ended."""
        self.threads = ContentThreads(llm_concurrency, content_workers, own_loop=home.own)
        self.sessions = Turns()
        """Whose turn it is in each ``session_id``, over all runs."""
        self.closed = False
        self._settings = settings
        self._entered = False
        self._crawler: Crawler | None = None
        self._items: ItemSteps | None = None
        self._crawl: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether it takes no more runs: closed, or left behind in the process that this one was forked from."""
        return self.closed or self.home.is_lost

    @property
    def crawler(self) -> Crawler:
        """The Scrapy crawler; set once the engine is open."""
        assert self._crawler is not None
        return self._crawler

    @property
    def browser(self) -> Browser:
        """What shows pages; there once the engine is open, and ended with its crawler."""
        return self._downloader.pages.browser

    @property
    def _downloader(self) -> DispatchDownloader:
        downloader = self.crawler.engine.downloader
        assert isinstance(downloader, DispatchDownloader)
        return downloader

    @cached_property
    def cache(self) -> HttpCacheMiddleware | None:
        """What answers requests from the cache, if the crawler has that."""
        return self.crawler.get_downloader_middleware(HttpCacheMiddleware)

    @cached_property
    def _cookies(self) -> CookiesMiddleware | None:
        return self.crawler.get_downloader_middleware(CookiesMiddleware)

    @property
    def items(self) -> ItemSteps:
        """The crawler's item pipelines; set once the engine is open."""
        assert self._items is not None
        return self._items

    async def enter(self) -> None:
        """Get ready for runs of spiders, however often it is called.

        :raises EngineError: when it was closed before.
        """
        if self.closed:
            if self._opening is not None:  # says better why it is closed, if that is why
                await asyncio.shield(self._opening)
            raise EngineError("The crawler was closed before it started.")
        if not self._entered:
            self._entered = True
            _quiet_loggers()
            if (thread := EngineThread.of(self.home.loop)) is not None:
                thread.opened(self)

    async def open(self) -> None:
        """Start the crawler of runs of URLs and return when it can download, however often it is called.

        :raises EngineError: when a component of the crawler could not start, or it was closed before.
        """
        if self._opening is None:
            await self.enter()
            self._opening = asyncio.ensure_future(self._open())
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        opened = asyncio.Event()

        def on_opened() -> None:
            opened.set()

        try:
            settings = facade_settings(self._settings, reactor=self.home.reactor)
            self.host_limits = host_limits(settings)
            self._crawler = FacadeCrawler(FacadeSpider, settings)
            self._crawler.signals.connect(on_opened, signals.spider_opened)
            self._crawler.signals.connect(self._spider_closed, signals.spider_closed)
            self._crawl = asyncio.ensure_future(self._crawler.crawl_async())
            await _first(opened.wait(), self._crawl)
            self._items = ItemSteps(self._crawler)
            self._crawl.add_done_callback(self._ended_from_below)
        except Exception as error:
            self.closed = True
            self._crawl = None
            sentence = f"The crawler could not start: {describe(error)}"
            await self._stop_runs(sentence)
            self._leave()
            raise EngineError(sentence) from error

    def make_run(self, plan: Plan, send: Callable[[CrawlResult | End], bool]) -> RunOfUrls:
        """Begin a run of URLs, whose results and end go to *send*; the engine is open."""
        return Runner(self, plan, send)

    async def fetch(self, request: Request, meter: PageMeter) -> Response:
        """Download *request* through the downloader middlewares, redirects included; cancelling ends the transfer.

        :param meter: told how large the page becomes.
        :raises PageTooLarge: when memory cannot hold the page even alone.
        """
        return await self._downloader.download(request, meter)

    def forget_cookies(self, key: object) -> None:
        """Drop the cookie jar *key*, which only one task used."""
        if self._cookies is not None:
            self._cookies.jars.pop(key, None)

    async def close(self) -> None:
        """End all runs, then the crawler; returns when nothing of it is left, however often it is called."""
        if self._closing is None:
            self.closed = True
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    def abandon(self) -> None:
        """Begin to close and return at once; thread-safe."""
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the engine with it
            self.home.loop.call_soon_threadsafe(lambda: asyncio.ensure_future(self.close()))

    async def _close(self) -> None:
        if self._opening is not None:
            await asyncio.wait({self._opening})
        await self._stop_runs("The crawler was closed before this run ended.")
        await asyncio.gather(*(job.close() for job in list(self.jobs)))
        if self._crawl is not None and self.crawler.spider is not None:
            assert isinstance(self.crawler.spider, FacadeSpider)
            self.crawler.spider.done.set()
        if self._crawl is not None:
            with contextlib.suppress(Exception):  # what went wrong while it ran was reported then
                await self._crawl
        self._leave()

    def _leave(self) -> None:
        # The runs waited for their work, so its threads are idle and end at once.
        self.threads.close()
        if self._entered and (thread := EngineThread.of(self.home.loop)) is not None:
            self._entered = False
            thread.closed(self)

    async def _stop_runs(self, reason: str) -> None:
        await asyncio.gather(*(run.stop(reason) for run in list(self.runs)))

    async def _spider_closed(self, reason: str) -> None:
        """End the runs first when an extension, such as CloseSpider, closes the crawler from below."""
        if not self.closed:
            self.closed = True
            await self._stop_runs(f"The crawler was closed by Scrapy ({reason}) before this run ended.")

    def _ended_from_below(self, crawl: asyncio.Task[None]) -> None:
        """Let go of the rest when nobody closed this engine but Scrapy."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())


async def _first(waiter: Any, task: asyncio.Task[None]) -> None:
    """Wait for *waiter*, or for *task* to fail before it."""
    waiting = asyncio.ensure_future(waiter)
    try:
        await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if task.done():
        task.result()
        raise EngineError("The crawler ended while it was starting.")


def _quiet_loggers() -> None:
    """Keep Python's handler of last resort from printing what libraries log in a program without logging."""
    for name in ("scrapy", "scrapy_crawl4", "twisted"):
        logger = logging.getLogger(name)
        if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            logger.addHandler(logging.NullHandler())
