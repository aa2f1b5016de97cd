"""Bytes to text, as browsers do it.

The order is that of the HTML standard: a byte order mark, what the HTTP header says, what the document declares in its
first 1024 bytes, the content itself. Names of encodings are those of the Encoding Standard (``iso-8859-1`` is
windows-1252, ``gb2312`` is GBK), and bytes that are wrong become U+FFFD.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import turbohtml
from turbohtml.detect import Detection, detect

from .media_types import charset_of
from .urls import host_of

if TYPE_CHECKING:
    from turbohtml import Document

PRESCAN_BYTES = 1024
"""Where the standard's search for a declaration ends."""
SNIFFED_BYTES = 16 * 1024
"""How much text without a declaration is judged: words with bytes that are not ASCII."""
GOOD_PER_BAD = 10
"""Text without a declaration is UTF-8 when it has so many proper sequences for each wrong one: no other encoding does.
"""

FEWEST_NULS = 20
"""Text without a declaration can be UTF-16 when one byte in so many is NUL."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16le"), (codecs.BOM_UTF16_BE, "utf-16be"))
_XML_ENCODING = re.compile(rb"""^\s*<\?xml\s[^<>]{0,200}?\bencoding\s*=\s*["']\s*([\w.:-]{1,40})\s*["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([^\s"';]+)""", re.IGNORECASE)
_JAPANESE_ESCAPE = b"\x1b$"
"""How text of ISO-2022-JP, whose bytes are all ASCII, changes to Japanese letters."""
_LONGEST_LABEL = 40
_ASCII_ONLY = bytes(range(128)) + b"?" * 128
_NO_ENCODING = frozenset({"replacement"})
"""What the standard makes of encodings that browsers gave up, such as hz-gb-2312: the page as one U+FFFD."""


def decode(body: bytes, content_type: str = "", *, url: str = "", markup: bool = True) -> str:
    """*body* as text, without its byte order mark; never raises.

    :param content_type: the HTTP header; its ``charset`` counts if it names an encoding.
    :param url: where the body is from; the domain's country helps when nothing is declared.
    :param markup: whether it is HTML or XML, which can declare its encoding. A ``<meta>`` after the first 1024 bytes
        counts as in browsers: only for a page that declares nothing before and is not UTF-8.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _decoded(body[len(mark) :], name)
    name = known_encoding(charset_of(content_type)) or (declared_encoding(body) if markup else "")
    if name:
        return _decoded(body, name)
    if _JAPANESE_ESCAPE not in body and b"\x00" not in body[:PRESCAN_BYTES]:
        with suppress(UnicodeDecodeError):
            return body.decode("utf-8")
    return _decoded(body, (late_declaration(body) if markup else "") or sniffed(body, url))


def known_encoding(label: str) -> str:
    """The encoding that *label* names, as a codec of Python's; ``""`` for none that browsers know."""
    label = label.strip().lower()
    return _codec_of(label) if label.isascii() and len(label) <= _LONGEST_LABEL else ""


@lru_cache(maxsize=256)
def _codec_of(label: str) -> str:
    if not label:
        return ""
    try:
        codec = codecs.lookup(f"whatwg-{label}").name
    except (LookupError, ValueError):
        return ""
    if b"\xc3\xa9".decode(codec) == "\xe9":
        return "utf-8"  # whose decoder in Python is the faster one
    return "" if label in _NO_ENCODING or _is_given_up(codec) else codec


def _is_given_up(codec: str) -> bool:
    return b"ab".decode(codec) == "\ufffd"


def declared_encoding(body: bytes) -> str:
    """What the first 1024 bytes declare, in a ``<meta>`` or an XML declaration; ``""`` for nothing."""
    head = body[:PRESCAN_BYTES]
    found = _XML_ENCODING.match(head)
    if found and (name := known_encoding(found[1].decode("ascii"))):
        return "utf-8" if "utf_16" in name else name
    if b"charset" not in head.lower():
        return ""
    # The detector tells a declaration from its own judgement by nothing but this: it holds whatever follows.
    head = head.translate(_ASCII_ONLY).ljust(PRESCAN_BYTES)
    one, other = detect(head + b"\xc3\xa9").encoding, detect(head + b"\xff").encoding
    return known_encoding(one or "") if one == other else ""


def late_declaration(body: bytes) -> str:
    """What a ``<meta>`` anywhere in *body* declares, by its place in the tree; ``""`` for nothing."""
    if b"charset" not in body[PRESCAN_BYTES:].lower():
        return ""
    document: Document = turbohtml.parse(body.decode("latin-1"), positions=False)
    for meta in document.find_all("meta"):
        label = meta.attr("charset") or ""
        if not label and (meta.attr("http-equiv") or "").strip().lower() == "content-type":
            found = _CHARSET.search(meta.attr("content") or "")
            label = found[1] if found else ""
        if name := known_encoding(label):
            return "utf-8" if "utf_16" in name else name
    return ""


def sniffed(body: bytes, url: str = "") -> str:
    """The encoding of text that declares none, judged by its bytes and the country of *url*'s domain."""
    if wide := _wide(body[:PRESCAN_BYTES]):
        return wide
    if _JAPANESE_ESCAPE not in body and _is_nearly_utf8(body):
        return "utf-8"
    # The blanks keep the detector's own search for a declaration, which this text has none of, off the text.
    text = b" " * PRESCAN_BYTES + _telling(body)
    return known_encoding(detect(text, Detection(tld=_top_level(url))).encoding or "") or "utf-8"


def _telling(body: bytes) -> bytes:
    """The words of *body* that tell its encoding, as many as are judged: they may stand far from each other."""
    if _JAPANESE_ESCAPE in body:
        start = body.index(_JAPANESE_ESCAPE)
        return body[start : start + SNIFFED_BYTES]
    words = (word for line in body.splitlines() if not line.isascii() for word in line.split() if not word.isascii())
    return b" ".join(islice(words, SNIFFED_BYTES // 8))[:SNIFFED_BYTES]


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: of two bytes, always the same one is NUL in blanks, tags and Latin letters."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * FEWEST_NULS < len(head):
        return ""
    return ("utf-16le" if odd > even else "utf-16be") if min(even, odd) * GOOD_PER_BAD < max(even, odd) else ""


def _is_nearly_utf8(body: bytes) -> bool:
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    return good >= bad * GOOD_PER_BAD


def _top_level(url: str) -> str | None:
    label = host_of(url).rpartition(".")[2]
    is_name = label.isascii() and label.replace("-", "").isalnum() and not label.isdigit()
    return label if is_name else None


def _decoded(body: bytes, name: str) -> str:
    # Python's own decoder of UTF-8 and UTF-16 puts U+FFFD where the standard does.
    return body.decode(name, "replace")
