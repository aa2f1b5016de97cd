"""Plain data as bytes and back.

It is written with pickle, restricted to the plain types of Python's data: the one format that gives back exactly what
was written (tuples, integer keys, halves of surrogate pairs, values that are shared), and reading it can build nothing
else.
"""

from __future__ import annotations

import io
import pickle
from typing import Any, NoReturn


def plain_bytes(value: Any) -> bytes | None:
    """Return *value* as bytes; None if there is anything in it that is no plain data."""
    buffer = io.BytesIO()
    try:
        _PlainPickler(buffer, pickle.HIGHEST_PROTOCOL).dump(value)
    except (pickle.PicklingError, RecursionError):
        return None
    return buffer.getvalue()


def plain_value(data: bytes) -> Any:
    """Return the value that :func:`plain_bytes` made *data* of."""
    return _PlainUnpickler(io.BytesIO(data)).load()


class _PlainPickler(pickle.Pickler):
    """Writes what Python has built in for data, and nothing of other types."""

    def reducer_override(self, value: Any) -> NoReturn:
        raise pickle.PicklingError(f"{type(value).__name__} is no plain data")


class _PlainUnpickler(pickle.Unpickler):
    """Reads plain data; knows no class and no function."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module}.{name} is no plain data")
