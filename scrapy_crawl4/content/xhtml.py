"""XHTML that is served as such, written so that a parser of HTML makes the same tree of it."""

from __future__ import annotations

import re

from turbohtml import escape

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_EMPTY = re.compile(r"""<([A-Za-z][\w:.-]*+)((?:[^<>"'/]|/(?!>)|"[^"<]*+"|'[^'<]*+')*+)/>""")
_ROOT = re.compile(
    r"(?:\s|<\?[^>]*>|<!--.*?-->|<!DOCTYPE[^>]*>)*+<html\b[^>]*http://www\.w3\.org/1999/xhtml", re.DOTALL
)


def is_xhtml(text: str) -> bool:
    """Whether the XML document *text* is a page."""
    return _ROOT.match(text) is not None


def xhtml_as_html(text: str) -> str:
    """*text* with end tags where XML says that an element is empty, and with the text of CDATA sections escaped.

    To a parser of HTML ``<script src="x"/>`` has no end, and the page after it would be its text.
    """
    parts = cdata_parts(_EMPTY.sub(_with_end_tag, text))
    parts[1::2] = [escape(part, quote=False) for part in parts[1::2]]
    return "".join(parts)


def cdata_parts(text: str) -> list[str]:
    """*text* cut at its CDATA sections: what is outside, what is inside, and so on by turns."""
    first, *others = text.split("<![CDATA[")
    parts = [first]
    for number, other in enumerate(others):
        inside, end, outside = other.partition("]]>")
        if not end:  # a section without an end, which is none
            parts[-1] += "<![CDATA[" + "<![CDATA[".join(others[number:])
            break
        parts += [inside, outside]
    return parts


def _with_end_tag(found: re.Match[str]) -> str:
    name, attributes = found[1], found[2]
    return f"<{name}{attributes}>" if name.lower() in _VOID else f"<{name}{attributes}></{name}>"
