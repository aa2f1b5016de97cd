"""What regular expressions find."""

from __future__ import annotations

from .extraction import NotYet


class RegexExtractionStrategy(NotYet):
    """Matches of regular expressions: not available yet."""
