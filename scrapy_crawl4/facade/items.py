"""Results of a run on their way through the item pipelines and feeds of its crawler."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydispatch.dispatcher import getAllReceivers  # type: ignore[import-untyped]  # it has no annotations
from scrapy import signals
from scrapy.exceptions import DropItem
from scrapy.extensions.corestats import CoreStats

from ..errors import describe
from ..results import CrawlResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.core.scraper import Scraper
    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure


@dataclass(slots=True)
class Outcome:
    """What became of one result: the item that came out, or the error that kept it from that."""

    item: Any = None
    error: BaseException | None = None


_OUTCOME: ContextVar[Outcome] = ContextVar("scrapy_crawl4_item_outcome")
"""That of the result which the current task, or the one that it was made by, takes through the pipelines."""


class ItemSteps:
    """Takes results through the pipelines, signals, log and stats of a crawler, as its scraper does with items.

    :param crawler: an open crawler.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        crawler.signals.connect(self._scraped, signals.item_scraped)
        crawler.signals.connect(self._dropped, signals.item_dropped)
        crawler.signals.connect(self._failed, signals.item_error)

    def are_there(self) -> bool:
        """Return whether anybody does anything with items: a pipeline, a feed or another extension."""
        if getattr(self._crawler.engine.scraper.itemproc, "methods", {"process_item": True}).get("process_item"):
            return True
        receivers = getAllReceivers(self._crawler, signals.item_scraped)
        owners = [getattr(receiver(), "__self__", receiver) for receiver in receivers]
        return any(not isinstance(owner, ItemSteps | CoreStats) for owner in owners)

    async def through(self, result: CrawlResult) -> CrawlResult:
        """Return what comes out for *result*; itself, as a failed one, where that is nothing. Its task does only this.

        Once the crawler has begun to close, pipelines get nothing any more.
        """
        scraper = self._crawler.engine.scraper
        slot = scraper.slot
        if slot is None or slot.closing is not None:
            return result
        outcome = Outcome()
        _OUTCOME.set(outcome)
        try:
            await scraper.start_itemproc_async(result, response=None)
        except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 - pipelines are a user's code
            outcome.error = error
        # The scraper itself looks only behind responses.
        _look_if_closing(scraper)
        return _result(result, outcome)

    def _scraped(self, item: Any) -> None:
        _OUTCOME.get(Outcome()).item = item

    def _dropped(self, exception: BaseException) -> None:
        _OUTCOME.get(Outcome()).error = exception

    def _failed(self, failure: Failure) -> None:
        _OUTCOME.get(Outcome()).error = failure.value


class ItemWork:
    """The results of one run that are in the pipelines.

    :param steps: those of the run's crawler.
    :param deliver: takes each result when it is through, and whether it is to be printed.
    :param done: called behind that.
    """

    def __init__(
        self, steps: ItemSteps, deliver: Callable[[CrawlResult, bool], None], done: Callable[[], None]
    ) -> None:
        self.failed = 0
        """Results that came with success and went without."""
        self._steps = steps
        self._deliver = deliver
        self._done = done
        self._wanted: bool | None = None
        self._tasks: set[asyncio.Task[CrawlResult]] = set()

    @property
    def busy(self) -> bool:
        """Whether any result is under way."""
        return bool(self._tasks)

    async def ended(self) -> None:
        """Wait for those that are under way: a pipeline may be in the middle of storing one."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def take(self, result: CrawlResult, *, verbose: bool) -> None:
        """Take *result* through the pipelines and deliver it; at once where there are none."""
        if self._wanted is None:  # by now every component of the crawler has started
            self._wanted = self._steps.are_there()
        if not self._wanted:
            self._deliver(result, verbose)
            return
        was_success = result.success
        task = asyncio.ensure_future(self._steps.through(result))
        self._tasks.add(task)

        def through(task: asyncio.Task[CrawlResult]) -> None:
            self._tasks.discard(task)
            final = task.result()
            self.failed += was_success and not final.success
            self._deliver(final, verbose)
            self._done()

        task.add_done_callback(through)


def _look_if_closing(scraper: Scraper) -> None:
    closing = None if scraper.slot is None else scraper.slot.closing
    if closing is not None and not closing.called:
        scraper._check_if_closing()


def _result(result: CrawlResult, outcome: Outcome) -> CrawlResult:
    error, item = outcome.error, outcome.item
    if isinstance(error, DropItem):
        return _without_success(result, f"Dropped by an item pipeline: {str(error).rstrip('. ') or 'no reason given'}.")
    if error is not None:
        return _without_success(result, f"An item pipeline failed: {describe(error)}")
    if not isinstance(item, CrawlResult) or item is result:
        # Items of other types are for feeds: a result made of one would know less of the page.
        return result
    item.complete()
    item.index = result.index
    item.dispatch_result = item.dispatch_result or result.dispatch_result
    return item


def _without_success(result: CrawlResult, sentence: str) -> CrawlResult:
    result.error_message = sentence if result.success else f"{(result.error_message or '').rstrip('.')}. {sentence}"
    result.success = False
    return result
