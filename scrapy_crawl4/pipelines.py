"""Items on their way out: content work off the event loop, and items of other types made results."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from scrapy.utils.asyncio import run_in_thread
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import DeferredSemaphore

from . import stats
from .config.settings import Crawl4Settings
from .content import extract_page
from .results import CrawlResult

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from .results import PendingContent

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
        self._map_items = Crawl4Settings.from_settings(crawler.settings).map_items
        self._turns = DeferredSemaphore(CONTENT_THREADS)
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
        await maybe_deferred_to_future(self._turns.acquire())
        try:
            page = await run_in_thread(
                extract_page,
                pending.html,
                url=pending.url,
                config=pending.config,
                content_type=pending.content_type,
            )
        except Exception:  # noqa: BLE001 - one page must not end others; complete() logs it and makes the sentence
            result.complete()
        else:
            result.fill(page)
            self._counts.update(stats.stage_error_count(stage) for stage in page.stage_errors)
        finally:
            self._turns.release()
        self._counts[stats.CONTENT_PAGES] += 1

    def close_spider(self) -> None:
        """Write what was counted to the stats."""
        for name, count in self._counts.items():
            if self._crawler.stats is not None:
                self._crawler.stats.set_value(name, count)
