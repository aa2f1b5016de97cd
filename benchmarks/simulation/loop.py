"""Simulated time."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

START = 1000.0
"""Time does not begin at 0, where a forgotten default would go unnoticed."""


class Timer:
    """What :meth:`Loop.call_later` returns."""

    __slots__ = ("_loop", "function")

    def __init__(self, loop: Loop, function: Callable[[], None]) -> None:
        self._loop = loop
        self.function: Callable[[], None] | None = function

    def cancel(self) -> None:
        self.function = None

    def fire(self, _: object) -> None:
        if self.function is not None:
            self._loop.timers_fired += 1
            self.function()


class Loop:
    """A heap of events, each a plain tuple of time, order, function and its one argument."""

    def __init__(self) -> None:
        self.now = START
        self.ended = False
        self.timers_fired = 0
        self._heap: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._order = count()

    def time(self) -> float:
        return self.now

    def at(self, when: float, function: Callable[[Any], None], argument: object) -> None:
        heappush(self._heap, (when, next(self._order), function, argument))

    def call_later(self, seconds: float, function: Callable[[], None]) -> Timer:
        timer = Timer(self, function)
        heappush(self._heap, (self.now + seconds, next(self._order), timer.fire, None))
        return timer

    def run(self) -> None:
        """Let time pass from event to event until somebody sets ``ended``, or nothing is left to happen."""
        heap = self._heap
        while heap and not self.ended:
            self.now, _, function, argument = heappop(heap)
            function(argument)
