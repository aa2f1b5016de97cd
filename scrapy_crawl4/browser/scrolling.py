"""Scrolling through pages, and through lists that only hold what is visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .js import script
from .scripts import ScriptError, evaluate

if TYPE_CHECKING:
    from playwright.async_api import Page

    from ..config import CrawlerRunConfig, VirtualScrollConfig

MORE_WINDOWS = 50
"""Heights of the window that a page is followed for where it grows while it is scrolled."""


async def scroll_through(page: Page, config: CrawlerRunConfig) -> None:
    """Scroll through the whole page, so that what loads on sight is there, and back to its top.

    It ends after ``max_scroll_steps``, without them `MORE_WINDOWS` beyond the page's first end, and after half of
    ``page_timeout``: the rest is for what follows.
    """
    limits = {
        "pause": config.scroll_delay * 1000,
        "steps": config.max_scroll_steps,
        "more": MORE_WINDOWS,
        "longest": config.page_timeout / 2,
    }
    await evaluate(page, script("scroll"), limits)


async def scroll_list(page: Page, config: VirtualScrollConfig) -> None:
    """Scroll through a list, and put all that it held meanwhile in its place, each item once.

    :raises ScriptError: when there is no such list.
    """
    from playwright.async_api import Error

    options = {
        "selector": config.container_selector,
        "count": config.scroll_count,
        "by": config.scroll_by,
        "pause": config.wait_after_scroll * 1000,
    }
    try:
        found = await evaluate(page, script("virtual_scroll"), options)
    except Error as error:
        if "is not a valid selector" not in str(error):
            raise
        raise ScriptError(f"virtual_scroll_config: {config.container_selector!r} is not a CSS selector.") from error
    if not found:
        raise ScriptError(f"virtual_scroll_config: there is no element {config.container_selector!r} on the page.")
