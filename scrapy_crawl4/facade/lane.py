"""Things that cross from one event loop to another, in batches."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

T = TypeVar("T")


class Lane(Generic[T]):
    """One way from any thread to a loop: what was put since the last delivery arrives as one list, with one wake-up.

    :param loop: where *deliver* is called.
    :param deliver: takes the list; must not raise.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, deliver: Callable[[list[T]], None]) -> None:
        self._loop = loop
        self._deliver = deliver
        self._items: deque[T] = deque()
        self._scheduled = False
        self.wakeups = 0
        """Deliveries so far: what crossing costs, whatever the number of items."""

    def put(self, item: T) -> bool:
        """Send *item*; thread-safe. Does nothing and returns False once the loop is closed: nobody is left to take it.

        ``_scheduled`` is cleared before the items are taken, so an item that was put without scheduling a delivery is
        always seen by the one under way.
        """
        if self._loop.is_closed():
            return False
        self._items.append(item)
        if not self._scheduled:
            self._scheduled = True
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._drain)
        return True

    def _drain(self) -> None:
        self._scheduled = False
        self.wakeups += 1
        batch = []
        with contextlib.suppress(IndexError):
            while True:
                batch.append(self._items.popleft())
        if batch:
            self._deliver(batch)
