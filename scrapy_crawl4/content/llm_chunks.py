"""Text cut into pieces that a model can take, by an estimate of its tokens."""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_SPACES = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
"""Characters of scripts that put no spaces between words: each counts as a word."""
# A long word counts in parts; a tag begins a word.
_WORD = re.compile(rf"[{_NO_SPACES}]|[^\s{_NO_SPACES}][^\s<{_NO_SPACES}]{{0,11}}")
_LOOK_BACK = 4
"""The place of a cut is looked for in the last quarter of a piece."""
_BLANK_LINE, _LINE, _TAG, _SPACE, _ANYWHERE = 4, 3, 2, 1, 0


def count_tokens(text: str, word_token_rate: float) -> int:
    """An estimate of the tokens of *text*: words, long ones counted in parts of 12 characters, times the rate."""
    return int(sum(1 for _ in _WORD.finditer(text)) * word_token_rate)


def cut_text(sections: Sequence[str], tokens: float, overlap_rate: float, word_token_rate: float) -> list[str]:
    """*sections*, joined by blank lines, in pieces of at most *tokens* tokens.

    Pieces end at blank lines where that is possible, else at lines, tags or words. Each piece begins with the end of
    the one before, *overlap_rate* of the size of a piece. All text is kept, line breaks too, except white space at
    cuts.
    """
    text = "\n\n".join(section for section in sections if section.strip())
    if not text:
        return []
    if len(text) * word_token_rate <= tokens:  # words have at least one character
        return [text]
    size = max(1, int(tokens / word_token_rate))
    starts, ends = array("Q"), array("Q")
    for match in _WORD.finditer(text):
        starts.append(match.start())
        ends.append(match.end())
    if len(starts) <= size:
        return [text]
    overlap = min(int(size * overlap_rate), size // 2)
    return [text[starts[first] : ends[last - 1]] for first, last in _spans(text, starts, ends, size, overlap)]


def _spans(text: str, starts: array[int], ends: array[int], size: int, overlap: int) -> list[tuple[int, int]]:
    """First word of each piece, and the one behind its last."""
    spans = []
    first, fresh = 0, 0
    while len(starts) - first > size:
        # At least one word must be new, or there would be no end.
        earliest = max(fresh + 1, first + size - size // _LOOK_BACK)
        places = range(first + size, earliest - 1, -1)
        last = max(places, key=lambda place: _quality(text, ends[place - 1], starts[place]), default=first + size)
        spans.append((first, last))
        first, fresh = max(last - overlap, first + 1), last
    return [*spans, (first, len(starts))]


def _quality(text: str, end: int, start: int) -> int:
    """How good a place for a cut the gap between two words is."""
    gap = text[end:start]
    lines = gap.count("\n")
    if lines:
        return _BLANK_LINE if lines > 1 else _LINE
    if text[start] == "<":
        return _TAG
    return _SPACE if gap else _ANYWHERE
