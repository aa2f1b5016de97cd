"""How much memory a page leaves to the next one in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import CDPSession

HEAVY = 32 * 1024 * 1024
"""Bytes in the heap of a page from which on another one is opened in place of using it again: what a page held stays
there until the browser gets to it, which may be after the next page needs as much."""
PARTS = ("usedSize", "embedderHeapUsedSize", "backingStorageSize")
"""What scripts hold, what documents take, and buffers; older browsers do not tell all of them."""


async def is_heavy(session: CDPSession) -> bool:
    """Return whether the page of *session* holds so much that its process had better end."""
    if not await _holds_much(session):
        return False
    # It may only be what many small pages left; to look for that costs less than to open another page.
    await session.send("HeapProfiler.collectGarbage")
    return await _holds_much(session)


async def _holds_much(session: CDPSession) -> bool:
    usage = await session.send("Runtime.getHeapUsage")
    return bool(sum(usage.get(part, 0) for part in PARTS) > HEAVY)
