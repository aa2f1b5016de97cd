"""``srcset``: several addresses of one picture."""

from __future__ import annotations

import re
from typing import NamedTuple

# An address holds no white space and does not end in a comma; what follows it up to a comma outside of brackets
# describes it (https://html.spec.whatwg.org/multipage/images.html#parsing-a-srcset-attribute).
_CANDIDATE = re.compile(r"[\s,]*(\S*[^\s,])(,|[^,(]*(?:\([^)]*\)?[^,(]*)*)")
_SEPARATORS = " \t\n\f\r,"


class Candidate(NamedTuple):
    """One address of a picture; its size is 0 where the page does not say it."""

    url: str
    width: int = 0
    """In pixels (``300w``)."""
    density: float = 0.0
    """In image pixels per pixel of the screen (``2x``)."""


def parse_srcset(value: str) -> list[Candidate]:
    """The candidates of a ``srcset``, without embedded ones (``data:``); linear in its length."""
    candidates = []
    for url, descriptors in _CANDIDATE.findall(value.strip(_SEPARATORS)):
        if url[:5].lower() != "data:":
            candidates.append(_described(url, descriptors.split()))
    return candidates


def best_candidate(candidates: list[Candidate]) -> str:
    """The address of the largest picture, the first of equals; ``""`` if there is none."""
    best = max(candidates, key=lambda candidate: (candidate.width, candidate.density), default=None)
    return best.url if best is not None else ""


def _described(url: str, descriptors: list[str]) -> Candidate:
    width, density = 0, 0.0
    for descriptor in descriptors:
        number, unit = descriptor[:-1], descriptor[-1]
        if unit == "w" and number.isascii() and number.isdigit() and len(number) <= 6:  # noqa: PLR2004
            width = int(number)
        elif unit == "x":
            density = _number(number)
    return Candidate(url, width, density)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 < value < float("inf") else 0.0
