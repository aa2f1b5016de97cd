"""What a visitor's hand does on a page that is only looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Page

PATH = ((0.2, 0.3), (0.55, 0.45), (0.4, 0.7))
"""Where the pointer goes, in parts of the window."""
STEPS = 5
"""Movements between two of these places."""
TURN = 300
"""Pixels that the wheel turns, down and up again."""


async def simulate_user(page: Page) -> None:
    """Move the pointer over the page and turn the wheel, with the events that a hand causes.

    Nothing is clicked and no key pressed: that could lead away from the page.
    """
    size = page.viewport_size or {"width": 1080, "height": 600}
    for x, y in PATH:
        await page.mouse.move(size["width"] * x, size["height"] * y, steps=STEPS)
    await page.mouse.wheel(0, TURN)
    await page.mouse.wheel(0, -TURN)
