"""The way in: all bodies that arrive at one moment share its width evenly."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .attempt import Attempt
    from .loop import Loop

REACHED = 1e-3
"""Bytes: what is closer than that to a mark has reached it, whatever rounding says."""


class Link:
    """Processor sharing in O(log n) a transfer: ``level`` is what a body that came first would have received by now.

    It rises by ``width / active`` bytes a second, the same for all, so that the next body to reach its next mark is on
    top of a heap and a change in their number moves none of them.

    :param width: bytes a second.
    :param chunk: bytes between two marks at which *arrived* is told of a body that is still coming.
    :param arrived: told of a body at each mark and at its end.
    """

    def __init__(self, loop: Loop, width: float, chunk: int, arrived: Callable[[Attempt], None]) -> None:
        self.width = width
        self.active = 0
        self._loop = loop
        self._chunk = chunk
        self._arrived = arrived
        self._level = 0.0
        self._level_at = loop.now
        self._began = 0.0
        self._marks: list[tuple[float, int, Attempt]] = []
        self._order = count()
        self._turn = 0
        self._turn_at = float("inf")

    def received(self) -> float:
        """Bytes of all bodies on their way that are here already."""
        self._rise()
        return self.active * self._level - self._began

    def start(self, attempt: Attempt) -> None:
        self._rise()
        self.active += 1
        attempt.began = self._level
        self._began += self._level
        self._mark(attempt)
        # Every other mark comes later than before, and is looked at again when its old time comes.
        self._arm(only_earlier=True)

    def cancel(self, attempt: Attempt) -> None:
        """Take *attempt* off the link before its body is complete; the others come faster from now on."""
        self._stop(attempt)
        self._arm(only_earlier=True)

    def _stop(self, attempt: Attempt) -> None:
        self._rise()
        self.active -= 1
        self._began = self._began - attempt.began if self.active else 0.0
        attempt.began = -1.0

    def _mark(self, attempt: Attempt) -> None:
        mark, size = attempt.received + self._chunk, attempt.task.size
        attempt.mark = size if size < mark else mark  # noqa: FURB136 - called for every chunk
        heappush(self._marks, (attempt.began + attempt.mark, next(self._order), attempt))

    def _rise(self) -> None:
        now = self._loop.now
        if now != self._level_at:
            if self.active:
                self._level += (now - self._level_at) * self.width / self.active
            self._level_at = now

    def _arm(self, *, only_earlier: bool = False) -> None:
        if not self._marks:
            self._turn_at = float("inf")
            return
        now = self._loop.now
        when = now + max(0.0, self._marks[0][0] - self._level) * self.active / self.width
        if only_earlier and self._turn_at <= when:
            return
        self._turn += 1
        self._turn_at = when
        self._loop.at(when, self._look, self._turn)

    def _look(self, turn: int) -> None:
        if turn != self._turn:
            return
        self._rise()
        marks = self._marks
        while marks and marks[0][0] <= self._level + REACHED:
            attempt = heappop(marks)[2]
            if attempt.began < 0:
                continue
            attempt.received = attempt.mark
            complete = attempt.received >= attempt.task.size
            if complete:
                self._stop(attempt)
            self._arrived(attempt)
            if not complete and attempt.began >= 0:
                self._mark(attempt)
            self._rise()
        while marks and marks[0][2].began < 0:
            heappop(marks)
        self._arm()
