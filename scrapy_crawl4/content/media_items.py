"""The shape that pictures, videos and sounds have in ``media``."""

from __future__ import annotations

from typing import Any


def media_item(
    src: str, kind: str, *, alt: str, desc: str, group: int, width: int | None, score: int = 0
) -> dict[str, Any]:
    """One item of ``media``, with crawl4ai's keys; ``data`` is empty, since embedded media are not listed."""
    return {
        "src": src,
        "data": "",
        "alt": alt,
        "desc": desc,
        "score": score,
        "type": kind,
        "group_id": group,
        "format": None,
        "width": width,
    }


def suffix(url: str) -> str:
    """The lower-case file name suffix of *url* without the dot, ``""`` if there is none."""
    name = url.partition("?")[0].partition("#")[0].rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def pixels(value: str | None) -> int | None:
    """A length as pages write it (``640``, ``640px``); None where it says no number of pixels."""
    if not value:
        return None
    digits = value.strip().removesuffix("px")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 6 else None  # noqa: PLR2004
