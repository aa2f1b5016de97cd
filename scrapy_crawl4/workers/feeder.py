"""A thread that keeps one worker process in work."""

from __future__ import annotations

import logging
import pickle
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from ..exceptions import TaskFailed
from .logs import repeat
from .parcel import pack
from .process import WorkerProcess

if TYPE_CHECKING:
    from .job import Job
    from .main import Answer
    from .pool import ContentPool

logger = logging.getLogger(__name__)

IDLE = 30.0
"""Seconds without work after which a worker ends."""
MESSAGE = 0.02
"""Seconds of work that are sent at a time, and as much again that lies ready behind it."""
MOST = 16
"""Pages in a message."""
LARGE = 1024 * 1024
"""Characters of a page from which on memory allows for one at a time."""
GRACE = 5.0
"""Seconds that a page gets to end once nobody waits for it."""
TRIES = 2
"""Workers that may end over a page until it has failed."""
ENDED = "The content worker ended while it worked on this page."


class Feeder(threading.Thread):
    """Starts a worker, and another one if it ends, for as long as there is work.

    :param pool: whose jobs these are.
    """

    def __init__(self, pool: ContentPool) -> None:
        # A program that is left without closing anything is not held up; the worker ends with it.
        super().__init__(name="scrapy-crawl4-feeder", daemon=True)
        self._pool = pool
        self._process: WorkerProcess | None = None
        self._sent: deque[Job[Any]] = deque()
        self._messages: deque[int] = deque()
        """Pages without an answer of each message."""
        self._seconds = MESSAGE
        """Work on a page, as far as is known."""
        self._large = 0
        self._since = 0.0
        """When the worker had its last answer, or its first page after an idle time."""

    def run(self) -> None:
        """Work until nothing has come for a while, or the pool is closed."""
        try:
            while self._process is not None or self._start():
                if not self._step():
                    break
        except Exception:
            logger.exception("A thread of content work failed")
            self._died()
        finally:
            if self._process is not None:
                self._process.end()
            self._pool.left(self)

    def _start(self) -> bool:
        try:
            self._process = WorkerProcess()
        except (OSError, EOFError, ValueError) as error:
            self._pool.give_up(error)
            return False
        return True

    def _step(self) -> bool:
        """Send or receive something; return False at the end."""
        try:
            if len(self._messages) < (2 if self._seconds < MESSAGE else 1):
                most = max(1, min(MOST, int(MESSAGE / self._seconds)))
                jobs = self._pool.take(most, None if self._sent else IDLE, free=not self._sent)
                if jobs is None:
                    return False
                if jobs:
                    self._send(jobs)
                    return True
            self._receive()
        except (OSError, EOFError):
            self._died()
        return True

    def _send(self, jobs: list[Job[Any]]) -> None:
        pages = []
        for job in jobs:
            if job.may_start() and (page := self._page(job)) is not None:
                pages.append(page)
                self._sent.append(job)
        if pages:
            if not self._messages:
                self._since = time.monotonic()
            self._messages.append(len(pages))
            assert self._process is not None
            self._process.send(pages)

    def _page(self, job: Job[Any]) -> tuple[bytes, str | bytes, str, str] | None:
        """Return what the worker needs for *job*; None if that is not for a worker."""
        pool = self._pool
        packed = pack(job.config, only_own=pool.shares)
        if packed is None:
            pool.stay(job, job.here)
            return None
        if job.pending is None:
            try:
                job.pending = job.begin()
            except BaseException as error:  # noqa: BLE001 - it belongs to the page
                failed = (
                    error if isinstance(error, Exception) else TaskFailed(f"The page failed: {type(error).__name__}")
                )
                job.fail(failed)
                return None
        pending = job.pending
        is_large = pending is not None and len(pending.html) >= LARGE
        if pending is None or (is_large and pool.shares) or not pending.claim():
            pool.stay(job, job.rest)
            return None
        if is_large:
            if not self._large:
                pool.turn.acquire()
            self._large += 1
        return packed, pending.html, pending.url, pending.content_type

    def _receive(self) -> None:
        assert self._process is not None
        came = self._process.receive()
        if came is None:
            self._look()
            return
        answers, records = came
        self._since = time.monotonic()
        repeat(records)
        for answer in answers:
            self._settle(self._next(), answer)
        self._messages[0] -= len(answers)
        if not self._messages[0]:
            self._messages.popleft()

    def _next(self) -> Job[Any]:
        """Return the job that the next answer is for; it is the worker's no longer."""
        job = self._sent.popleft()
        assert job.pending is not None
        if len(job.pending.html) >= LARGE:
            self._large -= 1
            if not self._large:
                self._pool.turn.release()
        return job

    def _settle(self, job: Job[Any], answer: Answer) -> None:
        assert job.pending is not None
        made: Any = None
        if answer.content is not None:
            self._seconds += (answer.seconds - self._seconds) / 8
            try:
                made = pickle.loads(answer.content)  # noqa: S301 - from our own process
            except Exception:
                logger.debug("Content cannot be loaded here", exc_info=True)
        elif answer.error:
            made = TaskFailed(f"The content stages failed: {answer.error}")
        job.pending.settle(made)
        job.elsewhere = made is not None
        if made is None:
            self._pool.stay(job, job.rest)
        else:
            job.run(job.end)

    def _look(self) -> None:
        """End a worker that is still at a page which nobody waits for."""
        given_up = self._sent[0].abandoned_at
        if given_up is not None and time.monotonic() - max(given_up, self._since) > GRACE:
            assert self._process is not None
            self._process.kill()

    def _died(self) -> None:
        """Have what the worker leaves behind done by another one; a page that may be the cause, alone."""
        if self._process is not None:
            self._process.end()
            self._process = None
        self._messages.clear()
        while self._sent:
            job = self._next()
            assert job.pending is not None
            job.deaths += 1
            if job.deaths < TRIES and job.abandoned_at is None:
                job.pending.settle(None)
                self._pool.try_again(job)
            else:
                job.pending.settle(TaskFailed(ENDED))
                job.elsewhere = True
                job.run(job.end)
