"""Which language model to ask, and how."""

from __future__ import annotations

from typing import Any

from ..exceptions import UnsupportedOption


class LLMConfig:
    """Which language model to ask, and how: not available yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise UnsupportedOption("LLMConfig is not available yet: no strategy of this version asks a language model")
