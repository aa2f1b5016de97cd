"""Pictures of a page."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Page


async def screenshot(page: Page) -> str:
    """Return the whole page as PNG, in base64."""
    return b64encode(await page.screenshot(full_page=True, type="png", timeout=0)).decode("ascii")
