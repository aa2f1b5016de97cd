"""Tasks that dispatch does not know of for now: they wait for the one before in their session, or for another try."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .requests import session_key

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ..dispatch import Job
    from .tasks import Work


class Sidelines:
    """The tasks of a run that dispatch does not know of for now.

    :param call_later: the loop's.
    :param start: takes a task whose turn in its session has come.
    :param resume: takes a job whose delay is over.
    """

    def __init__(
        self,
        call_later: Callable[..., asyncio.TimerHandle],
        start: Callable[[Work], None],
        resume: Callable[[Job[Work]], None],
    ) -> None:
        self._call_later = call_later
        self._start = start
        self._resume = resume
        self._lines: dict[str, deque[Work]] = {}
        self._in_line = 0
        self._delayed: dict[Job[Work], asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return self._in_line + len(self._delayed)

    def enter(self, work: Work) -> bool:
        """Return True if *work* may go to dispatch now; otherwise it is started when those before it have left."""
        key = session_key(work)
        if isinstance(key, int):
            return True
        line = self._lines.get(key)
        if line is None:
            self._lines[key] = deque()
            return True
        line.append(work)
        self._in_line += 1
        return False

    def leave(self, work: Work) -> None:
        """Take in that *work* is done: the next of its session may start."""
        key = session_key(work)
        if isinstance(key, int) or (line := self._lines.get(key)) is None:
            return
        if not line:
            del self._lines[key]
            return
        self._in_line -= 1
        self._start(line.popleft())

    def delay(self, job: Job[Work], seconds: float) -> None:
        """Resume *job* after *seconds*."""
        self._delayed[job] = self._call_later(seconds, self._delay_over, job)

    def drain(self) -> tuple[list[Work], list[Job[Work]]]:
        """Remove and return all: tasks that were never started, and jobs that waited for another try."""
        never = [work for line in self._lines.values() for work in line]
        jobs = list(self._delayed)
        for timer in self._delayed.values():
            timer.cancel()
        self._lines.clear()
        self._delayed.clear()
        self._in_line = 0
        return never, jobs

    def _delay_over(self, job: Job[Work]) -> None:
        del self._delayed[job]
        self._resume(job)
