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
_FENCE_SIGN: Final = "```"
_BLANK_LINE: Final = "\n\n"


def take_back_escapes(markdown: str) -> str:
    r"""*markdown* without needless escapes: ``snake_case``, not ``snake\_case``; ``1.5 m``, not ``1\.5 m``.

    Code stays as it is, and so does HTML with code in it, up to the next blank line.
    """
    found = _NEEDLESS.search(markdown) if "\\" in markdown else None
    parts: list[str] = []
    place = fence = 0
    while found is not None:
        if 0 <= fence < place or not place:
            fence = markdown.find(_FENCE_SIGN, place)
        first = found.start() if fence < 0 else min(fence, found.start())
        start = max(markdown.rfind(_BLANK_LINE, place, first), place)
        end = _end_of_stretch(markdown, start, first)
        parts.append(markdown[place:start])
        if found.start() < end:
            parts.append(_take_back(markdown[start:end]))
            found = _NEEDLESS.search(markdown, end)
        else:
            parts.append(markdown[start:end])
        place = end
    return "".join([*parts, markdown[place:]])


def _end_of_stretch(markdown: str, start: int, first: int) -> int:
    """Where the paragraph of *first* ends, or a later one, up to which a fence reaches: no code goes on after it."""
    end = _end_of_paragraph(markdown, first)
    if markdown.find(_FENCE_SIGN, start, end) < 0:
        return end
    _, opening, _ = _marked_code(markdown[start:end])
    while len(opening) >= _FENCE:
        closing = re.compile(f"(?<!`){opening}(?!`)").search(markdown, end)
        if closing is None:
            return len(markdown)
        end = _end_of_paragraph(markdown, closing.end())
        _, opening, _ = _marked_code(markdown[closing.end() : end])
    return end


def _end_of_paragraph(markdown: str, place: int) -> int:
    end = markdown.find(_BLANK_LINE, place)
    return end if end >= 0 else len(markdown)


def _take_back(stretch: str) -> str:
    if "`" not in stretch and _CODE_TAG.search(stretch) is None:
        return _NEEDLESS.sub(_bare, stretch)
    parts: list[str] = []
    done = 0
    code, opening, last = _marked_code(stretch)
    if len(opening) >= _FENCE:
        code.append((last, len(stretch)))
    for start, end in sorted([*code, *_tagged_code(stretch), (len(stretch), len(stretch))]):
        if start > done:
            parts.append(_NEEDLESS.sub(_bare, stretch[done:start]))
        parts.append(stretch[max(start, done) : end])
        done = max(done, end)
    return "".join(parts)


def _bare(found: re.Match[str]) -> str:
    return found[0].replace("\\", "")


def _marked_code(markdown: str) -> tuple[list[tuple[int, int]], str, int]:
    """Where code between backticks is, fences and spans, and the sign of the last one that is open, with its place.

    A span ends before a blank line.
    """
    code: list[tuple[int, int]] = []
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
            code.append((start, seen))
            opening = ""
    return code, opening, start


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
