"""The engine's half of a run: sessions, from a task to its result."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..dispatch import DispatchController, DispatchDriver, MemoryProbe
from ..errors import describe
from ..results import CrawlResult
from .crawl import SessionCrawl
from .outcome import dispatch_result
from .tasks import BadElement, Work, make_work
from .watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from ..config import CrawlerRunConfig, HTTPCrawlerConfig
    from ..dispatch import BaseDispatcher, Progress, Session
    from .engine import Engine


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does, fixed when it is made.

    configs: the first one that matches a URL is its config.
    dispatcher: the policy.
    http: method, headers and body of the requests.
    memory_limit_mb: a limit of our own; None takes the system's.
    total: elements of the input; None when that is not known before it is read.
    """

    configs: Sequence[CrawlerRunConfig]
    dispatcher: BaseDispatcher
    http: HTTPCrawlerConfig
    memory_limit_mb: float | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The last thing a run sends: nothing of it is left. *reason* is a sentence when it ended early."""

    reason: str = ""


logger = logging.getLogger(__name__)

END_OF_INPUT = object()
"""Stands behind the last element of the input."""


class Runner:
    """Starts tasks as its controller allows, and sends each one's result; lives on the engine's loop.

    :param engine: an open engine.
    :param plan: what to do.
    :param send: takes every result, and an :class:`End` behind the last.
    """

    def __init__(self, engine: Engine, plan: Plan, send: Callable[[CrawlResult | End], None]) -> None:
        self.engine = engine
        self.plan = plan
        self.controller: DispatchController[Work] = DispatchController(
            plan.dispatcher, buffer=plan.dispatcher.max_session_permit
        )
        self.jobs: set[Future[Any]] = set()
        """Content work under way on other threads."""
        self._send = send
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._shedding: set[int] = set()
        self._input_ended = False
        self._expired = ""
        self._ended = False
        self._stopping: asyncio.Task[None] | None = None
        self._driver = DispatchDriver(
            self.controller,
            start=self._start,
            shed=self._shed,
            expire=self._expire,
            call_later=engine.home.loop.call_later,
            probe=MemoryProbe(plan.memory_limit_mb),
        )
        self._watch = Watch(self.controller, plan.total)
        self._driver.on_tick = self._watch.tick
        engine.runs.add(self)

    def feed(self, batch: list[tuple[int, object]]) -> None:
        """Take elements with their index, and :data:`END_OF_INPUT` behind the last."""
        if self._ended or self._stopping is not None:
            return
        for index, element in batch:
            if element is END_OF_INPUT:
                self._input_ended = True
            else:
                self._add(index, element)
        self._driver.pump()
        self._maybe_end()

    def taken(self, batch: list[int]) -> None:
        """Take in how many results the consumer took since the last time."""
        self.controller.hold(-sum(batch))
        self._driver.pump()

    def progress(self) -> Progress:
        """Return where the run is; may be called from any thread."""
        return self.controller.progress()

    async def stop(self, reason: str) -> None:
        """End the run early; returns when all its fetches, timers and content work have ended."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop(reason))
        await asyncio.shield(self._stopping)

    def abandon(self) -> None:
        """End the run without waiting for it: nobody holds it any more."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop("The run was dropped before it ended."))

    async def _stop(self, reason: str) -> None:
        self._driver.close()
        self.controller.drain()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self.jobs:
            await asyncio.wait([asyncio.wrap_future(job) for job in list(self.jobs)])
        self._end(reason)

    def _add(self, index: int, element: object) -> None:
        try:
            work = make_work(index, element, self.plan.configs)
        except BadElement as bad:
            self._emit(CrawlResult.failed(bad.url, bad.message, index=index, metadata=bad.metadata))
        except Exception as error:  # noqa: BLE001 - a url_matcher is a user's code
            self._emit(CrawlResult.failed(str(element), f"url_matcher failed: {describe(error)}", index=index))
        else:
            if self._expired:
                self._emit(CrawlResult.failed(work.url, self._expired, index=index))
            else:
                self.controller.add(work, work.host)

    def _start(self, session: Session[Work]) -> None:
        task = asyncio.ensure_future(self._run_session(session))
        self._tasks[session.number] = task

    async def _run_session(self, session: Session[Work]) -> None:
        crawl = SessionCrawl(self, session)
        try:
            result = await crawl.run()
        except asyncio.CancelledError:
            self._put_back(session)
            raise
        except Exception as error:
            # Nothing above should let this happen, but a task without a result would keep the run from ending.
            logger.exception("A session ended without a result")
            result = CrawlResult.failed(session.task.url, f"Internal error: {type(error).__name__}.")
        finally:
            del self._tasks[session.number]
        if result is None:
            self.controller.requeue(session)
        else:
            self.controller.release(session, failed=not result.success, bytes_received=crawl.bytes_received)
            result.index = session.task.index
            result.dispatch_result = dispatch_result(session, result, crawl.bytes_received)
            self._emit(result, verbose=session.task.config.verbose)
        self._driver.pump()
        self._maybe_end()

    def _put_back(self, session: Session[Work]) -> None:
        if session.number in self._shedding and self._stopping is None:
            self._shedding.discard(session.number)
            self.controller.requeue(session, shed=True)
            self._driver.pump()

    def _shed(self, session: Session[Work]) -> None:
        if session.number not in self._shedding:
            self._shedding.add(session.number)
            self._tasks[session.number].cancel()

    def _expire(self, reason: str) -> None:
        """Fail what waits, and whatever comes later; what runs goes on."""
        self._expired = reason
        for job in self.controller.drain():
            self._emit(CrawlResult.failed(job.task.url, reason, index=job.task.index))
        self._maybe_end()

    def _emit(self, result: CrawlResult, *, verbose: bool = False) -> None:
        self._watch.finished(result, verbose=verbose)
        self.controller.hold(1)
        self._send(result)

    def _maybe_end(self) -> None:
        if self._input_ended and not self.controller.busy and not self._tasks and self._stopping is None:
            self._end("")

    def _end(self, reason: str) -> None:
        if not self._ended:
            self._ended = True
            self._driver.close()
            self._watch.close(self.engine.crawler.stats)
            self.engine.runs.discard(self)
            self._send(End(reason))
