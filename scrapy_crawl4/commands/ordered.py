"""Results in the order of their tasks, without holding more of them than a window."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..results import CrawlResult

WINDOW = 1000
"""Tasks read beyond the first one whose result has not been written, at most."""


class Ordered:
    """Holds results back until those of all earlier tasks are there.

    A slow first page would make that all the others, so the reading of tasks waits too: give the tasks through
    :meth:`admit` and the results to :meth:`ready`.
    """

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._admitted = 0
        self._next = 0
        self._held: dict[int, CrawlResult] = {}
        self._moved = asyncio.Event()

    async def admit(self, tasks: AsyncIterator[str]) -> AsyncIterator[str]:
        """Yield *tasks*, each when it is inside the window."""
        async for task in tasks:
            while self._admitted - self._next >= self._window:
                self._moved.clear()
                await self._moved.wait()
            self._admitted += 1
            yield task

    def ready(self, result: CrawlResult) -> list[CrawlResult]:
        """Take *result* and return the results that may be written now, in order."""
        assert result.index is not None
        self._held[result.index] = result
        ready = []
        while self._next in self._held:
            ready.append(self._held.pop(self._next))
            self._next += 1
        self._moved.set()
        return ready

    def rest(self) -> list[CrawlResult]:
        """Return what is held, in order: what finished before a crawl was interrupted."""
        held, self._held = self._held, {}
        return [held[index] for index in sorted(held)]
