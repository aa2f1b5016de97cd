"""Links of a markdown text as numbered citations with a list of references.

:func:`with_citations` is one pass over the text: linear time, no exception for any input, and it changes nothing
but links and images. Code (fenced blocks and inline spans) is left alone.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADING = "\n\n## References\n\n"
# Open brackets that are remembered at one time. Real pages nest two deep; the bound keeps hostile text linear.
_MAX_OPEN = 16
# Nesting of parentheses inside a destination, as in the common implementations of CommonMark.
_MAX_PARENS = 32

# A fence may stand in a list item or a quotation.
_FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})", re.MULTILINE)
# A line that ends the paragraph before it: code spans and links do not go across.
_BLOCK_START = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6})(?:[ \t]|$)|\||$)")
_TOKEN = re.compile(r"\\.|`+|!?\[|\]", re.DOTALL)
_LINE = re.compile(r".*\n|.+")
_CITED_IMAGE = re.compile(r"!\[([^\[\]]*)⟨\d+⟩\]")
_SPACE = re.compile(r"[ \t]*(?:\n[ \t]*)?")
_ANGLE = re.compile(r"<((?:[^<>\\\n]|\\.)*)>")
_PLAIN = re.compile(r"(?:[^\s()\\\x00-\x1f]|\\[!-/:-@\[-`{-~]|\\)+")
_TITLE = re.compile(
    r"\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>(?:[^'\\]|\\.)*)'|\((?P<round>(?:[^()\\]|\\.)*)\)", re.DOTALL
)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


class _Target(NamedTuple):
    """What stands in the parentheses of a link."""

    url: str
    title: str
    end: int


class _Open(NamedTuple):
    """An opening bracket: its place among the output parts and whether it starts an image."""

    part: int
    image: bool


def with_citations(markdown: str, base_url: str = "") -> tuple[str, str]:
    r"""Replace links by numbered citations.

    ``[label](url)`` becomes ``label⟨n⟩`` and ``![alt](url)`` becomes ``![alt⟨n⟩]``; the same URL has the same number.
    Relative URLs are joined with *base_url*. Returns the text and its references: ``"\n\n## References\n\n"``
    followed by one line ``⟨n⟩ url: title - text`` for each URL, or ``""`` when there is no link.
    """
    references = _References(base_url)
    text = "".join(
        block if is_code else _cite(block, references) for is_code, block in code_and_prose(_LINE.findall(markdown))
    )
    return text, references.render()


class _References:
    """Numbers for URLs in the order of their first use."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._resolved: dict[str, str] = {}
        self._lines: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def number(self, target: _Target, label: list[str]) -> int:
        """Return the number of the target's URL; the first link to it gives the reference its title and text."""
        url = self._resolve(target.url)
        number = self._numbers.get(url)
        if number is None:
            number = self._numbers[url] = len(self._numbers) + 1
            title, text = _one_line(target.title), _one_line(_CITED_IMAGE.sub(r"\1", "".join(label)))
            about = " - ".join(part for part in (title, text if text != title else "") if part)
            self._lines[url] = f"⟨{number}⟩ {url}: {about}\n" if about else f"⟨{number}⟩ {url}\n"
        return number

    def render(self) -> str:
        return _HEADING + "".join(self._lines.values()) if self._lines else ""

    def _resolve(self, url: str) -> str:
        if not self._base_url:
            return url
        resolved = self._resolved.get(url)
        if resolved is None:
            try:
                resolved = urljoin(self._base_url, url)
            except ValueError:  # such as "http://[": a reference to it is still better than none
                resolved = url
            self._resolved[url] = resolved
        return resolved


def _one_line(text: str) -> str:
    return " ".join(text.split())


def code_and_prose(lines: list[str]) -> Iterator[tuple[bool, str]]:
    """Cut lines of markdown into fenced code (True) and paragraphs (False); joined, the blocks are the text again."""
    block: list[str] = []
    fence = ""
    for line in lines:
        if fence:
            block.append(line)
            if _closes(line, fence):
                yield True, "".join(block)
                block, fence = [], ""
            continue
        opening = _FENCE.match(line)
        if block and (opening or _BLOCK_START.match(line)):
            yield False, "".join(block)
            block = []
        block.append(line)
        if opening:
            fence = opening["fence"]
    if block:
        yield bool(fence), "".join(block)


def _closes(line: str, fence: str) -> bool:
    text = line.strip(" \t>\r\n")
    return len(text) >= len(fence) and not text.strip(fence[0])


def _cite(text: str, references: _References) -> str:
    """Cite the links of one paragraph."""
    if "](" not in text:
        return text
    spans = _CodeSpans(text)
    parts: list[str] = []
    opened: deque[_Open] = deque(maxlen=_MAX_OPEN)
    done = 0
    while found := _TOKEN.search(text, done):
        parts.append(text[done : found.start()])
        mark, done = found[0], found.end()
        if mark[0] == "`" and (end := spans.closing(found.start(), done)):
            parts.append(text[found.start() : end])
            done = end
        elif mark == "]" and opened:
            done = _close(text, done, parts, opened, references)
        else:
            if mark[-1] == "[" and mark[0] != "\\":
                opened.append(_Open(len(parts), mark[0] == "!"))
            parts.append(mark)
    parts.append(text[done:])
    return "".join(parts)


def _close(text: str, pos: int, parts: list[str], opened: deque[_Open], references: _References) -> int:
    """Handle the ``]`` that ends before *pos*: rewrite the parts of a link. Returns where reading goes on."""
    opening = opened.pop()
    target = _target(text, pos)
    if target is None:
        parts.append("]")
        return pos
    number = references.number(target, parts[opening.part + 1 :])
    parts[opening.part] = "![" if opening.image else ""
    parts.append(f"⟨{number}⟩]" if opening.image else f"⟨{number}⟩")
    if not opening.image:  # links do not nest: brackets around this one are text
        outer = [other for other in opened if other.image]
        opened.clear()
        opened.extend(outer)
    return target.end


def _target(text: str, pos: int) -> _Target | None:
    """Read ``(url "title")`` at *pos*; None when there is no destination."""
    if not text.startswith("(", pos):
        return None
    pos = _skip(text, pos + 1)
    url, pos = _destination(text, pos)
    after = _skip(text, pos)
    title = _TITLE.match(text, after) if after > pos else None
    if title is not None:
        after = _skip(text, title.end())
    if not url or not text.startswith(")", after):
        return None
    return _Target(_unescape(url), _unescape(title[title.lastgroup or 0]) if title else "", after + 1)


def _destination(text: str, pos: int) -> tuple[str, int]:
    if text.startswith("<", pos):
        angle = _ANGLE.match(text, pos)
        return (angle[1], angle.end()) if angle else ("", pos)
    start, depth = pos, 0
    while True:
        if plain := _PLAIN.match(text, pos):
            pos = plain.end()
        if text.startswith("(", pos) and depth < _MAX_PARENS:
            depth += 1
        elif text.startswith(")", pos) and depth:
            depth -= 1
        else:
            return text[start:pos], pos
        pos += 1


def _skip(text: str, pos: int) -> int:
    space = _SPACE.match(text, pos)
    return space.end() if space else pos


def _unescape(text: str) -> str:
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


class _CodeSpans:
    """Where runs of backticks are, by length, so that each span finds its end without reading the text again."""

    def __init__(self, text: str) -> None:
        self._ends: dict[int, list[int]] = defaultdict(list)
        for run in re.finditer(r"`+", text):
            self._ends[run.end() - run.start()].append(run.end())

    def closing(self, start: int, end: int) -> int:
        """Return the end of the code span that the run from *start* to *end* opens, 0 when nothing closes it."""
        ends = self._ends[end - start]
        place = bisect_right(ends, end)
        return ends[place] if place < len(ends) else 0
