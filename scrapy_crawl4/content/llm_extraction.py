"""Records by a language model."""

from __future__ import annotations

from .extraction import NotYet


class LLMExtractionStrategy(NotYet):
    """Records by a language model: not available yet."""
