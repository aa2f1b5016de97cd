"""Blocks that look like content."""

from __future__ import annotations

from .filters import NotYet


class PruningContentFilter(NotYet):
    """Drops what does not look like content: not available yet."""
