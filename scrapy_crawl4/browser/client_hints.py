"""What a browser says of itself beside its User-Agent header, so that all of it agrees.

The headers ``Sec-CH-UA...`` and ``navigator.userAgentData`` are User-Agent Client Hints (WICG), which browsers of the
Chromium family send and others do not.
"""

from __future__ import annotations

import re
from typing import Any

CHROMIUM = re.compile(r"(?<!Headless)Chrome/(\d+)([\d.]*)")
BRANDS = (
    ("Edg", "Microsoft Edge"),
    ("EdgA", "Microsoft Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
)
"""Name in the User-Agent -> brand; the others are Chrome."""
SYSTEMS = (
    ("Android", "Android", "Linux armv81", r"Android (\d+)"),
    ("iPhone", "iOS", "iPhone", r"OS (\d+)"),
    ("iPad", "iOS", "iPad", r"OS (\d+)"),
    ("Windows", "Windows", "Win32", r"Windows NT (\d+)"),
    ("Mac OS X", "macOS", "MacIntel", r"Mac OS X (\d+)"),
    ("CrOS", "Chrome OS", "Linux x86_64", r"CrOS \S+ (\d+)"),
    ("Linux", "Linux", "Linux x86_64", r"$^"),
)
"""Name in the User-Agent -> name in the hints, ``navigator.platform``, where its version is."""


def override_of(user_agent: str) -> dict[str, Any]:
    """Return the parameters of the DevTools protocol's ``Emulation.setUserAgentOverride`` for *user_agent*.

    Without ``userAgentMetadata``, as for a browser that has no client hints, none are sent.
    """
    system, platform, version = _system(user_agent)
    override: dict[str, Any] = {"userAgent": user_agent}
    if platform:
        override["platform"] = platform
    found = CHROMIUM.search(user_agent)
    if found is not None and system != "iOS":
        override["userAgentMetadata"] = {
            "brands": _brands(user_agent, found[1], ""),
            "fullVersionList": _brands(user_agent, found[1], found[2] or ".0.0.0"),
            "platform": system,
            "platformVersion": version,
            "architecture": "" if system == "Android" else "x86",
            "bitness": "" if system == "Android" else "64",
            "model": "",
            "mobile": "Mobile" in user_agent,
        }
    return override


def platform_of(user_agent: str) -> str:
    """Return what ``navigator.platform`` says where *user_agent* is the User-Agent; ``""`` where that says nothing."""
    return _system(user_agent)[1]


def vendor_of(user_agent: str) -> str:
    """Return what ``navigator.vendor`` says where *user_agent* is the User-Agent."""
    if CHROMIUM.search(user_agent) and "iPhone" not in user_agent:
        return "Google Inc."
    return "Apple Computer, Inc." if "Safari/" in user_agent and "Apple" in user_agent else ""


def _system(user_agent: str) -> tuple[str, str, str]:
    for mark, system, platform, version in SYSTEMS:
        if mark in user_agent:
            found = re.search(version, user_agent)
            return system, platform, f"{found[1]}.0.0" if found else ""
    return "", "", ""


def _brands(user_agent: str, major: str, rest: str) -> list[dict[str, str]]:
    name, version = "Google Chrome", f"{major}{rest}"
    for mark, brand in BRANDS:
        if found := re.search(rf"\b{mark}/(\d+)([\d.]*)", user_agent):
            name, version = brand, f"{found[1]}{(found[2] or '.0.0.0') if rest else ''}"
    grease = {"brand": "Not:A-Brand", "version": f"8{'.0.0.0' if rest else ''}"}
    return [grease, {"brand": "Chromium", "version": f"{major}{rest}"}, {"brand": name, "version": version}]
