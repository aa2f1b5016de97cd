"""Taking off what lies over a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .consent import boxes, buttons
from .js import script
from .scripts import evaluate

if TYPE_CHECKING:
    from playwright.async_api import Page

LONGEST_GOODBYE = 0.5
"""Seconds that a dialog has to go away after it was accepted; then it is removed."""


async def tidy(page: Page, *, consent: bool, overlays: bool) -> None:
    """Take off the page what lies over it, but not what holds its content.

    :param consent: whether dialogs that ask for consent are accepted, and removed if they stay.
    :param overlays: whether other dialogs, and what hides the page, are removed.
    """
    options = {
        "consent": consent,
        "overlays": overlays,
        "boxes": boxes(),
        "buttons": buttons(),
        "pause": LONGEST_GOODBYE * 1000,
    }
    await evaluate(page, script("tidy"), options)
