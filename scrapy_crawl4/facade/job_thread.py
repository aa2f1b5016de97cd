"""The thread on which a durable run writes its results, and reads those of earlier runs."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING

from ..exceptions import JobError
from ..job import Job
from ..results import CrawlResult
from .identity import digest_of, shown
from .plan import End

if TYPE_CHECKING:
    from ..dispatch import Progress
    from .plan import Plan, SpiderPlan

logger = logging.getLogger(__name__)

THREAD_NAME = "scrapy-crawl4-job"
TURN = 0.05
"""Seconds between two writes, so that results which come one after the other are written together, unless enough of
them have come before."""
MOST_TOGETHER = 256
"""Results that are written at once at most."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A result of an earlier run."""

    result: CrawlResult


@dataclass(frozen=True, slots=True)
class Broken:
    """The run cannot go on."""

    error: JobError


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The finished element at *index* is wanted."""

    index: int
    digest: bytes
    element: object


_Item = CrawlResult | _Wanted | Future[None]
Sent = CrawlResult | Stored | Broken | End
Sender = Callable[[Sent], bool]


def job_folder(value: object) -> Path | None:
    """Return the folder that *value*, a parameter, names.

    :raises TypeError: for what is no path.
    :raises ValueError: for an empty one.
    """
    if value is None:
        return None
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"job must be the path of a folder or None, got {type(value).__name__}.")
    path = os.fspath(value)
    if not isinstance(path, str) or not path:
        raise ValueError(f"job must be the path of a folder as text, got {path!r}.")
    # Absolute, since a program may change its folder before the run starts.
    return Path(path).absolute()


class JobThread:
    """Passes results on when they are in the job's folder, and not before.

    What has come since the last time is written together, so that a slow disk does not slow the run down.

    :param path: the folder.
    :param plan: of the run.
    :param send: takes what passes, and an :class:`End` when the folder is free again; False when nobody is left who
        could.
    :param loaded: is told of each result of an earlier run, on this thread.
    """

    def __init__(
        self, path: Path, plan: Plan | SpiderPlan, send: Sender, loaded: Callable[[CrawlResult], None]
    ) -> None:
        self._path = path
        self._total = plan.total
        # As many as may wait to be taken before permits are held back.
        self._together = 1 if plan.dispatcher is None else plan.dispatcher.max_session_permit
        self._due = Event()
        self._send = send
        self._loaded = loaded
        self._items: SimpleQueue[_Item | End] = SimpleQueue()
        self._opened: Future[Job] = Future()
        self._over: Future[None] = Future()
        self._count = 0
        self._is_broken = False
        self._is_heard = True
        self._written = self._written_failed = 0
        self._stored = self._stored_failed = 0

    async def open(self) -> None:
        """Lock and read the folder.

        :raises JobError: when it cannot be used, or the input has another length than that it began with.
        """
        # A daemon, since a program that ends without closing a run must not wait for it.
        Thread(target=self._run, name=THREAD_NAME, daemon=True).start()
        await asyncio.shield(asyncio.wrap_future(self._opened))

    def read(self, element: object) -> bool:
        """Take in the next *element* of the input; True if its result is there, and will come.

        :raises JobError: when it is not what it was.
        """
        digest, index = digest_of(element), self._count
        self._count += 1
        is_finished = self._opened.result().read(digest, partial(shown, element))
        if is_finished:
            self._put(_Wanted(index, digest, element))
        return is_finished

    async def read_to_end(self) -> None:
        """Take in that the input has no more elements; returns when all results of earlier runs have come.

        :raises JobError: when it had more.
        """
        self._opened.result().read_to_end()
        come: Future[None] = Future()
        self._put(come)
        await asyncio.wrap_future(come)

    def put(self, item: CrawlResult | End) -> bool:
        """Take a result of the engine, or the end of the run behind the last; thread-safe.

        Returns False when nobody is left who waits for it; it is written all the same.
        """
        self._put(item)
        return self._is_heard and not self._is_broken

    async def close(self) -> None:
        """Return when all that was put is written and the folder is free; for a run that puts nothing any more."""
        self._put(End())
        await asyncio.shield(asyncio.wrap_future(self._over))

    def abandon(self) -> None:
        """Begin to close and return at once."""
        self._put(End())

    def _put(self, item: _Item | End) -> None:
        self._items.put(item)
        if not isinstance(item, CrawlResult) or self._items.qsize() >= self._together:
            self._due.set()

    def account(self, progress: Progress) -> Progress:
        """Return *progress* of the engine with what came from earlier runs."""
        return replace(progress, done=progress.done + self._stored, failed=progress.failed + self._stored_failed)

    def progress(self, progress: Progress) -> Progress:
        """Return where the run is, given what :meth:`account` returned: what is not written yet is not done."""
        done, failed = self._written + self._stored, self._written_failed + self._stored_failed
        unwritten = max(0, progress.done - done)  # of two moments: it may have been written since
        return replace(progress, done=done, failed=failed, in_flight=progress.in_flight + unwritten)

    def _run(self) -> None:
        try:
            self._work()
        finally:
            self._over.set_result(None)

    def _work(self) -> None:
        try:
            job = Job(self._path, self._total)
        except OSError as error:
            self._opened.set_exception(_unusable(error))
            return
        except BaseException as error:  # noqa: BLE001 - handed to whoever opens it
            self._opened.set_exception(error)
            return
        self._opened.set_result(job)
        end, began = None, 0.0
        while end is None:
            items, end = self._next(began + TURN)
            began = time.monotonic()
            self._guard(partial(self._pass_on, job, items))
        self._guard(job.close)
        self._send(end)

    def _next(self, earliest: float) -> tuple[list[_Item], End | None]:
        """Return what has come by the time *earliest*, at least one thing, and the end if it has come."""
        items: list[_Item] = []
        item = self._items.get()
        if isinstance(item, CrawlResult) and (wait := earliest - time.monotonic()) > 0:
            self._due.wait(wait)
        self._due.clear()
        while not isinstance(item, End):
            items.append(item)
            try:
                if len(items) == MOST_TOGETHER:
                    return items, None
                item = self._items.get_nowait()
            except Empty:
                return items, None
        return items, item

    def _guard(self, step: Callable[[], None]) -> None:
        """Do *step*; the first one that fails breaks the run."""
        try:
            step()
        except JobError as error:
            self._break(error)
        except OSError as error:
            self._break(_full(error))
        except Exception as error:
            logger.exception("The job of a run failed")
            self._break(JobError(f"Internal error of the job: {type(error).__name__}."))

    def _break(self, error: JobError) -> None:
        if not self._is_broken:
            self._is_broken = True
            self._send(Broken(error))

    def _pass_on(self, job: Job, items: list[_Item]) -> None:
        if self._is_broken:
            return
        results = [item for item in items if isinstance(item, CrawlResult)]
        if results:
            job.append(results)
        for item in items:
            if isinstance(item, _Wanted):
                self._pass_stored(job, item)
            elif isinstance(item, Future):
                if item.set_running_or_notify_cancel():
                    item.set_result(None)
            else:
                self._written += 1
                self._written_failed += not item.success
                self._is_heard = self._send(item)

    def _pass_stored(self, job: Job, wanted: _Wanted) -> None:
        result = job.load(wanted.index, wanted.digest, partial(shown, wanted.element))
        self._loaded(result)
        self._stored += 1
        self._stored_failed += not result.success
        self._send(Stored(result))


def _unusable(error: OSError) -> JobError:
    wrapped = JobError(f"The folder of the job cannot be used: {(error.strerror or 'the system refuses it').lower()}.")
    wrapped.__cause__ = error
    return wrapped


def _full(error: OSError) -> JobError:
    wrapped = JobError(
        f"The folder of the job takes no more: {(error.strerror or 'the system refuses it').lower()}; what is in it is "
        "kept, and the same call goes on from there."
    )
    wrapped.__cause__ = error
    return wrapped
