"""The main content of a page."""

from __future__ import annotations

from .filters import NotYet


class MainContentFilter(NotYet):
    """Keeps the main content of a page: not available yet."""
