"""Records by a schema of selectors: CSS or XPath."""

from __future__ import annotations

from .extraction import NotYet


class JsonCssExtractionStrategy(NotYet):
    """Records by a schema of CSS selectors: not available yet."""


class JsonXPathExtractionStrategy(NotYet):
    """Records by a schema of XPath expressions: not available yet."""
