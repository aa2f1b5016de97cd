"""The HTML of a page as it stands, with what its frames and shadow roots hold."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING

from .closed_roots import mark_closed_roots
from .js import script
from .sizes import WHOLE, read_limited

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from playwright.async_api import Frame, Page

    from ..config import CrawlerRunConfig

LONGEST_LOAD = 5.0
"""Seconds that frames have to load, from when the page is read on."""
LONGEST_READ = 2.0
"""Seconds that one frame has to say what it holds."""


async def read_html(page: Page, config: CrawlerRunConfig, admit: Callable[[int], object]) -> str:
    """Return the HTML of the page; nothing on the page is changed by it.

    :param admit: is told of a large page before it comes, and may raise.
    """
    mark = ""
    if config.flatten_shadow_dom:
        mark = secrets.token_hex(8)
        await mark_closed_roots(page, mark)
    elif not config.process_iframes:
        return await read_limited(page, WHOLE, None, admit)
    frames = []
    if config.process_iframes:
        until = asyncio.get_running_loop().time() + LONGEST_LOAD
        frames = await _contents(page.main_frame, mark, until)
    options = {"inner": False, "flatten": config.flatten_shadow_dom, "mark": mark, "frames": frames}
    return await read_limited(page, script("read"), options, admit)


async def _contents(frame: Frame, mark: str, until: float) -> list[list[Any]]:
    """Return pairs of the elements of frames in *frame* and what they hold; without those that cannot be read."""
    found = await asyncio.gather(*(_content(child, mark, until) for child in frame.child_frames))
    return [pair for pair in found if pair is not None]


async def _content(frame: Frame, mark: str, until: float) -> list[Any] | None:
    from playwright.async_api import Error

    with contextlib.suppress(TimeoutError, Error):
        async with asyncio.timeout_at(until):
            await frame.wait_for_load_state("load", timeout=0)
    inner = await _contents(frame, mark, until)
    if frame.url.startswith("chrome-error:"):
        return None
    options = {"inner": True, "flatten": bool(mark), "mark": mark, "frames": inner}
    try:
        async with asyncio.timeout(LONGEST_READ):
            html = await frame.evaluate(script("read"), options)
            return [await frame.frame_element(), html] if html.strip() else None
    except (Error, TimeoutError):
        return None  # it went away or does nothing: its element says where it was
