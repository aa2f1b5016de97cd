"""What a language model chooses."""

from __future__ import annotations

from .filters import NotYet


class LLMContentFilter(NotYet):
    """Keeps what a language model chooses: not available yet."""
