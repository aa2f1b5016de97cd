"""The crawl of ``scrapy crawl4``: run, results to outputs, progress to a monitor, Ctrl-C."""

from __future__ import annotations

import asyncio
import math
import signal
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING

from .ordered import Ordered

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from ..dispatch import Progress
    from ..facade import CrawlRun
    from ..monitor import MonitorView
    from ..results import CrawlResult
    from .plan import Plan

PROGRESS_INTERVAL_SECS = 0.2
"""Seconds between two looks at the progress of the run."""

AFTER_INTERRUPT_SECS = 0.5
"""How long results that had finished are still taken after Ctrl-C."""


@dataclass(slots=True)
class Outcome:
    """What a crawl came to."""

    done: int = 0
    failed: int = 0
    interrupted: bool = False

    @property
    def exitcode(self) -> int:
        """130 after Ctrl-C, 1 if every page failed, else 0 (also for no pages at all)."""
        if self.interrupted:
            return 128 + signal.SIGINT
        return int(self.done > 0 and self.failed == self.done)


class Crawl:
    """One crawl.

    :param plan: how to crawl.
    :param urls: the URLs, read as they are needed.
    :param write: takes each result.
    :param view: is told how the crawl goes on, and not closed.
    :param ordered: True writes results in the order of the URLs, False as their pages finish.
    :param job: folder that the crawl outlives its process in; None for a crawl that does not.
    """

    def __init__(
        self,
        plan: Plan,
        urls: AsyncIterator[str],
        write: Callable[[CrawlResult], None],
        view: MonitorView,
        *,
        ordered: bool,
        job: str | None = None,
    ) -> None:
        self.outcome = Outcome()
        self._ordered = Ordered() if ordered else None
        self._urls = self._ordered.admit(urls) if self._ordered else urls
        self._plan = plan
        self._job = job
        self._write = write
        self._view = view

    async def run(self) -> None:
        """Crawl until the URLs end, SIGINT comes or something breaks; what has finished by then is written.

        With a job it is in its folder; where results are written in order, those behind a gap wait there.

        :raises OSError: when the URLs cannot be read or a result cannot be written.
        :raises Crawl4Error: when the crawler cannot start, or ends before its time.
        """
        plan = self._plan
        async with plan.crawler as crawler, _interruption() as interrupted:
            run = crawler.arun_many(self._urls, plan.config, plan.dispatcher, lookahead=plan.lookahead, job=self._job)
            try:
                async with aclosing(run), self._watched(run), aclosing(_until(interrupted, run)) as results:
                    async for result in results:
                        self._take(result)
            finally:
                self.outcome.interrupted = interrupted.is_set()
                for result in self._ordered.rest() if self._ordered and self._job is None else ():
                    self._write(result)

    def _take(self, result: CrawlResult) -> None:
        self._note(result)
        for ready in self._ordered.ready(result) if self._ordered else [result]:
            self._write(ready)

    def _note(self, result: CrawlResult) -> None:
        self.outcome.done += 1
        self.outcome.failed += not result.success
        status = "ok" if result.success else str(result.status_code or "failed")
        dispatch = result.dispatch_result
        seconds = dispatch.end_time - dispatch.start_time if dispatch else 0.0
        self._view.task_finished(
            result.url, status, seconds, "" if result.success else result.error_message or "failed"
        )

    @asynccontextmanager
    async def _watched(self, run: CrawlRun) -> AsyncIterator[None]:
        """Tell the view how *run* goes on, while the block runs and at its end."""
        watch = asyncio.create_task(self._watch(run))
        try:
            yield
        finally:
            watch.cancel()
            self._view.update(self._progress(run))

    async def _watch(self, run: CrawlRun) -> None:
        while True:
            self._view.update(self._progress(run))
            await asyncio.sleep(PROGRESS_INTERVAL_SECS)

    def _progress(self, run: CrawlRun) -> Progress:
        """Where *run* is; lines that are no URLs count as failed tasks here, though they never were tasks of it."""
        progress, outcome = run.progress, self.outcome
        return replace(progress, done=max(progress.done, outcome.done), failed=max(progress.failed, outcome.failed))


@asynccontextmanager
async def _interruption() -> AsyncIterator[asyncio.Event]:
    """Give an event that the first SIGINT sets; the second one does what it always did."""
    loop = asyncio.get_running_loop()
    interrupted = asyncio.Event()

    def interrupt() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        interrupted.set()

    loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        yield interrupted
    finally:
        loop.remove_signal_handler(signal.SIGINT)


async def _until(interrupted: asyncio.Event, run: CrawlRun) -> AsyncGenerator[CrawlResult, None]:
    """Yield the results of *run* until *interrupted* is set, and after it those that are there already."""
    waiting = asyncio.create_task(interrupted.wait())
    results = aiter(run)
    coming = asyncio.create_task(_next(results))
    deadline = math.inf
    try:
        while (left := deadline - monotonic()) > 0:
            pending = {coming} if waiting.done() else {coming, waiting}
            timeout = left if waiting.done() else None
            await asyncio.wait(pending, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                deadline = min(deadline, monotonic() + AFTER_INTERRUPT_SECS)
            if coming.done():
                if (result := coming.result()) is None:
                    break
                coming = asyncio.create_task(_next(results))
                yield result
    finally:
        waiting.cancel()
        coming.cancel()
        await asyncio.gather(waiting, coming, return_exceptions=True)


async def _next(results: AsyncIterator[CrawlResult]) -> CrawlResult | None:
    return await anext(results, None)
