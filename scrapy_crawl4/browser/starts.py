"""Starts that several tasks wait for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

T = TypeVar("T")


class SharedStart(Generic[T]):
    """One start at a time, which goes on when a task that waits for it has no time left: the next one finds it done."""

    def __init__(self) -> None:
        self._task: asyncio.Task[T] | None = None

    async def result(self, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what the start gives that is under way, or *start* when there is none; each result is given once."""
        if self._task is None or _has_failed(self._task):  # with nobody waiting: another time it may go well
            self._task = asyncio.ensure_future(start())
        task = self._task
        try:
            return await asyncio.shield(task)
        finally:
            if task.done() and self._task is task:
                self._task = None

    async def abandon(self) -> T | None:
        """End a start that nobody waits for; return what it gave if it was faster."""
        task, self._task = self._task, None
        if task is None:
            return None
        task.cancel()
        await asyncio.wait({task})
        return None if task.cancelled() or task.exception() is not None else task.result()


def _has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
