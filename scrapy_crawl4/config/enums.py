"""The choices that configuration parameters offer."""

from __future__ import annotations

from enum import Enum


class CacheMode(Enum):
    """What a crawl does with the cache of responses."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    READ_ONLY = "read_only"
    WRITE_ONLY = "write_only"
    BYPASS = "bypass"


class MatchMode(Enum):
    """How the elements of a list of URL matchers count: any of them, or all of them."""

    OR = "or"
    AND = "and"


class DisplayMode(Enum):
    """What the monitor shows: a line for each task, or the sums."""

    DETAILED = "DETAILED"
    AGGREGATED = "AGGREGATED"
