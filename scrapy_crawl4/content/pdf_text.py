"""Pieces of text as a PDF places them on its pages, made headings, paragraphs, lists and code.

A PDF has no structure but where each piece stands and how large it is. Headings are lines in larger type than most of
the text, ranked by their size; paragraphs end where lines are further apart or begin further in; list items begin with
a bullet; code is what is set in a monospaced face throughout.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING, NamedTuple

from turbohtml import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SAME_LINE = 0.4
"""Pieces stand on one line when their heights differ by no more than this share of their size: index figures do."""
LEADING = 1.2
"""Distance of two lines of one piece, in sizes of its type."""
HEADING = 1.12
"""How many times as large as the text a heading is at least."""
LONGEST_HEADING = 200
APART = 1.3
"""A distance of lines so many times the usual one ends a paragraph."""
MOST_APART = 2.5
"""Lines of one paragraph are not further apart than so many sizes, twice the usual leading."""
INDENT = 0.8
"""A line that begins so many sizes further in than the one before begins a paragraph."""
LEVELS = 6

_BULLET = re.compile("^\\s*[•◦▪▫‣\u2043∙●○■□\u2013—*-]\\s+(?=\\S)|^\\s*[•◦▪▫‣∙●○■□]")
_BROKEN_WORD = re.compile(r"[a-zà-öø-ÿ]-$")


class Piece(NamedTuple):
    """Text at one place, in units of the page (1/72 inch), from its lower left corner."""

    text: str
    x: float
    y: float
    size: float
    is_code: bool = False
    link: str = ""


@dataclass(slots=True)
class Line:
    """Pieces at one height."""

    pieces: list[Piece]

    @property
    def text(self) -> str:
        """The text of all pieces."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def size(self) -> float:
        """The size that most of its text has, to half a point."""
        sizes = Counter[float]()
        for piece in self.pieces:
            sizes[round(piece.size * 2) / 2] += len(piece.text.strip())
        return max(sizes, key=lambda size: (sizes[size], size))

    @property
    def is_code(self) -> bool:
        """Whether it is set in a monospaced face."""
        return all(piece.is_code or not piece.text.strip() for piece in self.pieces)

    @property
    def html(self) -> str:
        """The text as HTML, with its links."""
        return "".join(_piece_html(piece) for piece in self.pieces)


@dataclass(slots=True)
class Block:
    """Lines that belong together."""

    tag: str
    lines: list[Line] = field(default_factory=list)


def pages_as_html(pages: Sequence[Sequence[Piece]]) -> str:
    """Sections of HTML, one for each page, with a rule between two."""
    lines = [list(_lines(pieces)) for pieces in pages]
    every = [line for page in lines for line in page]
    body = _usual_size(every)
    levels = _levels(every, body)
    sections = (f"<section>{_html(_blocks(page, levels))}</section>" for page in lines)
    return "<hr>".join(section for section in sections if section != "<section></section>")


def _lines(pieces: Iterable[Piece]) -> Iterator[Line]:
    line: Line | None = None
    for piece in _split(pieces):
        if line is not None and abs(line.pieces[0].y - piece.y) <= SAME_LINE * max(piece.size, line.pieces[0].size):
            line.pieces.append(piece)
        else:
            if line is not None:
                yield line
            line = Line([piece])
    if line is not None:
        yield line


def _split(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Pieces of one line each; empty ones are left out."""
    for piece in pieces:
        for number, text in enumerate(piece.text.split("\n")):
            if text.strip():
                yield piece._replace(text=text, y=piece.y - number * LEADING * piece.size)


def _usual_size(lines: Iterable[Line]) -> float:
    sizes = Counter[float]()
    for line in lines:
        sizes[line.size] += len(line.text)
    return max(sizes, key=lambda size: sizes[size], default=0.0)


def _levels(lines: Iterable[Line], body: float) -> dict[float, str]:
    """``h1`` to ``h6`` by size of type, the largest first."""
    larger = sorted({line.size for line in lines if _may_be_heading(line, body)}, reverse=True)
    return {size: f"h{min(rank, LEVELS)}" for rank, size in enumerate(larger, 1)}


def _may_be_heading(line: Line, body: float) -> bool:
    text = line.text.strip()
    return line.size >= body * HEADING and len(text) <= LONGEST_HEADING and any(map(str.isalpha, text))


def _blocks(lines: Sequence[Line], levels: dict[float, str]) -> list[Block]:
    usual = median_low(list(_distances(lines)) or [0.0])
    blocks: list[Block] = []
    for line in lines:
        tag = _tag(line, levels)
        if blocks and _goes_on(blocks[-1], line, tag, usual):
            blocks[-1].lines.append(line)
        else:
            blocks.append(Block(tag, [line]))
    return blocks


def _distances(lines: Sequence[Line]) -> Iterator[float]:
    """How far lines are below the one before, where both can be of one paragraph."""
    for one, two in pairwise(lines):
        distance = one.pieces[0].y - two.pieces[0].y
        if 0 < distance <= MOST_APART * two.size:
            yield distance


def _tag(line: Line, levels: dict[float, str]) -> str:
    if line.is_code:
        return "pre"
    if _BULLET.match(line.text):
        return "li"
    return levels.get(line.size, "p") if any(map(str.isalpha, line.text)) else "p"


def _goes_on(block: Block, line: Line, tag: str, usual: float) -> bool:
    """Whether *line* belongs to *block*."""
    last = block.lines[-1].pieces[0]
    first = line.pieces[0]
    is_next = 0 < last.y - first.y <= max(usual * APART, last.size * LEADING * APART)
    if tag == "p" and block.tag == "li":
        return is_next and first.x > block.lines[0].pieces[0].x
    if tag != block.tag or tag == "li":
        return False
    if tag == "pre":
        return last.y > first.y
    return is_next and (tag != "p" or first.x - last.x < INDENT * first.size)


def _html(blocks: Sequence[Block]) -> str:
    parts = []
    for number, block in enumerate(blocks):
        if block.tag == "pre":
            code = "\n".join(escape(line.text.rstrip(), quote=False) for line in block.lines)
            parts.append(f"<pre><code>{code}</code></pre>")
            continue
        text = _joined(block.lines)
        if block.tag == "li":
            text = _BULLET.sub("", text, count=1).strip()
            opens = not number or blocks[number - 1].tag != "li"
            closes = number + 1 == len(blocks) or blocks[number + 1].tag != "li"
            parts.append(f"{'<ul>' if opens else ''}<li>{text}</li>{'</ul>' if closes else ''}")
        else:
            parts.append(f"<{block.tag}>{text}</{block.tag}>")
    return "".join(parts)


def _joined(lines: Sequence[Line]) -> str:
    """The HTML of lines as one text; a word broken at the end of a line is put together."""
    text = ""
    for line in lines:
        html = line.html.strip()
        if _BROKEN_WORD.search(text) and html[:1].islower():
            text = text[:-1] + html
        else:
            text = f"{text} {html}" if text else html
    return text


def _piece_html(piece: Piece) -> str:
    text = escape(piece.text, quote=False)
    return f'<a href="{escape(piece.link)}">{text}</a>' if piece.link else text
