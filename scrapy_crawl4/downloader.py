"""Scrapy's downloader, with a dispatcher in place of fixed numbers."""

from __future__ import annotations

import logging
import time
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from scrapy import Request, signals
from scrapy.core.downloader import Downloader
from scrapy.pqueues import DownloaderAwarePriorityQueue
from scrapy.utils.asyncio import sleep
from scrapy.utils.defer import deferred_from_coro
from scrapy.utils.httpobj import urlparse_cached

from .browser.pages import PAGE, Pages
from .config.settings import Crawl4Settings
from .crawl_delay import crawl_delay
from .dispatch import BROWSER, HTTP, LOCAL, parse_retry_after
from .dispatch.loading import make_dispatcher
from .dispatch_stats import dispatch_stats
from .gate import DispatchGate, TurnedAway
from .listeners import has_listeners
from .meter import Meters, told_directly
from .middleware_chain import lean
from .slots import SemaphoreSlot, SlotLimits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy import Spider
    from scrapy.core.downloader import Slot
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser

    from .dispatch import Session
    from .meter import PageMeter
    from .turn import Turn

logger = logging.getLogger(__name__)

LOCAL_SCHEMES = frozenset({"data", "file"})
"""Schemes whose requests use no network and wait for nobody's pace."""


class DispatchDownloader(Downloader):
    """Scrapy's ``DOWNLOADER``, whose transfers start when the dispatcher of ``CRAWL4_DISPATCHER`` permits.

    A request that waits, for a permit, for memory or for its host, holds nothing and holds up no other host. The
    limits of a host are those of Scrapy: ``CONCURRENT_REQUESTS_PER_DOMAIN``, ``DOWNLOAD_DELAY`` with its jitter,
    ``DOWNLOAD_SLOTS``, the ``download_slot`` meta key and what AutoThrottle makes of the slot's delay. Where the rate
    limiter has a delay too, the longer one counts, and with ``CRAWL4_OBEY_CRAWL_DELAY`` that of robots.txt as well.

    :raises DispatcherError: when the dispatcher cannot be loaded.
    :raises ValueError: for a setting that is out of range.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.middleware = lean(self.middleware)
        own = Crawl4Settings.from_settings(crawler.settings)
        self.lookahead: int = own.lookahead
        """Requests that may wait here; more stay in the scheduler."""
        self.gate = DispatchGate(
            make_dispatcher(crawler.settings),
            host_limits=partial(SlotLimits, self.slots),
            memory_limit_mb=own.memory_limit_mb,
            on_starved=self._starved,
        )
        self.gate.on_tick = self._ticked
        self._turned_away: set[Request] = set()
        if own.obey_crawl_delay and crawler.settings.getbool("ROBOTSTXT_OBEY"):
            crawler.signals.connect(self._robots_parsed, signals.robots_parsed)

    def needs_backout(self) -> bool:
        """Return True while the engine should leave further requests in the scheduler.

        That is while no permit is free for one more start, while ``CRAWL4_LOOKAHEAD`` requests wait, and, where the
        scheduler shows the slots of its requests as Scrapy's default one does, while each of those slots has as many
        requests waiting as it may have in transfer.
        """
        controller = self.gate.controller
        if not self.gate.has_memory():
            # One is let in, so that it can be said how long nothing was permitted.
            return bool(self.active)
        if len(self.active) - controller.waiting >= self.gate.permits or controller.waiting >= self.lookahead:
            return True
        scheduled = self._scheduled_slots() if controller.waiting else ()
        return bool(scheduled) and not any(self._takes_more(key) for key in scheduled)

    async def download(self, request: Request, meter: PageMeter | None = None) -> Response:
        """Fetch *request* now, through the downloader middlewares, and return the response after all redirects.

        For callers that decide themselves when a request starts: it waits for no slot and no permit. Cancelling it
        ends the transfer. The engine's ``download_async()`` is the one for requests that should wait their turn.

        :param meter: told how large the page becomes; None where nobody minds.
        :raises PageTooLarge: when memory cannot hold the page even alone.
        """
        transfer = partial(self._transfer_now, meter)
        while True:
            self.active.add(request)
            try:
                result = await self.middleware.download_async(transfer, request)
            finally:
                self.active.discard(request)
            if not isinstance(result, Request):
                break
            request = result
        if result.request is None:
            result.request = request
        self._signal(signals.response_received, response=result, request=result.request)
        return result

    def abort(self) -> None:
        """End all transfers and start no more: their requests go back to the scheduler, for a job to go on with.

        For whoever closes the spider and will not wait for slow hosts. A request of ``engine.download_async()`` meets
        an ``IgnoreRequest``.
        """
        self.gate.abort()

    def close(self) -> None:
        """Stop all timers; called by the engine after the last request."""
        super().close()
        self.gate.close()
        self._turned_away.clear()
        self._write_stats()

    def _get_slot(self, request: Request, spider: Spider | None = None) -> tuple[str, Slot]:
        key = self.get_slot_key(request)
        if key not in self.slots:
            _, plain = super()._get_slot(request)
            self.slots[key] = SemaphoreSlot.like(plain, self._room)
        return key, self.slots[key]

    def _room(self) -> int:
        return self.gate.room

    # passed as download_func into self.middleware.download_async() in fetch()
    async def _enqueue_request(self, request: Request) -> Any:
        key, slot = self._get_slot(request)
        request.meta[self.DOWNLOAD_SLOT] = key
        host = LOCAL if urlparse_cached(request).scheme in LOCAL_SCHEMES else key
        slot.active.add(request)
        self._signal(signals.request_reached_downloader, request=request)
        transfer = partial(self._transfer_in_slot, slot, request)
        stays = request in self._turned_away
        try:
            async with self._turn(request):
                return await self.gate.run(host, transfer, stays=stays, kind=BROWSER if PAGE in request.meta else HTTP)
        except TurnedAway:
            if stays:
                raise
            return self._back_to_scheduler(request)
        finally:
            slot.active.discard(request)
            self._signal(signals.request_left_downloader, request=request)

    async def _transfer_in_slot(self, slot: Slot, request: Request, session: Session[Turn]) -> Response:
        slot.transferring.add(request)
        slot.lastseen = time.monotonic()
        status, retry_after = None, None
        try:
            meter = self.gate.meter(session)
            with self._measured(request, meter):
                response = await self._fetch(request, meter)
        except Exception:
            # Twice, so that what the poll found ready is handled before the next start, as Scrapy's downloader does.
            await sleep(0)
            await sleep(0)
            raise
        else:
            status, retry_after = response.status, response.headers.get(b"Retry-After")
            self._signal(signals.response_downloaded, response=response, request=request)
            return response
        finally:
            slot.transferring.discard(request)
            # Before the permit is free: the next start on this host must know of it.
            self.gate.controller.report(
                session.job.host,
                status,
                started_at=session.started_at,
                retry_after=parse_retry_after(retry_after, time.time()),
            )

    @cached_property
    def pages(self) -> Pages:
        """What shows pages in the browser; made on first use, so that without one nothing of it is there."""
        return Pages(self.crawler)

    async def _fetch(self, request: Request, meter: PageMeter | None) -> Response:
        """Return the response to *request* by the one that serves it: the browser, or the handler of its scheme."""
        if PAGE in request.meta:
            return await self.pages.fetch(request, meter)
        response: Response = await self.handlers.download_request_async(request)
        return response

    def _turn(self, request: Request) -> AbstractAsyncContextManager[None]:
        return self.pages.turn(request) if PAGE in request.meta else nullcontext()

    @cached_property
    def _meters(self) -> Meters:
        # Made on first use: without it, nobody is told of every piece that arrives.
        return Meters(self.crawler)

    def _measured(self, request: Request, meter: PageMeter | None) -> AbstractContextManager[None]:
        if meter is None:
            return nullcontext()
        handler = self.handlers._get_handler(urlparse_cached(request).scheme)
        if getattr(handler, "measures", False):
            return told_directly(meter)
        return self._meters.measured(request, meter)

    async def _transfer_now(self, meter: PageMeter | None, request: Request) -> Response:
        self._signal(signals.request_reached_downloader, request=request)
        try:
            with self._measured(request, meter):
                response = await self._fetch(request, meter)
            self._signal(signals.response_downloaded, response=response, request=request)
            return response
        finally:
            self._signal(signals.request_left_downloader, request=request)

    def _signal(self, signal: Any, **arguments: Any) -> None:
        if not has_listeners(self.crawler, signal):
            return
        self.signals.send_catch_log(signal=signal, spider=self.crawler.spider, **arguments)

    def _takes_more(self, key: str) -> bool:
        slot = self.slots.get(key)
        return not isinstance(slot, SemaphoreSlot) or slot.takes_more

    def _scheduled_slots(self) -> Iterable[str]:
        """Return the slots that the scheduler would take its next request from; nothing where it does not show them."""
        scheduler = self.crawler.engine.scheduler
        # The disk queue is asked only when the one in memory is empty.
        for queue in (getattr(scheduler, "mqs", None), getattr(scheduler, "dqs", None)):
            if isinstance(queue, DownloaderAwarePriorityQueue) and queue.pqueues:
                return queue.pqueues
        return ()

    def _back_to_scheduler(self, request: Request) -> Request:
        """Return a request in place of a response: the engine schedules it, so that a job can go on with it.

        Whoever awaits ``engine.download_async()`` sends it here again at once; then it waits its turn to the end.
        """
        again = request.replace(dont_filter=True)
        self._turned_away.add(again)
        return again

    def _ticked(self) -> None:
        self._write_stats()
        slot = self._engine_slot()
        if slot is None:
            return
        if slot.closing is not None:
            self.gate.turn_away()
        else:
            slot.nextcall.schedule()

    def _robots_parsed(self, robotparser: RobotParser, request: Request) -> None:
        """Keep the pace that a robots.txt asks for; it comes before the first page of its host."""
        settings = self.crawler.settings
        name = settings["ROBOTSTXT_USER_AGENT"] or request.headers.get(b"User-Agent", settings["USER_AGENT"])
        seconds = crawl_delay(robotparser, name or "")
        # Other requests of the host may have its own slot.
        for key in {self.get_slot_key(request), urlparse_cached(request).hostname or ""}:
            self.gate.controller.slow_down(key, seconds)

    def _engine_slot(self) -> Any:
        """Return the engine's own slot: the one place that says whether it closes, and that wakes it."""
        return getattr(self.crawler.engine, "_slot", None)

    def _write_stats(self) -> None:
        for name, value in dispatch_stats(self.gate.controller).items():
            if value and self.crawler.stats is not None:
                self.crawler.stats.set_value(name, value)

    def _starved(self, reason: str) -> None:
        logger.error("%s", reason, extra={"spider": self.crawler.spider})
        if self.crawler.spider is not None:
            deferred_from_coro(self.crawler.engine.close_spider_async(reason="crawl4_no_permits"))
