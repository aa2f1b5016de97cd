"""The engine's half of a run of a spider: a crawler of its own, whose items become results."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import count
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.utils.misc import load_object

from ..dispatch import Progress
from ..downloader import DispatchDownloader
from ..errors import describe
from ..exceptions import Crawl4Error, DispatcherError, EngineError
from ..results import CrawlResult
from .contained import contain_callbacks
from .engine import FacadeCrawler
from .plan import End
from .run_middleware import RunMiddleware
from .settings import ADDON, COOKIES, spider_settings, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from .engine import Engine
    from .plan import SpiderPlan

ADDON_PRIORITY = 500


class SpiderCrawler(FacadeCrawler):
    """The crawler of a spider that runs behind the facade."""

    def __init__(self, run: SpiderRun, plan: SpiderPlan, *, reactor: bool) -> None:
        settings = spider_settings(plan.settings, reactor=reactor, dispatcher=plan.dispatcher)
        settings["SPIDER_MIDDLEWARES_BASE"].update({RunMiddleware: 0})
        super().__init__(plan.spider, settings)
        # Behind the spider's custom_settings.
        self.settings.setdefault_in_component_priority_dict("ADDONS", load_object(ADDON), ADDON_PRIORITY)
        stand_in(self.settings, COOKIES)
        self.run = run


class SpiderRun:
    """Runs a spider in a crawler of its own and sends its items as results; lives on the engine's loop.

    :param engine: an engine that was entered.
    :param plan: what to do.
    :param send: takes every result, and an :class:`End` behind the last; False when nobody is left who could.
    :raises EngineError: when no crawler can be made of the spider and the settings.
    """

    spilling = None
    """Results stay in memory: feeds are for those that do not fit."""

    def __init__(self, engine: Engine, plan: SpiderPlan, send: Callable[[CrawlResult | End], bool]) -> None:
        self.opened = asyncio.Event()
        """Set once the engine has started everything that closing the spider ends."""
        self.readers: set[asyncio.Task[None]] = set()
        """Tasks that read what callbacks yield that are async generators."""
        self._engine = engine
        self._plan = plan
        self._send = send
        self._held = 0
        self._numbers = count()
        self._room = asyncio.Event()
        self._error: Exception | None = None
        self._reason = ""
        self._stopping: asyncio.Task[None] | None = None
        try:
            self._crawler = SpiderCrawler(self, plan, reactor=engine.home.reactor)
        except Exception as error:
            raise EngineError(f"The spider could not start: {describe(error)}") from error
        self._connect()
        self._crawl = asyncio.ensure_future(self._run())
        engine.runs.add(self)

    @property
    def stopping(self) -> bool:
        """Whether the run is being ended before the spider has finished."""
        return self._stopping is not None

    @property
    def cut_short(self) -> bool:
        """Whether what callbacks still yield is for nobody; with ``JOBDIR``, their requests are for the next run."""
        return self.stopping and not self._crawler.settings.get("JOBDIR")

    def feed(self, batch: list[tuple[int, object]]) -> None:
        """Do nothing: a spider has its own input."""

    def taken(self, batch: list[int]) -> None:
        """Take in how many results the consumer took since the last time."""
        self._held -= sum(batch)
        if self._held < self._plan.lookahead:
            self._room.set()

    def keep_results(self) -> None:
        """Do nothing: results stay in memory."""

    def progress(self) -> Progress:
        """Return where the requests are that the downloader has or had; may be called from any thread."""
        downloader = self._downloader()
        return Progress() if downloader is None else downloader.gate.controller.progress()

    async def room(self) -> None:
        """Wait until the consumer has taken enough of the results, or the run is being ended."""
        while self._held >= self._plan.lookahead and not self.stopping:
            self._room.clear()
            await self._room.wait()

    async def stop(self, reason: str) -> None:
        """Close the spider; returns when nothing of its crawler is left.

        Transfers are ended, and their requests go back to the scheduler, as do those that wait; items on their way
        are processed to the end, and so are callbacks, but for generators, which yield no more. With ``JOBDIR``, these
        go on to their end, as they may yield requests, and the next run goes on from there.
        """
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop(reason))
        await asyncio.shield(self._stopping)

    def abandon(self) -> None:
        """End the run without waiting for it: nobody holds it any more."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop("The run was dropped before it ended."))

    async def _stop(self, reason: str) -> None:
        opened = asyncio.ensure_future(self.opened.wait())
        await asyncio.wait({opened, self._crawl}, return_when=asyncio.FIRST_COMPLETED)
        opened.cancel()
        if not self._crawl.done():
            self._reason = reason
            self._room.set()
            if (downloader := self._downloader()) is not None:
                downloader.abort()
            if self.cut_short:
                for reading in self.readers:
                    reading.cancel()
            with contextlib.suppress(RuntimeError):  # it has closed by itself
                await self._crawler.engine.close_spider_async(reason="shutdown")
        await asyncio.wait({self._crawl})

    async def _run(self) -> None:
        try:
            await self._crawler.crawl_async(*self._plan.args, **self._plan.kwargs)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary of a run: the consumer gets the error
            self._error = EngineError(f"The spider could not start: {describe(error)}")
            self._error.__cause__ = error
        self._engine.runs.discard(self)
        self._send(End(self._reason, None if self._reason else self._error))

    def _connect(self) -> None:
        connect = self._crawler.signals.connect
        connect(self._opened, signals.spider_opened)
        connect(self._scraped, signals.item_scraped)
        connect(self._spider_error, signals.spider_error)
        connect(self._closed, signals.spider_closed)

    def _opened(self) -> None:
        contain_callbacks(self._crawler.engine.scraper)

    async def _scraped(self, item: Any, response: Response | Failure | None) -> None:
        """Send *item* as a result when there is room for it; until then, the scraper waits, and with it the spider."""
        result = await self._result(item)
        # Items of other types seldom say where they are from.
        result.url = result.url or getattr(response, "url", "")
        await self.room()
        if not self.stopping:
            result.index = next(self._numbers)
            self._held += 1
            if not self._send(result):
                self.abandon()

    async def _result(self, item: Any) -> CrawlResult:
        """Return a result that is the run's own: the item belongs to the spider and its pipelines."""
        try:
            result = item.model_copy() if isinstance(item, CrawlResult) else CrawlResult.from_item(item)
            return await result.acomplete()
        except Exception as error:  # noqa: BLE001 - a user's item; the run has one result for each
            return CrawlResult.failed("", f"This item is no result: {describe(error)}")

    def _spider_error(self, failure: Failure, response: Response | None) -> None:
        if response is None:  # an error of a callback is in the log, and the spider goes on
            self._error = Crawl4Error(f"The spider's start() failed: {describe(failure.value or RuntimeError())}")
            self._error.__cause__ = failure.value

    def _closed(self, reason: str) -> None:
        if reason == "crawl4_no_permits":
            self._error = DispatcherError("The dispatcher permitted no further request, so the spider was closed.")

    def _downloader(self) -> DispatchDownloader | None:
        try:
            downloader = self._crawler.engine.downloader
        except RuntimeError:  # the engine is not there yet
            return None
        return downloader if isinstance(downloader, DispatchDownloader) else None
