"""Checks of parameters that say who a page is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ..user_agents import RANDOM
from .checks import refuse
from .places import GeolocationConfig

_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?")


def check_mode(name: str, value: Any) -> str:
    """Accept the words that a ``user_agent_mode`` can be."""
    # crawl4ai's BrowserConfig has "" for None.
    return str(value) if value in ("", RANDOM) else refuse(name, "None or 'random'", value)


def check_wanted(name: str, value: Any) -> Mapping[str, Any]:
    """Accept a dict, or None for an empty one."""
    return dict(value or {}) if value is None or isinstance(value, Mapping) else refuse(name, "a dict", value)


def check_locale(name: str, value: Any) -> str:
    """Accept a language with or without a script and a region, such as ``de`` and ``pt-BR``; ``pt_BR`` is one too."""
    tag = value.replace("_", "-") if isinstance(value, str) else ""
    return tag if _LOCALE.fullmatch(tag) else refuse(name, "a language tag such as 'de' or 'pt-BR'", value)


def check_timezone(name: str, value: Any) -> str:
    """Accept a name of the system's time zones; where it has none, the browser has the word."""
    if not isinstance(value, str) or not (_is_zone(value) or (value and not _is_zone("Europe/London"))):
        refuse(name, "the name of a time zone such as 'Europe/Berlin'", value)
    return value


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a path, a folder, a name that nobody knows
        return False
    return True


def check_place(name: str, value: Any) -> GeolocationConfig:
    """Accept a :class:`GeolocationConfig`, or a dict with its parameters."""
    if isinstance(value, GeolocationConfig):
        return value.clone()
    if isinstance(value, Mapping) and {"latitude", "longitude"} <= value.keys():
        return GeolocationConfig.from_dict(value)
    return refuse(name, "a GeolocationConfig, or a dict with latitude and longitude", value)


def check_cdp_url(name: str, value: Any) -> str:
    """Accept an address that a browser can be spoken to at."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in {"http", "https", "ws", "wss"} or not parts.hostname:
        # Shown without the value, which may hold a key.
        raise ValueError(f"{name} must be an address such as 'http://127.0.0.1:9222' or 'ws://host/key'")
    return str(value)
