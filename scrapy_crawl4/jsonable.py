"""Any value as something JSON can say.

What a page or an item holds may be anything: dates, bytes, sets, NaN, a str with half of a surrogate pair, an object
that contains itself. None of that may lose a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from pydantic_core import to_json, to_jsonable_python

_MAX_DEPTH = 100


def clean_text(text: str) -> str:
    """Return *text* with lone surrogates, which no encoding can write, replaced by U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # Pairs that were written as two halves are joined to the character they mean.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def jsonable(value: Any) -> Any:
    """Return *value* as dicts with str keys, lists, str, int, float, bool and None.

    Dates become ISO 8601 strings, bytes are read as UTF-8, NaN and infinities become None, and what JSON has no form
    for becomes its ``str()``. Never raises for a value whose ``str()`` works.
    """
    try:
        plain = to_jsonable_python(value, fallback=_text, inf_nan_mode="null")
        to_json(plain)
    except Exception:  # noqa: BLE001 - values are foreign objects: their own methods may raise anything
        return _walk(value, frozenset())
    return plain


def _walk(value: Any, outer: frozenset[int]) -> Any:
    """Do in Python, value by value, what failed for the whole; *outer* are the ids of the containers around."""
    if not isinstance(value, Mapping | list | tuple | AbstractSet):
        return _scalar(value)
    if id(value) in outer or len(outer) > _MAX_DEPTH:
        return "..."
    outer |= {id(value)}
    if isinstance(value, Mapping):
        return {_key(key): _walk(item, outer) for key, item in value.items()}
    return [_walk(item, outer) for item in value]


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean_text(str(value))
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    try:
        plain = to_jsonable_python(value, fallback=_text, inf_nan_mode="null")
    except Exception:  # noqa: BLE001 - values are foreign objects: their own methods may raise anything
        return _text(value)
    return clean_text(plain) if isinstance(plain, str) else plain


def _key(key: Any) -> str:
    plain = _scalar(key)
    return plain if isinstance(plain, str) else _text(plain)


def _text(value: Any) -> str:
    try:
        return clean_text(str(value))
    except Exception:  # noqa: BLE001 - values are foreign objects: their own methods may raise anything
        return f"<{type(value).__name__}>"
