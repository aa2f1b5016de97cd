from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING

from ..dispatch.progress import Progress
from .text import clean

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class FinishedTask:
    """A finished task as a monitor shows it; texts are on one line."""

    url: str
    status: str
    seconds: float
    error: str
    """Empty for a task that did not fail."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a view holds at one moment, for drawing."""

    progress: Progress
    total: int | None
    """Tasks the run will have in all; None when it is not known."""

    elapsed: float
    """Seconds since the run started, now."""

    peak_memory_mb: float
    recent: tuple[FinishedTask, ...]
    """The tasks that finished last, oldest first."""

    failures: tuple[FinishedTask, ...]
    """Failed tasks that have not been taken before, oldest first."""

    more_failures: int
    """Those of them that were dropped because there were too many."""


class MonitorView:
    """What a monitor knows of one run. Made by :meth:`CrawlerMonitor.view`, one for each run.

    Its methods may be called from an event loop: they only store what they are given. Memory is bounded: the last
    *rows* finished tasks and as many failures that have not been drawn yet.

    :param total: tasks the run will have in all, None when it is not known (a generator).
    :param rows: finished tasks that are kept.
    :param on_close: called once, when the view is closed.
    """

    def __init__(self, total: int | None, rows: int, on_close: Callable[[], None] | None = None) -> None:
        self._total = total
        self._on_close = on_close
        self._progress = Progress()
        self._updated_at = monotonic()
        self._peak_memory_mb = 0.0
        self._recent: deque[FinishedTask] = deque(maxlen=rows)
        self._failures: deque[FinishedTask] = deque(maxlen=rows)
        self._failure_count = 0
        self._lock = Lock()
        self.drawn = Event()
        """Set once the last state of a closed view is on the screen."""
        self.closed = False
        """True after :meth:`close`."""

    def update(self, progress: Progress) -> None:
        """Take *progress* as the state of the run."""
        with self._lock:
            self._progress = progress
            self._updated_at = monotonic()
            self._peak_memory_mb = max(self._peak_memory_mb, progress.memory_mb)

    def task_finished(self, url: str, status: str, seconds: float, error: str = "") -> None:
        """Note a finished task.

        :param status: a word or a number such as ``ok``, ``failed``, ``404``.
        :param seconds: how long it took.
        :param error: why it failed; empty for a task that did not.
        """
        task = FinishedTask(clean(url), clean(status), seconds, clean(error))
        with self._lock:
            self._recent.append(task)
            if error:
                self._failures.append(task)
                self._failure_count += 1

    def close(self) -> None:
        """End the view: its summary is drawn and the monitor forgets it. Does nothing the second time."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
        if self._on_close:
            self._on_close()

    def take(self) -> Snapshot:
        """Return the present state for drawing; each failure is given once."""
        with self._lock:
            failures = tuple(self._failures)
            more = self._failure_count - len(failures)
            self._failures.clear()
            self._failure_count = 0
            since = 0.0 if self.closed else monotonic() - self._updated_at
            return Snapshot(
                progress=self._progress,
                total=None if self._total is None else max(self._total, self._progress.done),
                elapsed=self._progress.elapsed + since,
                peak_memory_mb=self._peak_memory_mb,
                recent=tuple(self._recent),
                failures=failures,
                more_failures=more,
            )
