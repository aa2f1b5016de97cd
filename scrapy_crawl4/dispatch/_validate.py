"""One-sentence checks of the numbers that users give to policies."""

from __future__ import annotations

from math import isfinite


def number(name: str, value: object, *, above: float | None = None, least: float | None = None) -> float:
    """Return *value* as a float; raise ``ValueError`` naming *name* and the rule it breaks."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise ValueError(f"{name} must be a number, got {value!r}.")
    if above is not None and not value > above:
        raise ValueError(f"{name} must be above {above:g}, got {value!r}.")
    if least is not None and value < least:
        raise ValueError(f"{name} must be at least {least:g}, got {value!r}.")
    return float(value)


def permit_count(name: str, value: object) -> int:
    """Return *value*, a number of sessions of at least 1; raise ``ValueError`` naming *name* otherwise."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}.")
    return value


def count(name: str, value: object) -> int:
    """Return *value*, a whole number of at least 0; raise ``ValueError`` naming *name* otherwise."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} must be a whole number of at least 0, got {value!r}.")
    return value
