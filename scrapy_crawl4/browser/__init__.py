"""Pages of a real browser: found, started on first use, one clean page for each task, nothing left behind.

Playwright is imported when the first page is asked for, and not before.
"""

from __future__ import annotations

from .browser import Browser
from .errors import BrowserGone, BrowserMissing, Downloads, PageFailed
from .identity import Identity
from .launch import LaunchOptions
from .order import Captured, PageOrder

__all__ = [
    "Browser",
    "BrowserGone",
    "BrowserMissing",
    "Captured",
    "Downloads",
    "Identity",
    "LaunchOptions",
    "PageFailed",
    "PageOrder",
]
