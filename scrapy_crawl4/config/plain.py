"""Configuration values in a form JSON can say, and back."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NoReturn

from .checks import short


def to_plain(name: str, value: Any) -> Any:
    """Return *value* as None, bool, number, str, list or dict.

    :raises ValueError: for any other object that has no ``to_dict()``, naming the parameter.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_plain(name, part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(name, part) for part in value]
    if isinstance(value, type) or not callable(getattr(value, "to_dict", None)):
        _no_form(name, value)
    return to_plain(name, value.to_dict())


def _no_form(name: str, value: Any) -> NoReturn:
    raise ValueError(f"{name} cannot be dumped: {short(value)} has no form JSON can say")


def from_plain(value: Any) -> Any:
    """Return the value of a dump; of crawl4ai's typed values, the part that a parameter takes."""
    if isinstance(value, Mapping) and value.keys() == {"type", "value"}:
        return value["value"]
    if isinstance(value, Mapping) and value.keys() == {"type", "params"}:
        return value["params"]
    return value
