"""Loading a page."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag

from ..finish import end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Frame, Page, Request, Response

    from .order import PageOrder
    from .tab import Tab

BLANK = "about:blank"
READ = "() => document.readyState != 'loading'"
COMPLETE = "() => document.readyState == 'complete'"


async def go_to(tab: Tab, order: PageOrder) -> Response | None:
    """Load the page of *order* as far as it says, and return the response.

    A page that is on its way elsewhere while it loads, and stays after all because there is no page, such as behind
    the link to a file, is loaded too, which Playwright alone would wait for without end.

    :raises playwright.async_api.Error: when it cannot be loaded.
    """
    wait_until: Any = order.config.wait_until
    # The task has a deadline, which is one for everything.
    load = tab.page.goto(order.url, referer=order.referer, wait_until=wait_until, timeout=0)
    with _staying(tab.page) as stays:
        going = asyncio.ensure_future(load)
        loaded = asyncio.ensure_future(_loaded_after(stays, tab.page, wait_until))
        try:
            await asyncio.wait({going, loaded}, return_when=asyncio.FIRST_COMPLETED)
            if going.done() or loaded.exception() is not None:
                return await going
        finally:
            await end(going, loaded)
    shown = urldefrag(tab.page.url).url
    return next((response for response in reversed(tab.documents) if urldefrag(response.url).url == shown), None)


async def _loaded_after(stays: asyncio.Event, page: Page, wait_until: str) -> None:
    await stays.wait()
    await page.wait_for_function(READ if wait_until in {"commit", "domcontentloaded"} else COMPLETE, timeout=0)


@contextmanager
def _staying(page: Page) -> Iterator[asyncio.Event]:
    """Give what is set when *page* has another document, and does not get the next one that it asked for."""
    stays = asyncio.Event()
    shown: list[str] = []

    def navigated(frame: Frame) -> None:
        if frame == page.main_frame and frame.url != BLANK:
            shown.append(frame.url)

    def failed(request: Request) -> None:
        if shown and request.is_navigation_request() and request.frame == page.main_frame:
            stays.set()

    page.on("framenavigated", navigated)
    page.on("requestfailed", failed)
    try:
        yield stays
    finally:
        page.remove_listener("framenavigated", navigated)
        page.remove_listener("requestfailed", failed)
