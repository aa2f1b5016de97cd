"""Items on their way out: content work off the event loop, and items of other types made results."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

from scrapy.utils.asyncio import is_asyncio_available, run_in_thread
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred, DeferredSemaphore

from . import stats
from .config.settings import Crawl4Settings
from .content import extract_page
from .content.llm_scope import ModelScope, asks_model
from .content.llm_session import ModelSession, WaitingThreads
from .content.markdown import with_converter
from .results import CrawlResult

if TYPE_CHECKING:
    from concurrent.futures import Future
    from typing import Self

    from scrapy.crawler import Crawler

    from .content import PageContent
    from .results import PendingContent

T = TypeVar("T")

CONTENT_THREADS = 1
"""Content work holds Python's lock: more threads would take turns with the event loop more often, and gain nothing."""


class CrawlResultPipeline:
    """Completes each :class:`~scrapy_crawl4.CrawlResult` in a thread, before the other pipelines see it.

    Other items pass untouched, unless ``CRAWL4_MAP_ITEMS`` is on: then each becomes a result by
    :meth:`CrawlResult.from_item`. The wait for content is what holds the crawl back: Scrapy processes at most
    ``CONCURRENT_ITEMS`` items of one response at a time and takes no further requests while the responses whose items
    are in process have more than ``SCRAPER_SLOT_MAX_ACTIVE_SIZE`` bytes.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        own = Crawl4Settings.from_settings(crawler.settings)
        self._map_items = own.map_items
        self._converter = own.markdown_converter
        self._turns = DeferredSemaphore(CONTENT_THREADS)
        self._turn = threading.Lock()
        self._models = ModelSession()
        self._waiting = WaitingThreads(own.llm_concurrency)
        self._counts: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make the pipeline of *crawler*."""
        return cls(crawler)

    async def process_item(self, item: Any) -> Any:
        """Return *item*, complete."""
        if not isinstance(item, CrawlResult):
            if not self._map_items:
                return item
            item = CrawlResult.from_item(item)
            self._counts[stats.RESULTS_MAPPED] += 1
        if item.pending is not None:
            await self._fill(item, item.pending)
        self._counts[stats.RESULTS_SUCCESS if item.success else stats.RESULTS_FAILED] += 1
        return item

    async def _fill(self, result: CrawlResult, pending: PendingContent) -> None:
        extract = self._extract_waiting if asks_model(pending.config) else self._extract
        try:
            page = await extract(pending)
        except Exception:  # noqa: BLE001 - one page must not end others; complete() logs it and makes the sentence
            result.complete()
        else:
            result.fill(page)
            self._counts.update(stats.stage_error_count(stage) for stage in page.stage_errors)
        self._counts[stats.CONTENT_PAGES] += 1

    async def _extract(self, pending: PendingContent) -> PageContent:
        """Do the content work on a page, one page at a time."""
        await maybe_deferred_to_future(self._turns.acquire())
        try:
            return await run_in_thread(self._in_turn, pending)
        finally:
            self._turns.release()

    async def _extract_waiting(self, pending: PendingContent) -> PageContent:
        """Do the content work on a page that asks models; while it waits for them, others are worked on."""
        scope = ModelScope(self._models, self._turn.release, lambda: _acquire(self._turn))

        def work() -> PageContent:
            with scope.entered():
                return self._in_turn(pending)

        try:
            return await _done(self._waiting.submit(work))
        finally:
            scope.cancel()

    def _in_turn(self, pending: PendingContent) -> PageContent:
        with self._turn:
            return extract_page(
                pending.html,
                url=pending.url,
                config=with_converter(pending.config, self._converter),
                content_type=pending.content_type,
            )

    def close_spider(self) -> None:
        """Write what was counted to the stats, and close the connections to models."""
        self._models.close()
        for name, count in self._counts.items():
            if self._crawler.stats is not None:
                self._crawler.stats.set_value(name, count)


def _acquire(turn: threading.Lock) -> None:
    turn.acquire()


async def _done(job: Future[T]) -> T:
    """Wait for *job*, which a thread does, on whatever loop this is."""
    if is_asyncio_available():
        return await asyncio.wrap_future(job)
    from twisted.internet import reactor

    deferred: Deferred[None] = Deferred()
    job.add_done_callback(lambda _: reactor.callFromThread(deferred.callback, None))
    await maybe_deferred_to_future(deferred)
    return job.result()
