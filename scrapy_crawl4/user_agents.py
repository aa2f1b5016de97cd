"""User agents of real browsers, chosen at random but the same again for the same key.

The list is that of the package ``fake-useragent``, which collects what browsers send today; it is read on first use.
"""

from __future__ import annotations

import secrets
from functools import lru_cache
from hashlib import blake2b
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NoReturn

from .exceptions import UnsupportedOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .config import CrawlerRunConfig

RANDOM = "random"
"""The ``user_agent_mode`` that takes a user agent from the list."""

BROWSERS: Mapping[str, tuple[str, ...]] = {
    "chrome": ("chrome", "chrome mobile", "chrome mobile ios"),
    "edge": ("edge", "edge mobile"),
    "firefox": ("firefox", "firefox mobile", "firefox ios"),
    "safari": ("safari", "mobile safari"),
}
"""``browser_type`` -> names in the list, in lower case."""
OLDEST, OLDEST_SAFARI = 100, 16
"""Versions, of 2022, below which hardly anybody visits with a browser; the list has some of 2015."""
LOOKALIKES = ("chrome", "edge")
"""Names in the list of browsers that our own can pass for."""
SYSTEMS: Mapping[str, tuple[str, ...]] = {
    "windows": ("windows",),
    "macos": ("mac os x",),
    "linux": ("linux", "ubuntu"),
    "android": ("android",),
    "ios": ("ios",),
}
"""``os_type`` -> names in the list, in lower case."""
DEVICES = ("desktop", "mobile", "tablet")
MOBILE = frozenset({"android", "ios"})

KEYS = frozenset(
    {
        "browser_type",
        "browsers",
        "device_brand",
        "device_type",
        "fallback",
        "min_version",
        "os",
        "os_type",
        "pct_threshold",
        "platforms",
    }
)
"""Keys of ``user_agent_generator_config``."""

Criteria = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of a field of the list's entries -> values that it may have, in lower case."""


def user_agent_of(config: CrawlerRunConfig, key: str) -> str | None:
    """Return the User-Agent header that *config* asks for; None when it asks for none.

    ``user_agent`` goes before ``user_agent_mode``. A pure function: the same *key* gives the same user agent in every
    process with the same list, so that the requests of one task or of one session agree without sharing anything.
    """
    if config.user_agent or not is_random(config):
        return config.user_agent or None
    pool = user_agents(wanted_of(config))
    number = int.from_bytes(blake2b(key.encode("utf-8", "replace"), digest_size=8).digest())
    return pool[number % len(pool)]


def is_random(config: CrawlerRunConfig) -> bool:
    """Return whether *config* asks for a user agent of the list."""
    return config.user_agent_mode == RANDOM or config.magic


def wanted_of(config: CrawlerRunConfig) -> Mapping[str, Any]:
    """Return what kind of user agent *config* asks for."""
    # What is to look right must be of the family that the browser is of.
    return config.user_agent_generator_config or ({"browsers": LOOKALIKES} if config.magic else {})


def any_user_agent(wanted: Mapping[str, Any]) -> str:
    """Return a user agent that is *wanted*, another one at each call.

    :raises ValueError, UnsupportedOption: as :func:`user_agents` does.
    """
    return secrets.choice(user_agents(wanted))


def user_agents(wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the user agents of the list that are *wanted*, never none.

    Keys, all optional: ``device_type`` (``desktop``, ``mobile`` or ``tablet``), ``os_type`` (``windows``, ``macos``,
    ``linux``, ``android``, ``ios``), ``browser_type`` (``chrome``, ``edge``, ``firefox``, ``safari``),
    ``device_brand``; or, with the names that ``fake-useragent`` uses, one or several ``platforms``, ``os`` and
    ``browsers``; ``min_version``, the lowest version of the browser, without which those of the last years are taken
    where there are any; ``pct_threshold``, the lowest share of all
    visits in percent; ``fallback``, the user agent when the list has none of that kind. Without any: desktop browsers
    Chrome, Edge and Firefox on Windows and macOS.

    :raises ValueError: for an unknown key, a value of a wrong type, or when no user agent is of that kind.
    :raises UnsupportedOption: when ``fake-useragent`` is not installed.
    """
    criteria, percent = _criteria(wanted), _number(wanted, "pct_threshold")
    found: tuple[str, ...] = ()
    if "min_version" not in wanted:
        found = _matching(criteria, None, percent)
    found = found or _matching(criteria, _number(wanted, "min_version"), percent)
    found = found or tuple(filter(None, [_text(wanted, "fallback")]))
    if not found:
        raise ValueError("user_agent_generator_config matches no user agent of the list: ask for less")
    return found


def _criteria(wanted: Mapping[str, Any]) -> Criteria:
    if unknown := wanted.keys() - KEYS:
        name = min(map(str, unknown))
        raise ValueError(f"user_agent_generator_config has no key {name!r}: use {', '.join(sorted(KEYS))}")
    system, browser = _member(wanted, "os_type", SYSTEMS), _member(wanted, "browser_type", BROWSERS)
    device, brand = _member(wanted, "device_type", DEVICES), _text(wanted, "device_brand").lower()
    # Whatever is not asked for is what most visitors have.
    systems = _names(wanted, "os") or SYSTEMS.get(system, ())
    devices = _names(wanted, "platforms") or ((device,) if device else ())
    if not devices:
        devices = ("mobile",) if systems and MOBILE.issuperset(systems) else ("desktop",)
    desktop = devices == ("desktop",)
    if not systems:
        systems = (*SYSTEMS["windows"], *SYSTEMS["macos"]) if desktop else tuple(MOBILE)
    browsers = _names(wanted, "browsers") or BROWSERS.get(browser, ())
    if not browsers:
        families = ("chrome", "edge", "firefox") if desktop else tuple(BROWSERS)
        browsers = tuple(name for family in families for name in BROWSERS[family])
    rules = {"type": devices, "os": systems, "browser": browsers, "device_brand": (brand,) if brand else ()}
    return tuple((field, values) for field, values in rules.items() if values)


# Reading and filtering takes some 100 ms; nothing is kept but the texts.
@lru_cache(maxsize=32)
def _matching(criteria: Criteria, min_version: float | None, min_percent: float) -> tuple[str, ...]:
    """Return the user agents that meet *criteria*; without *min_version*, of versions that are not conspicuous."""
    if find_spec("fake_useragent") is None:
        raise UnsupportedOption(
            "user_agent_mode='random' needs the package fake-useragent: install scrapy-crawl4[user-agents]"
        )
    from fake_useragent.utils import load  # noqa: PLC0415 - an optional dependency

    # Each once, in the order of the list, so that a choice by number is the same everywhere.
    return tuple(
        dict.fromkeys(
            entry["useragent"].strip(' "')  # a few have kept the marks of the log they come from
            for entry in load()
            if entry["browser_version_major_minor"] >= (_usual(entry) if min_version is None else min_version)
            and entry["percent"] >= min_percent
            and all(str(entry.get(field) or "").lower() in values for field, values in criteria)
        )
    )


def _usual(entry: Mapping[str, Any]) -> float:
    return OLDEST_SAFARI if "safari" in str(entry["browser"]).lower() else OLDEST


def _text(wanted: Mapping[str, Any], key: str) -> str:
    value = wanted.get(key)
    if not isinstance(value, str | None):
        _refuse(key, "a string", value)
    return value or ""


def _member(wanted: Mapping[str, Any], key: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    value = _text(wanted, key).lower()
    if value and value not in known:
        _refuse(key, f"one of {', '.join(known)}", value)
    return value


def _names(wanted: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = wanted.get(key)
    names = value if isinstance(value, list | tuple | set | frozenset) else (value or "",)
    if not all(isinstance(name, str) for name in names):
        _refuse(key, "a string or a list of strings", value)
    return tuple(sorted(name.lower() for name in names if name))


def _number(wanted: Mapping[str, Any], key: str) -> float:
    value = wanted.get(key) or 0.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(key, "a number", value)
    return value


def _refuse(key: str, rule: str, value: object) -> NoReturn:
    raise ValueError(f"user_agent_generator_config[{key!r}] must be {rule}, got {value!r:.80}")
