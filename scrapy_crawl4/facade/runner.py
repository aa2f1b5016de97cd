"""The engine's half of a run: sessions, from a task to its result."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from ..dispatch import BROWSER, DispatchController, DispatchDriver, MemoryProbe
from .auto import AutoRender
from .content_work import ContentWork
from .crawl import SessionCrawl
from .first_visits import FirstVisits
from .intake import place_of, work_of
from .items import ItemWork
from .outcome import crawl_stats, dispatch_result, failed_before_start, result_of
from .plan import END_OF_INPUT, End
from .sidelines import Sidelines
from .spilling import Spilling
from .tasks import Work
from .watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..dispatch import Job, Progress, Session
    from ..results import CrawlResult
    from .engine import Engine
    from .plan import Plan

    Attempt = asyncio.Task[CrawlResult | None]


LONGEST_TURN = 0.005
"""Seconds that checking elements may keep the engine's loop before others get a turn."""


class Runner:
    """Starts tasks as its controller allows, and sends each one's result; lives on the engine's loop.

    :param engine: an open engine.
    :param plan: what to do.
    :param send: takes every result, and an :class:`End` behind the last; False when nobody is left who could.
    """

    def __init__(self, engine: Engine, plan: Plan, send: Callable[[CrawlResult | End], bool]) -> None:
        self.engine = engine
        self.plan = plan
        self._visits = FirstVisits(engine.host_limits)
        self.controller: DispatchController[Work] = DispatchController(
            plan.dispatcher, buffer=plan.dispatcher.max_session_permit, host_limits=self._visits.limits
        )
        self.auto = AutoRender(plan)
        self.work = ContentWork(engine.threads, self.controller)
        """Content work, which is done on other threads."""
        self._items = ItemWork(engine.items, self._deliver, self._maybe_end)
        # One result cannot outgrow what made it.
        self.spilling = (
            Spilling(plan.dispatcher, plan.memory_limit_mb, self._needed_mb) if plan.batch and plan.total != 1 else None
        )
        """Moves results out of memory; None where they are taken as they come."""
        self._send = send
        self._tasks: dict[int, Attempt] = {}
        self._shedding: set[int] = set()
        self._incoming: deque[tuple[int, object]] = deque()
        self._never_started = 0
        self._input_ended = False
        self._expired = ""
        self._ended = False
        self._stopping: asyncio.Task[None] | None = None
        self.driver = DispatchDriver(
            self.controller,
            start=self._start,
            shed=self._shed,
            expire=self._expire,
            call_later=engine.home.loop.call_later,
            probe=MemoryProbe(plan.memory_limit_mb, root=plan.root),
        )
        self._sidelines = Sidelines(engine.home.loop.call_later, self._dispatch, self._resume)
        self._watch = Watch(plan.dispatcher.monitor, self.progress, plan.total)
        self.driver.on_tick = self._ticked
        engine.runs.add(self)

    def feed(self, batch: list[tuple[int, object]]) -> None:
        """Take elements with their index, and :data:`END_OF_INPUT` behind the last."""
        # A url_matcher may be slow, and other runs share this loop.
        begin = not self._incoming
        self._incoming.extend(batch)
        if begin:
            self._take_in()

    def _take_in(self) -> None:
        turn_ends = time.monotonic() + LONGEST_TURN
        while self._incoming:
            if self._ended or self._stopping is not None:
                return
            index, element = self._incoming[0]
            if element is END_OF_INPUT:
                self._input_ended = True
            else:
                self._add(index, element)
            # Behind the work on it, so that nothing that is fed meanwhile begins a turn of its own.
            self._incoming.popleft()
            if time.monotonic() > turn_ends:
                self.engine.home.loop.call_soon(self._take_in)
                break
        self.driver.pump()
        self._maybe_end()

    def taken(self, batch: list[int]) -> None:
        """Take in how many results the consumer took since the last time."""
        self.controller.hold(-sum(batch))
        self.driver.pump()

    def slow_down(self, host: str, seconds: float) -> None:
        """Keep the pace that robots.txt of *host* asks for, 0 for none; others may start there from now on."""
        self._visits.learn(host)
        self.controller.slow_down(host, seconds)
        self.driver.pump()

    def progress(self) -> Progress:
        """Return where the run is; may be called from any thread."""
        progress = self.controller.progress()
        never, aside, dropped = self._never_started, len(self._sidelines), self._items.failed
        failed, waiting = progress.failed + never + dropped, progress.waiting + aside
        return self.plan.account(replace(progress, done=progress.done + never, failed=failed, waiting=waiting))

    def keep_results(self) -> None:
        """Move no more results out of memory: somebody takes them as they come."""
        if self.spilling is not None:
            self.spilling.close()
            self.spilling = None

    def _needed_mb(self) -> float:
        """Return the memory that pages in flight and the next one are still going to need."""
        load = self.controller.load()
        return load.reserved_mb + load.session_mb

    def _expected_percent(self) -> float | None:
        memory = self.controller.memory
        return None if memory is None else 100 * (memory.used_mb + self._needed_mb()) / memory.limit_mb

    def _ticked(self) -> None:
        self._watch.tick()
        if self.controller.is_tight:
            self.engine.browser.trim(keep=1)
        spilling = self.spilling
        if spilling is None or self._ended or not spilling.notice(self._expected_percent()):
            return
        self.work.relieve(spilling)

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
        self.driver.close()
        self._sidelines.drain()
        self.controller.drain()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self.work.busy:
            await self.work.ended()
        await self._items.ended()
        self._end(reason)

    def _add(self, index: int, element: object) -> None:
        work = work_of(index, element, self.plan)
        if not isinstance(work, Work):
            self._refuse(work)
        elif self._expired:
            self._refuse(failed_before_start(index, work.url, self._expired))
        elif self._sidelines.enter(work):
            self._dispatch(work)

    def _dispatch(self, work: Work) -> None:
        self.auto.route(work)
        self.controller.add(work, *place_of(work, self.plan, self.engine))

    def _resume(self, job: Job[Work]) -> None:
        self.controller.put_back(job)
        self.driver.pump()

    def _refuse(self, result: CrawlResult) -> None:
        self._never_started += 1
        self._emit(result)

    def _start(self, session: Session[Work]) -> None:
        self._visits.begin(session)
        if session.job.kind == BROWSER and self.controller.is_tight:
            self.engine.browser.trim(keep=1)
        crawl = SessionCrawl(self, session)
        task = asyncio.ensure_future(crawl.run())
        self._tasks[session.number] = task
        # A task that is cancelled before its first step runs nothing of its own, so its end is seen from here.
        task.add_done_callback(lambda task: self._session_ended(session, crawl, task))

    def _session_ended(
        self, session: Session[Work], crawl: SessionCrawl, task: asyncio.Task[CrawlResult | None]
    ) -> None:
        del self._tasks[session.number]
        self._visits.end(session)
        taken_back = session.number in self._shedding or crawl.starved
        self._shedding.discard(session.number)
        if self._stopping is not None and task.cancelled():
            return
        result = result_of(task, session)
        if result is None and (crawl.left_cache or crawl.moved):
            self._place_again(session, left_cache=crawl.left_cache)
        elif taken_back and (result is None or not result.success) and not session.job.refusal:
            session.task.renew()
            self.controller.requeue(session, shed=True)
        elif result is None:
            self._try_again(session, crawl.delay)
        else:
            self.controller.release(session, failed=not result.success, bytes_received=crawl.bytes_received)
            record, stats = dispatch_result(session, result, crawl.bytes_received), crawl_stats(session, result)
            result._note(index=session.task.index, dispatch_result=record, crawl_stats=stats)
            self._emit(result, verbose=session.task.config.verbose)
            self._sidelines.leave(session.task)
        self.driver.pump()
        self._maybe_end()

    def _place_again(self, session: Session[Work], *, left_cache: bool) -> None:
        """Let the task of *session* wait in another line, or for what another kind of session needs."""
        job, work = self.controller.withdraw(session, tried=False), session.task
        job.host, job.kind = place_of(work, self.plan, self.engine, may_be_cached=not left_cache)
        job.size = None
        self.controller.put_back(job)

    def _try_again(self, session: Session[Work], delay: float) -> None:
        if delay:
            self._sidelines.delay(self.controller.withdraw(session), delay)
        else:  # dispatch knows how much patience the host asks for
            self.controller.requeue(session)

    def _shed(self, session: Session[Work]) -> None:
        if session.number not in self._shedding:
            self._shedding.add(session.number)
            self.engine.browser.trim()
            self._tasks[session.number].cancel()

    def _expire(self, reason: str) -> None:
        """Fail what waits, and whatever comes later; what runs goes on."""
        self._expired = reason
        never, delayed = self._sidelines.drain()
        for job in (*delayed, *self.controller.drain()):
            work = job.task
            self._refuse(failed_before_start(work.index, work.url, reason, job=job))
        for work in never:
            self._refuse(failed_before_start(work.index, work.url, reason))
        self._maybe_end()

    def _emit(self, result: CrawlResult, *, verbose: bool = False) -> None:
        self.controller.hold(1)
        self._items.take(result, verbose=verbose)

    def _deliver(self, result: CrawlResult, verbose: bool) -> None:
        self._watch.finished(result, verbose=verbose)
        if self.spilling is not None:
            self.spilling.add(result)
        if not self._send(result):
            self.abandon()

    @property
    def _busy(self) -> bool:
        return self.controller.busy or bool(self._tasks) or len(self._sidelines) > 0 or self._items.busy

    def _maybe_end(self) -> None:
        if not self._input_ended or self._busy or self._stopping is not None:
            return
        if self.work.busy:
            # A session that ran out of time left its content work behind; the run ends with it.
            self._stopping = asyncio.ensure_future(self._stop(""))
        else:
            self._end("")

    def _end(self, reason: str) -> None:
        if not self._ended:
            self._ended = True
            self.driver.close()
            self._sidelines.drain()  # a session that met a fault while the run was stopped
            if self.spilling is not None:
                self._watch.add(self.spilling.counts)
            self.keep_results()
            self._watch.close()
            self._watch.write(self.controller, self.engine.crawler.stats)
            self.engine.runs.discard(self)
            self._send(End(reason))
