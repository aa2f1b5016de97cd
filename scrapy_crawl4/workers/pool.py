"""One queue of pages, and who takes from it: a thread here, and worker processes."""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from .backlog import Backlog
from .cores import usable_cores
from .feeder import Feeder
from .parcel import pack

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from .job import Job

T = TypeVar("T")

logger = logging.getLogger(__name__)

AUTO = "auto"
"""As many workers as have something to do, beside the thread here."""
THREADS = 1
"""Content work holds Python's lock, so that a second thread would only add switches."""


class ContentPool:
    """Does content work off the event loop; thread-safe. No process is started before there is work for it.

    With a number of workers, they do the work on all pages that can be worked on elsewhere, so that what ends a process
    ends none but theirs. With ``"auto"``, the thread here does all it can, and workers take the rest: as many as there
    are processors beside the one that the crawl needs, each started when a backlog has been measured that it will be
    busy with. They get no code of the user's then. A worker that has had nothing to do for a while ends.

    :param workers: how many at most, 0 for none, or ``"auto"``.
    """

    def __init__(self, workers: int | str) -> None:
        self.executor = ThreadPoolExecutor(THREADS, thread_name_prefix="scrapy-crawl4-content")
        """The thread here; for any work."""
        self.turn = threading.Lock()
        """Held by the one page that is worked on here, and by a large one elsewhere."""
        self.shares = workers == AUTO
        """Whether pages are worked on here as well as by workers."""
        self._limit = None if isinstance(workers, str) else workers
        self._queue: deque[Job[Any]] = deque()
        self._suspects: deque[Job[Any]] = deque()
        self._feeders: set[Feeder] = set()
        self._changed = threading.Condition()
        self._idle = 0
        self._unable = self._limit == 0
        self._closed = False
        self._backlog = Backlog()

    @property
    def lanes(self) -> int:
        """Pages that may be worked on at a time."""
        return max(1, len(self._feeders) + self.shares)

    @property
    def is_quiet(self) -> bool:
        """Whether pages are worked on in this process alone, and none is just now."""
        return (self.shares or self._unable) and not (self._feeders or self._queue or self.turn.locked())

    @property
    def may_hire(self) -> bool:
        """Whether a backlog would bring a worker."""
        return self.shares and not self._unable and self._most > 0

    @property
    def _most(self) -> int:
        if self._limit is None:
            self._limit = usable_cores() - 1
        return self._limit

    def submit(self, job: Job[T], has_room: Callable[[], bool] = lambda: True) -> Future[T]:
        """Have *job* done in its turn.

        :param has_room: tells whether there is memory for another worker.
        """
        if self._unable:
            self._do_here(job)
            return job.future
        with self._changed:
            self._queue.append(job)
            if self._idle:
                self._changed.notify()
            elif not self.shares and not self._unable and len(self._feeders) < (self._limit or 0):
                self._hire()
        if self.shares:
            self.executor.submit(self._take_here)
            if self._queue and self._backlog.presses() and has_room():
                self._relieve()
        return job.future

    def submit_here(self, job: Job[T]) -> Future[T]:
        """Have *job* done by the thread here."""
        self._do_here(job)
        return job.future

    def take(self, most: int, patience: float | None, *, free: bool) -> list[Job[Any]] | None:
        """Return up to *most* jobs for a feeder, which leaves others their part; None to end.

        :param patience: seconds to wait for the first one; None does not wait.
        :param free: whether the worker has nothing to do, so that it may get a page that has ended one before: alone.
        """
        with self._changed:
            while True:
                if free and self._suspects:
                    return [self._suspects.popleft()]
                if self._queue:
                    share = -(-len(self._queue) // len(self._feeders))
                    return [self._queue.popleft() for _ in range(min(most, share))]
                if patience is None:
                    return []
                if self._closed or not self._wait(patience):
                    return None

    def _wait(self, patience: float) -> bool:
        """Wait for jobs or the end; return False if neither came."""
        self._idle += 1
        try:
            return self._changed.wait(patience) or bool(self._queue)
        finally:
            self._idle -= 1

    def left(self, feeder: Feeder) -> None:
        """Take in that *feeder* has ended; what came in just then has another."""
        with self._changed:
            self._feeders.discard(feeder)
            if (self._queue and not self.shares) or self._suspects:
                self._hire()

    def try_again(self, job: Job[Any]) -> None:
        """Have *job* done by a worker that has nothing else."""
        with self._changed:
            self._suspects.append(job)
            self._changed.notify()

    def stay(self, job: Job[Any], work: Callable[[], Any]) -> None:
        """Have *work*, what is left of *job*, done here."""
        self.executor.submit(job.run, work)

    def give_up(self, error: Exception) -> None:
        """Take in that workers cannot be started: all is done here from now on."""
        with self._changed:
            first, self._unable = not self._unable, True
            jobs = [*self._suspects, *self._queue]
            self._suspects.clear()
            self._queue.clear()
        if first:
            told = str(error) or type(error).__name__
            logger.warning("Content workers cannot be started (%s); content is made in this process.", told)
        for job in jobs:
            self._do_here(job)

    def close(self) -> None:
        """End the threads and the workers; nothing may be submitted any more."""
        with self._changed:
            self._closed = True
            feeders = list(self._feeders)
            self._changed.notify_all()
        for feeder in feeders:
            feeder.join()
        self.executor.shutdown()

    def _hire(self) -> None:
        feeder = Feeder(self)
        self._feeders.add(feeder)
        feeder.start()

    def _relieve(self) -> None:
        """Start another worker if there is a processor for it, and what waits can be worked on there."""
        with self._changed:
            if self._unable or self._closed or not self._queue:
                return
            if len(self._feeders) < self._most and pack(self._queue[0].config, only_own=True) is not None:
                self._hire()

    def _do_here(self, job: Job[Any]) -> None:
        self.executor.submit(_run_here, job)

    def _take_here(self) -> None:
        """Do the next job, unless a worker has it."""
        with self._changed:
            if not self._queue:
                return
            job = self._queue.popleft()
        self._backlog.begin()
        try:
            _run_here(job)
        finally:
            self._backlog.end(waiting=bool(self._queue))


def _run_here(job: Job[Any]) -> None:
    if job.may_start():
        job.run(job.here)
