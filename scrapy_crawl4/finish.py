"""Ends that have to be waited for, and the signs of them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine


async def finish(step: Coroutine[Any, Any, None]) -> None:
    """Await *step* to its end, however often the caller is cancelled meanwhile; the cancellation comes afterwards."""
    task = asyncio.ensure_future(step)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # seen: the cancellation is what the caller gets
    raise cancelled


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel *tasks* and wait until they have ended; what they gave or raised is of no interest any more."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # seen


async def close_source(source: Any) -> None:
    """Close a generator that was not read to its end, so that what it holds open is closed now."""
    with contextlib.suppress(Exception):  # the run is over, and its outcome known
        if hasattr(source, "athrow"):
            await source.aclose()
        elif hasattr(source, "throw"):
            source.close()


def is_cancelled() -> bool:
    """Whether somebody asked the current task to end, even if it went on."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
