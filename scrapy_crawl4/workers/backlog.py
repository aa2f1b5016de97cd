"""Whether content work is what a crawl waits for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 1.5
"""Seconds of work that are looked at together; several times what it takes to start a worker."""
BUSY = 0.6
"""Share of them that the thread must have been at work."""
WAITED = 0.5
"""Share of the pages behind which another must have waited."""


class Backlog:
    """Watches the one thread that does content work here.

    :param clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._presses = False
        self._at_work: float | None = None
        self._start(clock())

    def begin(self) -> None:
        """Take in that work on a page begins."""
        self._at_work = self._clock()

    def end(self, *, waiting: bool) -> None:
        """Take in that it has ended, and whether another page waits."""
        now = self._clock()
        began, self._at_work = self._at_work, None
        self._busy += now - (now if began is None else began)
        self._pages += 1
        self._waited += waiting
        if (length := now - self._since) >= WINDOW:
            self._presses = self._busy >= BUSY * length and self._waited >= WAITED * self._pages
            self._start(now)

    def presses(self) -> bool:
        """Return whether another worker would have had enough to do; it then begins to watch anew."""
        began = self._at_work
        presses = self._presses or (began is not None and self._clock() - began >= WINDOW)
        if presses:
            self._presses = False
            self._start(self._clock())
            if began is not None:
                self._at_work = self._since
        return presses

    def _start(self, now: float) -> None:
        self._since = now
        self._busy = 0.0
        self._pages = self._waited = 0
