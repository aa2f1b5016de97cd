"""Checks of parameter values.

A check takes the parameter's name and the value, and returns the value to keep, or raises :class:`ValueError` with
one sentence that names the parameter and the rule. Lists and dicts are copied: what a caller does with his own later
changes no configuration.
"""

from __future__ import annotations

import os
import re
import reprlib
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NoReturn, TypeGuard, TypeVar

Check = Callable[[str, Any], Any]
E = TypeVar("E", bound=Enum)

_METHOD = re.compile(r"[A-Za-z!#$%&'*+.^_`|~-]+")


def refuse(name: str, rule: str, value: Any) -> NoReturn:
    """Raise the :class:`ValueError` for a value that breaks a rule."""
    raise ValueError(f"{name} must be {rule}, got {short(value)}")


def short(value: Any) -> str:
    """Return the ``repr`` of a value, cut where it gets long."""
    shortener = reprlib.Repr()
    shortener.maxstring = shortener.maxother = 80
    return shortener.repr(value)


def anything(name: str, value: Any) -> Any:
    """Accept every value as it is."""
    return value


def flag(name: str, value: Any) -> bool:
    """Accept True and False."""
    return value if isinstance(value, bool) else refuse(name, "True or False", value)


def text(name: str, value: Any) -> str:
    """Accept a string."""
    return value if isinstance(value, str) else refuse(name, "a string", value)


def optional(check: Check) -> Check:
    """Accept None beside what *check* accepts."""

    def check_or_none(name: str, value: Any) -> Any:
        return None if value is None else check(name, value)

    return check_or_none


def one_of(*words: str) -> Check:
    """Return a check that accepts one of *words*."""
    rule = f"one of {', '.join(map(repr, words))}"

    def check(name: str, value: Any) -> str:
        return value if isinstance(value, str) and value in words else refuse(name, rule, value)

    return check


def count(least: int, of: str = "") -> Check:
    """Accept whole numbers from *least* on; *of* says of what, for the message."""
    rule = f"a whole number{of and ' of '}{of}, {least} or more"

    def check_count(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            refuse(name, rule, value)
        return value

    return check_count


def number(of: str, *, positive: bool = False) -> Check:
    """Accept finite numbers that are not negative, or with *positive* above 0; *of* is their unit."""
    rule = f"a {'positive number' if positive else 'number'} of {of}{'' if positive else ', 0 or more'}"

    def check_number(name: str, value: Any) -> float:
        if not _is_finite(value):
            refuse(name, rule, value)
        if value < 0 or (positive and value == 0):
            refuse(name, rule, value)
        return value

    return check_number


def real(name: str, value: Any) -> float:
    """Accept every finite number, negative ones too."""
    if not _is_finite(value):
        refuse(name, "a number", value)
    return value


def _is_finite(value: Any) -> TypeGuard[float]:
    # A whole number may be larger than every float.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def texts(name: str, value: Any) -> list[str]:
    """Accept a list, tuple or set of strings."""
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(part, str) for part in value):
        refuse(name, "a list of strings", value)
    return list(value)


def folder(name: str, value: Any) -> str:
    """Accept the path of a folder, which need not be there."""
    path = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    return path if isinstance(path, str) and path else refuse(name, "the path of a folder", value)


def text_map(name: str, value: Any) -> dict[str, str]:
    """Accept a mapping of strings to strings."""
    if not isinstance(value, Mapping) or not all(isinstance(part, str) for pair in value.items() for part in pair):
        refuse(name, "a dict of strings", value)
    return dict(value)


def dicts(name: str, value: Any) -> list[dict[str, Any]]:
    """Accept a list of dicts."""
    if not isinstance(value, list | tuple) or not all(isinstance(part, Mapping) for part in value):
        refuse(name, "a list of dicts", value)
    return [dict(part) for part in value]


def member(kind: type[E]) -> Check:
    """Accept a member of the enumeration *kind*, or its value as a string in any case."""
    by_value = {str(choice.value).lower(): choice for choice in kind}
    rule = f"a {kind.__name__} ({', '.join(repr(choice.value) for choice in kind)})"

    def check_member(name: str, value: Any) -> E:
        if isinstance(value, kind):
            return value
        choice = by_value.get(value.lower()) if isinstance(value, str) else None
        return choice or refuse(name, rule, value)

    return check_member


def having(method: str) -> Check:
    """Accept objects (not classes) that have the method *method*."""

    def check_method(name: str, value: Any) -> Any:
        if isinstance(value, type):
            refuse(name, f"an instance, not a class (write {value.__name__}(...))", value)
        if not callable(getattr(value, method, None)):
            refuse(name, f"an object with a {method}() method", value)
        return value

    return check_method


def http_method(name: str, value: Any) -> str:
    """Accept the name of an HTTP method; returned in upper case."""
    if not isinstance(value, str) or not _METHOD.fullmatch(value):
        refuse(name, "the name of an HTTP method such as 'GET'", value)
    return value.upper()
