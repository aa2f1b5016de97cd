"""What is around a visit: listening from its beginning, and captures at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .capture import Captures, listen
from .no_page import without_page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .order import Captured, PageOrder
    from .tab import Tab


async def attended(tab: Tab, order: PageOrder, show: Callable[[Tab, PageOrder], Awaitable[Captured]]) -> Captured:
    """Return what *show* does, with what *order* wants to be captured and heard meanwhile.

    An address that leads to no page, where *show* fails, has a result all the same if it is what was asked for. A page
    stays when something cannot be captured of it.

    :raises playwright.async_api.Error: for what the browser could not do.
    :raises TaskFailed: for a download that cannot be kept.
    """
    from playwright.async_api import Error

    captures = Captures(tab.page, order.config)
    with listen(tab.page, order) as heard:
        try:
            async with captures.prepared():
                captured = await show(tab, order)
                await captures.write(captured)
        except Error as error:
            captured = await without_page(tab, error, heard.downloads, order.admit)
            captured.fields |= captures.own_print(captured)
        await heard.write(captured)
    return captured
