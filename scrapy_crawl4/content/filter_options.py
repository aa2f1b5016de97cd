"""Parameters of content filters, checked when a filter is made."""

from __future__ import annotations

import math
from collections.abc import Iterable


def whole_number(name: str, value: int | None) -> int | None:
    """*value*, which is None or a whole number from 0 on."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise TypeError(f"{name} must be a whole number or None, got {value!r}")
    if value is not None and value < 0:
        raise ValueError(f"{name} must be 0 or more, got {value!r}")
    return value


def number(name: str, value: float) -> float:
    """*value*, which is a finite number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be 0 or more, got {value!r}")
    return float(value)


def names(name: str, value: Iterable[str] | None) -> frozenset[str]:
    """The strings in *value*; None is none."""
    given: object = () if value is None else value
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"{name} must be a list of names, got {value!r}")
    found = list(given)
    if not all(isinstance(each, str) for each in found):
        raise TypeError(f"{name} must be a list of names, got {value!r}")
    return frozenset(found)
