"""Names of files made from URLs."""

from __future__ import annotations

import hashlib
import re

LONGEST_SLUG = 100
"""Characters of the URL in a name; the whole name stays below the 143 bytes that encrypted file systems allow."""

DIGEST_LENGTH = 12
"""Hexadecimal digits that keep names of different URLs apart."""

_HTTP = re.compile(r"https?://", re.IGNORECASE)
_NOT_SAFE = re.compile(r"[^A-Za-z0-9._]+")


def markdown_name(url: str) -> str:
    """Return the name of the Markdown file for *url*: readable, and safe on every file system.

    It has letters, digits, ``.``, ``_`` and ``-`` only, starts with a letter or a digit, and ends with a digest of
    the whole URL before ``.md``, so that different URLs get different names, also where case does not count.
    """
    digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_LENGTH]
    slug = _NOT_SAFE.sub("-", _readable(url))[:LONGEST_SLUG].strip("-._")
    return f"{slug}-{digest}.md" if slug else f"{digest}.md"


def _readable(url: str) -> str:
    """The part of *url* that people tell pages apart by; a ``raw:`` URL is a page, not an address."""
    if url.startswith("raw:"):
        return "raw"
    return _HTTP.sub("", url[: LONGEST_SLUG * 2], count=1)
