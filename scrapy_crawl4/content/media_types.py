"""What kind of document a response is: its Content-Type, and where browsers do not trust that, its first bytes.

After the MIME Sniffing Standard. Two things differ, since nothing is run here: a byte order mark does not make HTML
plain text, and ``X-Content-Type-Options: nosniff`` keeps nothing from being recognised.
"""

from __future__ import annotations

import re
from enum import Enum

from .signatures import SNIFFED_BYTES, has_binary_bytes, is_feed, sniff_binary, sniff_markup

UNKNOWN = frozenset({"", "unknown/unknown", "application/unknown", "*/*"})
PLAIN_TEXT_BY_DEFAULT = frozenset({"text/plain", "text/plain;charset=iso-8859-1", "text/plain;charset=utf-8"})
"""Headers that servers send for files they know nothing about."""

FEEDS = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml"})
_TEXTS = frozenset(
    f"application/{name}"
    for name in (
        "ecmascript",
        "graphql",
        "javascript",
        "json",
        "json-amazonui-streaming",
        "jsonl",
        "jsonlines",
        "ld+json",
        "ndjson",
        "sql",
        "toml",
        "typescript",
        "x-httpd-php",
        "x-javascript",
        "x-json",
        "x-latex",
        "x-ndjson",
        "x-perl",
        "x-php",
        "x-sh",
        "x-subrip",
        "x-tex",
        "x-toml",
        "x-yaml",
        "xml",
        "xml-dtd",
        "yaml",
    )
)
_TEXT_SUFFIXES = ("+json", "+xml", "+yaml")
_TYPE = re.compile(r"[\w!#$%&'*+.^`|~-]+/[\w!#$%&'*+.^`|~-]+")
_CHARSET = re.compile(r""";\s*charset\s*=\s*(?:"([^"]*)"|([^\s;,]*))""", re.IGNORECASE)


class Kind(Enum):
    """How a document is read."""

    HTML = "html"
    """As a page, XHTML too."""
    PDF = "pdf"
    """By a reader of PDF."""
    TEXT = "text"
    """As text: plain, XML, feeds, JSON, CSV, source code."""
    BINARY = "binary"
    """Not at all: pictures, sound, archives, programs."""


def essence(content_type: str) -> str:
    """``text/html`` for ``Text/HTML; charset=utf-8``; ``""`` for what is no media type."""
    kind = content_type.partition(";")[0].partition(",")[0].strip().lower()
    return kind if _TYPE.fullmatch(kind) else ""


def charset_of(content_type: str) -> str:
    """The value of the first ``charset`` parameter; ``""`` without one."""
    found = _CHARSET.search(content_type)
    return (found[1] or found[2] or "").strip() if found else ""


def kind_of(media_type: str) -> Kind:
    """How documents of *media_type* (an essence; ``""`` is HTML) are read."""
    if not media_type or "html" in media_type:
        return Kind.HTML
    if media_type == "application/pdf":
        return Kind.PDF
    is_text = media_type.startswith("text/") or media_type in _TEXTS or media_type.endswith(_TEXT_SUFFIXES)
    return Kind.TEXT if is_text else Kind.BINARY


def media_type_of(body: bytes, content_type: str) -> str:
    """The media type that browsers give a response with this body and Content-Type header; ``""`` for no body."""
    declared = essence(content_type)
    head = body[:SNIFFED_BYTES]
    if not head:
        return declared
    if declared in UNKNOWN:
        return sniff_markup(head) or sniff_binary(head) or _text_or_binary(head)
    if declared == "text/plain" and "".join(content_type.split()).lower() in PLAIN_TEXT_BY_DEFAULT:
        return sniff_binary(head) or "application/octet-stream" if has_binary_bytes(head) else declared
    if declared == "text/html":
        return is_feed(head) or declared
    return declared


def _text_or_binary(head: bytes) -> str:
    return "application/octet-stream" if has_binary_bytes(head) else "text/plain"
