"""Requests held back while memory permits none."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import signals

from .. import stats
from ..config.settings import Crawl4Settings
from ..dispatch.loading import make_dispatcher
from ..downloader import LOCAL_SCHEMES, DispatchDownloader
from ..gate import DispatchGate

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class MemoryThrottleMiddleware:
    """Holds every request before the other middlewares while the dispatcher permits nothing.

    With :class:`~scrapy_crawl4.DispatchDownloader` the scheduler is not asked for requests at such times; this holds
    what comes by another way: ``engine.download_async()``, robots.txt, media pipelines. With another ``DOWNLOADER`` it
    is what makes the dispatcher's memory thresholds count. A request that is held has no permit. One that is held for
    ``memory_wait_timeout`` seconds is ignored, with a sentence that says so.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._settings = Crawl4Settings.from_settings(crawler.settings)
        self._gate: DispatchGate | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make the middleware of *crawler*."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Return when the request may go on.

        :raises NoPermits: an ``IgnoreRequest``, when memory permitted nothing for ``memory_wait_timeout`` seconds.
        """
        gate = self._gate or self._find_gate()
        if gate.has_memory() or request.url.partition(":")[0] in LOCAL_SCHEMES:
            return
        if self._crawler.stats is not None:
            self._crawler.stats.inc_value(stats.HELD)
        logger.debug("Memory permits no request now: %s waits", request, extra={"spider": self._crawler.spider})
        await gate.memory_back()

    def _find_gate(self) -> DispatchGate:
        """Return the downloader's gate, or one of our own for a downloader that has none."""
        # The engine is not there yet when middlewares are made.
        downloader = self._crawler.engine.downloader
        if isinstance(downloader, DispatchDownloader):
            self._gate = downloader.gate
        else:
            dispatcher = make_dispatcher(self._crawler.settings)
            self._gate = DispatchGate(dispatcher, memory_limit_mb=self._settings.memory_limit_mb)
            self._crawler.signals.connect(self._close_own, signals.spider_closed)
        return self._gate

    def _close_own(self) -> None:
        if self._gate is not None:
            self._gate.close()
