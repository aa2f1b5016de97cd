"""The configuration that a single request carries in its meta."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .run import CrawlerRunConfig

META_KEY = "crawl4"
"""Key of ``Request.meta`` with a :class:`CrawlerRunConfig`, or a dict of its parameters."""


def config_in(meta: Mapping[str, Any] | None) -> CrawlerRunConfig | None:
    """Return the configuration in a request's *meta*, made of the dict if it is one; None where there is none.

    :raises TypeError: for a value that is neither, or a dict with an unknown name.
    :raises ValueError: for a value that breaks the rule of its parameter.
    """
    value = (meta or {}).get(META_KEY)
    if value is None or isinstance(value, CrawlerRunConfig):
        return value
    if isinstance(value, Mapping):
        return CrawlerRunConfig(**value)
    raise TypeError(f"Request.meta[{META_KEY!r}] must be a CrawlerRunConfig or a dict, got {type(value).__name__}.")
