"""Tables read by a language model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..exceptions import UnsupportedOption
from .tables import TableExtractionStrategy

if TYPE_CHECKING:
    from turbohtml import Node


class LLMTableExtraction(TableExtractionStrategy):
    """Tables read by a language model: not available yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise UnsupportedOption("LLMTableExtraction is not available yet; use DefaultTableExtraction instead")

    def extract_tables(self, element: Node, **kwargs: Any) -> list[dict[str, Any]]:
        """Never reached: the constructor raises."""
        raise NotImplementedError
