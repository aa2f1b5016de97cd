"""Playwright's driver: the program through which a browser is spoken to."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from ..finish import finish
from .errors import INSTALL_PLAYWRIGHT, SETUP, BrowserMissing

if TYPE_CHECKING:
    from playwright.async_api import Playwright

LONGEST_STOP = 10.0
"""Seconds that the driver has to end."""


async def start_driver() -> Playwright:
    """Start the driver; one that nobody waits for any more is ended.

    :raises BrowserMissing: when Playwright is not installed, or its driver does not start.
    """
    try:
        from playwright.async_api import Error, async_playwright
    except ImportError:
        raise BrowserMissing(
            f"Pages of the browser need the package playwright: run {INSTALL_PLAYWRIGHT}, then {SETUP!r}."
        ) from None
    starting = asyncio.ensure_future(async_playwright().start())
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await finish(_stop_started(starting))
        raise
    except (Error, OSError) as error:
        raise BrowserMissing("Playwright's driver did not start. Run 'scrapy crawl4-doctor'.") from error


async def stop_driver(playwright: Playwright) -> None:
    """End the driver, and with it the browsers that it started."""
    with contextlib.suppress(Exception):  # it may be gone already
        async with asyncio.timeout(LONGEST_STOP):
            await playwright.stop()


async def _stop_started(starting: asyncio.Future[Playwright]) -> None:
    await asyncio.wait({starting}, timeout=LONGEST_STOP)
    starting.cancel()  # it hangs, if it has not started by now
    await asyncio.wait({starting})
    if not starting.cancelled() and starting.exception() is None:
        await stop_driver(starting.result())
