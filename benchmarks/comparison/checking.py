"""Whether a runner has done its work."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHOWN = 3
"""Faults that are named."""


def faults(urls: Sequence[str], results: Iterable[tuple[str, str, int]]) -> list[str]:
    """Return what is wrong with *results*, each a URL, the path that its content names, and the content's length.

    Every URL must have exactly one result, with the content of its own page.
    """
    found: list[str] = []
    left = Counter(urls)
    for url, marker, length in results:
        if left[url] <= 0:
            found.append(f"{url}: {'one result too many' if url in left else 'nobody asked for it'}")
            continue
        left[url] -= 1
        if not length:
            found.append(f"{url}: no content")
        elif marker != urlsplit(url).path:
            found.append(f"{url}: the content of {marker or 'no page'}")
    found += [f"{url}: no result" for url in left.elements()]
    return found


def summary(found: Sequence[str]) -> str:
    """Return one line about *found*."""
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(found[:SHOWN]) + more
