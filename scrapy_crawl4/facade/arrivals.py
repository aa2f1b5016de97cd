"""What other threads have done, on its way to a loop: all that has come meanwhile crosses at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


class Arrivals:
    """For one loop, which is woken once for many futures instead of once for each."""

    def __init__(self) -> None:
        self._came: deque[tuple[Future[Any], asyncio.Future[Any]]] = deque()
        self._woken = False

    async def of(self, future: Future[T]) -> T:
        """Wait for *future*; a caller that is cancelled leaves it as it is."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[T] = loop.create_future()

        def arrived(future: Future[T]) -> None:
            self._came.append((future, waiter))
            if not self._woken:
                self._woken = True
                with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
                    loop.call_soon_threadsafe(self._deliver)

        future.add_done_callback(arrived)
        return await waiter

    def _deliver(self) -> None:
        self._woken = False  # before the look: what comes from now on wakes the loop again
        while self._came:
            future, waiter = self._came.popleft()
            if waiter.done():
                continue
            if future.cancelled():
                waiter.cancel()
            elif (error := future.exception()) is not None:
                waiter.set_exception(error)
            else:
                waiter.set_result(future.result())
