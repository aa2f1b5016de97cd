"""Escapes that a writer puts in markdown to be safe, taken back where CommonMark reads the sign as itself anyway."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LETTER: Final = r"[^\W_]"
# Each begins with its backslash, which is found fast; what stands before is looked at after. None begins with the
# second half of an escaped backslash.
_NEEDLESS: Final = re.compile(
    r"\\(?:"
    rf"(?<={_LETTER}\\)_(?:\\_)*(?={_LETTER})"  # in a word: no emphasis (CommonMark 0.31, 6.2)
    r"|(?<=\d\\)[.)](?=\w)"  # without a blank: no item of a list (5.2)
    r"|(?<!\\\\)[-+](?=\w)"
    r"|(?<!\\\\)<(?=[\d=-])"  # no tag (6.6)
    r"|(?<=\w \\)\*(?:\\\*)*(?= \w)"  # between blanks: no emphasis
    r")"
)
_TICKS: Final = re.compile(r"`+")
_CODE_TAG: Final = re.compile(r"<(?:pre|code)\b")
_FENCE: Final = 3
_BLANK_LINE: Final = "\n\n"


def take_back_escapes(markdown: str) -> str:
    r"""*markdown* without needless escapes: ``snake_case``, not ``snake\_case``; ``1.5 m``, not ``1\.5 m``.

    Code stays as it is, and so does HTML with code in it, up to the next blank line.
    """
    if "\\" not in markdown or _NEEDLESS.search(markdown) is None:
        return markdown
    parts: list[str] = []
    done = 0
    for start, end in sorted([*_marked_code(markdown), *_tagged_code(markdown), (len(markdown), len(markdown))]):
        if start > done:
            parts.append(_NEEDLESS.sub(_bare, markdown[done:start]))
        parts.append(markdown[max(start, done) : end])
        done = max(done, end)
    return "".join(parts)


def _bare(found: re.Match[str]) -> str:
    return found[0].replace("\\", "")


def _marked_code(markdown: str) -> Iterator[tuple[int, int]]:
    """Where code between backticks is, fences and spans; a span ends before a blank line."""
    opening = ""
    start = seen = 0
    for found in _TICKS.finditer(markdown):
        if opening and len(opening) < _FENCE and markdown.find(_BLANK_LINE, seen, found.start()) >= 0:
            opening = ""
        seen = found.end()
        if not opening:
            start = found.start()
            opening = found[0][_is_escaped(markdown, start) :]
        elif found[0] == opening:
            yield start, seen
            opening = ""
    if len(opening) >= _FENCE:
        yield start, len(markdown)


def _is_escaped(markdown: str, place: int) -> bool:
    before = place
    while before and markdown[before - 1] == "\\":
        before -= 1
    return (place - before) % 2 == 1


def _tagged_code(markdown: str) -> Iterator[tuple[int, int]]:
    """Where HTML is with code in it."""
    end = 0
    for found in _CODE_TAG.finditer(markdown):
        if found.start() >= end and not _is_escaped(markdown, found.start()):
            end = markdown.find(_BLANK_LINE, found.start())
            end = end if end >= 0 else len(markdown)
            yield found.start(), end
