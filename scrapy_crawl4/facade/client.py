"""The caller's half of a run: reads the input as far ahead as allowed, takes the results as they come."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..dispatch import Progress
from ..exceptions import Crawl4Error, CrawlCancelled, EngineError, JobError
from ..finish import close_source, is_cancelled
from .job_thread import Broken, JobThread, Stored
from .lane import Lane
from .plan import END_OF_INPUT, End, SpiderPlan
from .spider_run import SpiderRun

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from ..results import CrawlResult
    from .engine import Engine, RunOfUrls
    from .job_thread import Sent
    from .plan import Plan

LONGEST_READ = 0.005
"""Seconds that reading from a plain iterable may keep the caller's loop before others get a turn."""
TELL_AFTER = 8
"""Results taken before the engine is told, unless none is left."""
STORED_AHEAD = 64
"""Results of an earlier run that are read before they are taken."""


class RunClient:
    """Everything of a run that belongs to the caller's event loop.

    :param open_engine: opens the crawler's engine.
    :param plan: what to do.
    :param source: the input.
    :param lookahead: elements that may be read before the result of an earlier one was taken.
    :param job: folder that the run outlives the process in; None for a run that does not.
    """

    def __init__(
        self,
        open_engine: Callable[[], Awaitable[Engine]],
        plan: Plan | SpiderPlan,
        source: Iterable[object] | AsyncIterable[object],
        lookahead: int,
        job: Path | None = None,
    ) -> None:
        self.read = 0
        """Elements read."""
        self.taken = 0
        """Results taken."""
        self.runner: RunOfUrls | SpiderRun | None = None
        self.ended = False
        self._open_engine = open_engine
        self._plan = plan
        self._source = source
        self._reading: object = source
        self._lookahead = lookahead
        self._engine: Engine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting: asyncio.Task[None] | None = None
        self._feeder: asyncio.Task[None] | None = None
        self._results: deque[CrawlResult | Stored] = deque()
        self._job = None if job is None else JobThread(job, plan, self._arrive, self._mind_memory)
        self._stored = 0
        """Results of an earlier run that are under way."""
        self._arrival = asyncio.Event()
        self._room = asyncio.Event()
        self._end_reason = ""
        self._source_error: BaseException | None = None
        self._untold = 0
        self._abandoned = False
        self._closed = False

    @property
    def progress(self) -> Progress:
        """Where the run is; a snapshot."""
        progress = Progress() if self.runner is None else self.runner.progress()
        return progress if self._job is None else self._job.progress(progress)

    @property
    def started(self) -> bool:
        """Whether anything of the run exists."""
        return self._starting is not None

    def take_together(self) -> None:
        """Say that nobody looks at a result before all are there; only means something before the start."""
        self._plan = replace(self._plan, batch=True)

    def take_one_by_one(self) -> None:
        """Say that results are looked at as they come."""
        if self._plan.batch:
            self._plan = replace(self._plan, batch=False)
            if self.runner is not None:
                self.runner.keep_results()

    async def start(self) -> None:
        """Open the engine and begin to read; once, however often it is called."""
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._start())
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        if not isinstance(self._plan, SpiderPlan):
            self._plan = replace(self._plan, caller=self._loop)
        self._lane: Lane[Sent] = Lane(self._loop, self._receive)
        if self._job is not None:
            await self._job.open()
        try:
            await self._begin()
        except BaseException:
            if self._job is not None and self.runner is None:
                await self._job.close()
            raise

    async def _begin(self) -> None:
        self._engine = engine = await self._open_engine()
        self.runner = await engine.home.run(self._make_runner(engine))
        self._elements: Lane[tuple[int, object]] = Lane(engine.home.loop, self.runner.feed)
        self._credits: Lane[int] = Lane(engine.home.loop, self.runner.taken)
        self._feeder = asyncio.ensure_future(self._feed())
        if self._abandoned:
            self.abandon()

    async def _make_runner(self, engine: Engine) -> RunOfUrls | SpiderRun:
        if not engine.closed and engine.has_sessions and self._plan.makes_content:
            await engine.threads.get_ready()
        if engine.closed:
            raise EngineError("The crawler was closed before this run started.")
        # Here already, since whoever waits for it may be cancelled before it crosses.
        if isinstance(self._plan, SpiderPlan):
            self.runner = SpiderRun(engine, self._plan, self._arrive)
        elif self._job is None:
            self.runner = engine.make_run(self._plan, self._arrive)
        else:
            engine.jobs.add(self._job)
            self.runner = engine.make_run(replace(self._plan, account=self._job.account), self._job.put)
        return self.runner

    async def next(self) -> CrawlResult | None:
        """Return the next result in completion order; None behind the last.

        :raises CrawlCancelled: when the run was ended early by somebody else.
        :raises Exception: what the input iterable raised, behind the results of the elements before.
        """
        await self.start()
        while not self._results:
            if self.ended:
                self._raise_early_end()
                return None
            self._arrival.clear()
            await self._arrival.wait()
        return self._take()

    async def close(self) -> None:
        """End the run; returns when nothing of it is left, on either loop."""
        self._closed = True
        if self._starting is None:
            self.ended = True
            return
        with contextlib.suppress(Exception):  # a start that failed left nothing to close
            await asyncio.shield(self._starting)
        if self._feeder is not None:
            self._feeder.cancel()
            await asyncio.wait({self._feeder})
        if self.runner is not None and self._engine is not None:
            with contextlib.suppress(EngineError):  # the engine's loop has ended, and the run with it
                await self._engine.home.run(self.runner.stop("The run was closed before it ended."))
            if self._job is not None:
                await self._job.close()
        self.ended = True
        self._results.clear()

    def abandon(self) -> None:
        """Tell both loops to end the run and return at once; for a run that nobody holds any more."""
        self._abandoned = True
        for loop, stop in ((self._loop, self._cancel_feeder), (self._engine_loop, self._stop_runner)):
            if loop is not None:
                with contextlib.suppress(RuntimeError):  # the loop is closed: nothing of the run can be on it
                    loop.call_soon_threadsafe(stop)
        if self._job is not None and self.runner is None:
            self._job.abandon()

    @property
    def _engine_loop(self) -> asyncio.AbstractEventLoop | None:
        return None if self._engine is None else self._engine.home.loop

    def _cancel_feeder(self) -> None:
        if self._feeder is not None:
            self._feeder.cancel()

    def _stop_runner(self) -> None:
        if self.runner is not None and not self.ended:
            self.runner.abandon()

    def _take(self) -> CrawlResult:
        item = self._results.popleft()
        self.taken += 1
        if isinstance(item, Stored):  # the engine knows nothing of it
            self._stored -= 1
        else:
            self._untold += 1
        if self._untold >= TELL_AFTER or (self._untold and not self._results):
            self._credits.put(self._untold)
            self._untold = 0
        self._room.set()
        return item.result if isinstance(item, Stored) else item

    def _arrive(self, item: Sent) -> bool:
        return self._lane.put(item)

    def _mind_memory(self, result: CrawlResult) -> None:
        """Let *result*, of an earlier run, leave memory where others do; on the job's thread."""
        spilling = None if self.runner is None else self.runner.spilling
        if spilling is not None:
            spilling.add(result)
            spilling.look()

    def _receive(self, batch: list[Sent]) -> None:
        for item in batch:
            if isinstance(item, End):
                self.ended = True
                self._end_reason = item.reason
                self._source_error = self._source_error or item.error
                self._cancel_feeder()
            elif isinstance(item, Broken):
                self._break(item.error)
            else:
                self._results.append(item)
        self._arrival.set()

    def _break(self, error: JobError) -> None:
        """End the run with *error*, which whoever takes its results gets."""
        self._source_error = error
        if self._engine_loop is not None:
            with contextlib.suppress(RuntimeError):  # the engine has ended, and the run with it
                self._engine_loop.call_soon_threadsafe(self._stop_runner)

    def _raise_early_end(self) -> None:
        if self._closed:
            return
        if self._source_error is not None:
            raise self._source_error
        if self._end_reason:
            raise CrawlCancelled(self._end_reason)

    async def _feed(self) -> None:
        try:
            await self._read_all()
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            self._source_error = Crawl4Error("The input was cancelled from inside before its end.")
        except JobError as error:
            self._break(error)
        except Exception as error:  # noqa: BLE001 - the input is a user's code; the consumer gets the error
            self._source_error = error
        finally:
            await close_source(self._reading)
            self._elements.put((self.read, END_OF_INPUT))

    async def _read_all(self) -> None:
        if isinstance(self._source, AsyncIterable):
            self._reading = elements = aiter(self._source)
            # An input may swallow the cancellation that ends its reading.
            while not is_cancelled() and (element := await anext(elements, END_OF_INPUT)) is not END_OF_INPUT:
                await self._put(element)
            await self._read_to_end()
            return
        self._reading = items = iter(self._source)
        turn_ends = time.monotonic() + LONGEST_READ
        for element in items:
            await self._put(element)
            if time.monotonic() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = time.monotonic() + LONGEST_READ
        await self._read_to_end()

    async def _read_to_end(self) -> None:
        if self._job is not None and not is_cancelled():
            await self._job.read_to_end()

    async def _put(self, element: object) -> None:
        if self._job is not None and self._job.read(element):
            self._stored += 1
        else:
            self._elements.put((self.read, element))
        self.read += 1
        while self.read - self.taken >= self._lookahead or self._stored >= STORED_AHEAD:
            self._room.clear()
            await self._room.wait()
