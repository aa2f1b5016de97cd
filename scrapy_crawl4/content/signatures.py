"""First bytes that tell what a document is, after the tables of the MIME Sniffing Standard."""

from __future__ import annotations

import codecs
import re

SNIFFED_BYTES = 1445
"""How far into a document the standard looks."""

_TAGS = b"!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p"
_HTML = re.compile(rb"[\t\n\x0c\r ]*<(?:(?:" + _TAGS + rb")[ >\t\n\x0c\r/]|!--)", re.IGNORECASE)
_XML = re.compile(rb"[\t\n\x0c\r ]*<\?xml[\s?]")
_XML_ROOT = re.compile(
    rb"(?:\s+|<!--(?s:.)*?-->|<\?(?s:.)*?\?>|<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>)*+<([A-Za-z_][\w:.-]*)([^>]*)"
)
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_MP4 = slice(4, 8)

_SIGNATURES = tuple(
    (re.compile(pattern, re.DOTALL), media_type)
    for pattern, media_type in (
        (rb"%PDF-", "application/pdf"),
        (rb"%!PS-Adobe-", "application/postscript"),
        (rb"\x00\x00[\x01\x02]\x00", "image/x-icon"),
        (rb"BM", "image/bmp"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"RIFF.{4}WEBPVP", "image/webp"),
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"FORM.{4}AIFF", "audio/aiff"),
        (rb"ID3", "audio/mpeg"),
        (rb"OggS\x00", "application/ogg"),
        (rb"MThd\x00\x00\x00\x06", "audio/midi"),
        (rb"RIFF.{4}AVI ", "video/avi"),
        (rb"RIFF.{4}WAVE", "audio/wave"),
        (rb".{4}ftyp", "video/mp4"),
        (rb"\x1a\x45\xdf\xa3", "video/webm"),
        (rb"\x00\x01\x00\x00|OTTO|true|ttcf|wOF[F2]", "font/sfnt"),
        (rb"\x1f\x8b\x08", "application/x-gzip"),
        (rb"PK\x03\x04", "application/zip"),
        (rb"Rar!\x1a\x07", "application/x-rar-compressed"),
    )
)
# Signatures that are words: text may begin with them too, so they count only before bytes that text does not have.
_WORDS = frozenset({"image/bmp", "audio/mpeg", "font/sfnt", "video/mp4"})


def sniff_markup(head: bytes) -> str:
    """``text/html``, ``text/xml`` or a feed's type for a document that begins so; else ``""``."""
    text = _unmarked(head)
    if _HTML.match(text):
        return "text/html"
    if feed := is_feed(head):
        return feed
    if not _XML.match(text):
        return ""
    root = _XML_ROOT.match(text)
    return "application/xhtml+xml" if root and root[1].lower() == b"html" else "text/xml"


def sniff_binary(head: bytes) -> str:
    """The media type of pictures, sound, archives and PDF by their first bytes; else ``""``."""
    for pattern, media_type in _SIGNATURES:
        if pattern.match(head):
            return media_type if media_type not in _WORDS or has_binary_bytes(head) else ""
    return ""


def is_feed(head: bytes) -> str:
    """The media type of a feed by its root element; ``""`` for anything else."""
    root = _XML_ROOT.match(_unmarked(head))
    if root is None:
        return ""
    name, attributes = root[1], root[2]
    if name == b"rss":
        return "application/rss+xml"
    if name in {b"feed", b"atom:feed"} and b"http://www.w3.org/2005/Atom" in attributes:
        return "application/atom+xml"
    if name == b"rdf:RDF" and b"http://purl.org/rss/1.0/" in attributes:
        return "application/rss+xml"
    return ""


def has_binary_bytes(head: bytes) -> bool:
    """Whether there are bytes that no text has; a byte order mark makes everything text."""
    if head.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    return _BINARY.search(head) is not None


def _unmarked(head: bytes) -> bytes:
    """*head* as ASCII-compatible bytes without a byte order mark."""
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16le"), (codecs.BOM_UTF16_BE, "utf-16be")):
        if head.startswith(mark):
            return head[2:].decode(name, "replace").encode("utf-8", "replace")
    return head.removeprefix(codecs.BOM_UTF8)
