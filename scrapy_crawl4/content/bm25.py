"""Blocks that match a query."""

from __future__ import annotations

from .filters import NotYet


class BM25ContentFilter(NotYet):
    """Keeps the blocks that match a query: not available yet."""
