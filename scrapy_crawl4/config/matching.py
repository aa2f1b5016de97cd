"""Whether a URL belongs to a configuration."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from .checks import refuse
from .enums import MatchMode

Matcher = str | Callable[[str], bool]
"""A glob pattern over the whole URL, case-sensitive, or a function of the URL."""

UrlMatcher = Matcher | list[Matcher]


def check_matcher(name: str, value: Any) -> UrlMatcher | None:
    """Accept None, a pattern, a function, or a list of patterns and functions."""
    parts = value if isinstance(value, list | tuple) else [value]
    if value is not None and not all(isinstance(part, str) or callable(part) for part in parts):
        refuse(name, "a glob pattern, a function of the URL, or a list of these", value)
    return list(value) if isinstance(value, list | tuple) else value


def matches(url: str, matcher: UrlMatcher | None, mode: MatchMode) -> bool:
    """Tell whether *matcher* accepts *url*: None accepts all, an empty list none; *mode* joins the parts of a list."""
    if matcher is None:
        return True
    if not isinstance(matcher, list):
        return _matches_one(url, matcher)
    if not matcher:
        return False
    join = any if mode is MatchMode.OR else all
    return join(_matches_one(url, part) for part in matcher)


def _matches_one(url: str, matcher: Matcher) -> bool:
    return fnmatchcase(url, matcher) if isinstance(matcher, str) else bool(matcher(url))
