"""The texts of answers, in the encodings that browsers know."""

from __future__ import annotations

from w3lib.encoding import http_content_type_encoding

UTF_8 = "utf-8"
KNOWN = frozenset(
    {
        UTF_8, "ascii", "big5", "big5hkscs", "cp866", "cp874", "cp932", "cp949", "euc_jp", "euc_kr", "gb18030",
        "gb2312", "gbk", "iso2022_jp", "koi8-r", "koi8-u", "mac-cyrillic", "mac-roman", "shift_jis", "tis-620",
        "utf-16", "utf-16-be", "utf-16-le", *(f"cp{number}" for number in range(1250, 1259)),
        *(f"iso8859-{number}" for number in range(1, 17)),
    }
)  # fmt: skip
"""Python's names of the encodings of the web. It has others, some of which take minutes or fail on a page's words."""


def decoded(body: bytes, content_type: str) -> str:
    """Return the text of *body*, which the browser hands over in UTF-8, or as it was sent where it has not read it.

    :param content_type: may name the encoding that it was sent in; one that browsers do not know counts as UTF-8.
    """
    try:
        return body.decode(UTF_8)
    except UnicodeDecodeError:
        return body.decode(_named(content_type), "replace")


def as_named(body: bytes, content_type: str) -> bytes:
    """Return *body*, which the browser hands over in UTF-8, in the encoding that *content_type* names."""
    named = _named(content_type)
    try:
        return body if named == UTF_8 else body.decode(UTF_8).encode(named)
    except UnicodeError:
        return body


def _named(content_type: str) -> str:
    named = http_content_type_encoding(content_type)
    return named if named in KNOWN else UTF_8
