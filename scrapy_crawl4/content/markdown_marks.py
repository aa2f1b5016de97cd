"""Text of the tree that is markdown (or HTML) already, and must come through a writer as it is.

Such text is spelled in characters that no page has and no writer escapes, breaks or changes: noncharacters and private
use at the end of Unicode's last plane. :func:`unmark` and :func:`unmark_html` spell it out again.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_BASE: Final = 0x10FF00  # plus the code of an ASCII character
_FIRST: Final = "\U0010ffe0"  # stands before each run of the others: one look tells text without any
_NOTE, _NOTE_END = "\U0010ffe1", f"{_FIRST}\U0010ffe2"
SUP, SUP_END = f"{_FIRST}\U0010ffe3", f"{_FIRST}\U0010ffe4"
SUB, SUB_END = f"{_FIRST}\U0010ffe5", f"{_FIRST}\U0010ffe6"
LESS, GREATER = f"{_FIRST}\U0010ffe7", f"{_FIRST}\U0010ffe8"
BACKSLASH = f"{_FIRST}\U0010ffe9"
"""Signs that only markdown gets: around raised and lowered text, around an address, and before what is no sign."""

_SPELLABLE: Final = re.compile("[\x00-\x7f]+")
_ENCODE: Final = {code: _BASE + code for code in range(128)}
_ASCII: Final = {_BASE + code: chr(code) for code in range(128)}
_ESCAPED: Final = {_BASE + code: html.escape(chr(code)) for code in range(128)}
_TAGS: Final = {SUP: "<sup>", SUP_END: "</sup>", SUB: "<sub>", SUB_END: "</sub>"}
_SIGNS: Final = {**_TAGS, LESS: "<", GREATER: ">", BACKSLASH: "\\"}
_NOTHING: Final = {ord(sign[-1]): "" for sign in (_FIRST, _NOTE, _NOTE_END)}
_TO_MARKDOWN: Final = _ASCII | _NOTHING | {ord(sign[-1]): text for sign, text in _SIGNS.items()}
_TO_HTML: Final = _ESCAPED | _NOTHING | {ord(sign[-1]): "" for sign in _SIGNS}
_RUN: Final = re.compile("[\U0010ff00-\U0010ffff]*")
_NOTES: Final = re.compile(f"{_NOTE}([^{_NOTE}{_NOTE_END[-1]}]*){_NOTE_END[-1]}")
_LATER_LINES: Final = re.compile(r"\n(?=[^\n])")


def mark(text: str) -> str:
    """*text* so that it comes through as it is."""
    return _SPELLABLE.sub(lambda run: _FIRST + run[0].translate(_ENCODE), text)


def reference(label: str) -> str:
    """The mark of the footnote *label*."""
    return mark(f"[^{label}]")


def note(label: str) -> tuple[str, str]:
    """What stands before and after the text of the footnote *label*."""
    return f"{_FIRST}{_NOTE}" + mark(f"[^{label}]: "), _NOTE_END


def unmark(markdown: str) -> str:
    """Markdown with what was marked spelled out, and the later lines of footnotes set in."""
    if _FIRST not in markdown:
        return markdown
    markdown = _NOTES.sub(lambda found: _LATER_LINES.sub("\n    ", found[1].removesuffix(_FIRST).rstrip()), markdown)
    return _spelled(markdown, _TO_MARKDOWN)


def unmark_html(text: str) -> str:
    """HTML of the same tree with what was marked as text."""
    return _spelled(text, _TO_HTML) if _FIRST in text else text


def _spelled(text: str, spelling: Mapping[int, str]) -> str:
    before, *parts = text.split(_FIRST)
    spelled = [before]
    for part in parts:
        end = run.end() if (run := _RUN.match(part)) else 0
        spelled += part[:end].translate(spelling), part[end:]
    return "".join(spelled)
