"""Items on their way out: content work off the event loop, and items of other types made results."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

from scrapy.utils.asyncio import is_asyncio_available
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred

from . import stats
from .config.settings import Crawl4Settings
from .content.llm_scope import ModelScope, asks_model
from .content.llm_session import ModelSession, WaitingThreads
from .content.markdown import with_converter
from .results import CrawlResult
from .workers.job import Job
from .workers.pool import ContentPool

if TYPE_CHECKING:
    import threading
    from concurrent.futures import Future
    from typing import Self

    from scrapy.crawler import Crawler

    from .config import CrawlerRunConfig
    from .content import PageContent
    from .pending_content import PendingContent

T = TypeVar("T")


class Turn:
    """One page's turn; it notes whether it was taken: a page that another thread has made needs none."""

    def __init__(self, lock: threading.Lock) -> None:
        self.taken = False
        self._lock = lock

    def __enter__(self) -> None:
        self._lock.acquire()
        self.taken = True

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class ItemJob(Job["PageContent"]):
    """Makes the content of an item.

    :param pending: what is to be worked on.
    :param config: what is wanted of it.
    :param turn: taken for the work in this process.
    """

    def __init__(self, pending: PendingContent, config: CrawlerRunConfig, turn: Turn) -> None:
        super().__init__(config)
        self._page = pending
        self._turn = turn

    def begin(self) -> PendingContent:
        """Return the page."""
        return self._page

    def end(self) -> PageContent:
        """Return its content, which is made in turn unless it has been."""
        return self._page.extract(self.config, self._turn)

    @property
    def was_made(self) -> bool:
        """Whether it was this job that had it made."""
        return self._turn.taken or self.elsewhere


class CrawlResultPipeline:
    """Completes each :class:`~scrapy_crawl4.CrawlResult` off the event loop, before the other pipelines see it.

    Other items pass untouched, unless ``CRAWL4_MAP_ITEMS`` is on: then each becomes a result by
    :meth:`CrawlResult.from_item`. What a callback has completed by ``await result.acomplete()`` is not worked on again.

    The wait for content is what holds the crawl back: Scrapy processes at most ``CONCURRENT_ITEMS`` items of one
    response at a time, takes at most twice as many more from its callback meanwhile, and starts no further requests
    while the responses whose items are in process have more than ``SCRAPER_SLOT_MAX_ACTIVE_SIZE`` bytes.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        own = Crawl4Settings.from_settings(crawler.settings)
        self._map_items = own.map_items
        self._converter = own.markdown_converter
        self._pool = ContentPool(own.content_workers)
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
            await item.complete_by(self.extract(item.pending))
        self._counts[stats.RESULTS_SUCCESS if item.success else stats.RESULTS_FAILED] += 1
        return item

    def prepared(self, config: CrawlerRunConfig) -> CrawlerRunConfig:
        """Return *config* with the markdown converter of the settings, where it does not name one."""
        return with_converter(config, self._converter)

    async def extract(self, pending: PendingContent) -> PageContent:
        """Do the content work on a page in its turn, in a thread or a worker process; raises what the stages raise."""
        job = ItemJob(pending, self.prepared(pending.config), Turn(self._pool.turn))
        try:
            page = await (self._waited(job) if asks_model(pending.config) else _done(self._pool.submit(job)))
        finally:
            self._counts[stats.CONTENT_PAGES] += job.was_made
        if job.was_made:
            self._counts.update(stats.stage_error_count(stage) for stage in page.stage_errors)
        return page

    async def _waited(self, job: ItemJob) -> PageContent:
        """Do the work on a page that asks models; while it waits for them, others are worked on."""
        turn = self._pool.turn
        scope = ModelScope(self._models, turn.release, lambda: _acquire(turn))

        def work() -> PageContent:
            with scope.entered():
                return job.end()

        try:
            return await _done(self._waiting.submit(work))
        finally:
            scope.cancel()

    def close_spider(self) -> None:
        """Write what was counted to the stats, end the workers and close the connections to models."""
        self._models.close()
        self._pool.close()
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
