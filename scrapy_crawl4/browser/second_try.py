"""Second tries of pages whose browser ended: one after another, as one of them may be what ended it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LONGEST_TURN = 10.0
"""Seconds after which a page that does no harm, and has not come, keeps the next one waiting no longer."""


class SecondTries:
    """Gives turns to pages, so that one that ends the browser at each try takes no other along a second time."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait in the block's beginning until no other page has its turn."""
        await self._lock.acquire()
        over = _Once(self._lock)
        timer = asyncio.get_running_loop().call_later(LONGEST_TURN, over.release)
        try:
            yield
        finally:
            timer.cancel()
            over.release()


class _Once:
    """Releases a lock that was acquired, however often it is asked to."""

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock: asyncio.Lock | None = lock

    def release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
