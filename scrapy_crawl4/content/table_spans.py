"""Cells that span rows and columns, given one cell in each place that they cover.

The places are those of HTML's table model (WHATWG HTML, "Forming a table").
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, NamedTuple

from turbohtml import Element, parse_fragment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_REPEATED_LENGTH = 80  # a label is repeated in the rows that it covers; a paragraph is not read twice
# Cells made for those that were there, and beside; hostile tables ask for millions.
_MADE_PER_CELL = 4
_MADE = 1000


class Row(NamedTuple):
    """A row of a table and its own cells."""

    element: Element
    cells: list[Element]


# A cell, or the tag of an empty one that has to be made: those are made all at once.
_Part = Element | str
_Covered = dict[int, tuple[_Part, int]]  # column -> what covers it from above, and for how many more rows


def lay_out_spans(rows: Sequence[Row], spanning: set[Element]) -> None:
    """Give each place of the grid a cell, and each row the same number of them.

    A cell that spans rows is repeated in them if it is short. One that spans columns is followed by empty cells, or,
    as a header of several columns, by itself. Tables that would grow out of measure stay as they are.

    :param rows: in the order in which they are shown.
    :param spanning: the cells with an attribute that says so; others are not asked.
    """
    budget = _MADE_PER_CELL * sum(len(row.cells) for row in rows) + _MADE
    lines: list[list[_Part]] = []
    covered: _Covered = {}
    widest_span = max((len(row.cells) for row in rows), default=1)  # colspan="100" is how pages say "all columns"
    for number, row in enumerate(rows):
        if covered or not spanning.isdisjoint(row.cells):
            line, covered = _line(row.cells, spanning, covered, (len(rows) - number, widest_span), budget)
        else:
            line = [*row.cells]
        lines.append(line)
        budget -= len(line)
        if budget < 0:
            return
    widest = max(map(len, lines), default=0)
    if widest * len(lines) > budget + sum(map(len, lines)):
        return
    for row, line in zip(rows, lines, strict=True):
        line.extend(["td"] * (widest - len(line)))
        for cell in spanning.intersection(row.cells):
            _drop_spans(cell)
    for row, cells in zip(rows, _with_empty_cells(lines), strict=True):
        row.element.extend(cells)


def _with_empty_cells(lines: list[list[_Part]]) -> Iterator[list[Element]]:
    """The cells of each line, those made that are only named."""
    markup = "".join([f"<{part}></{part}>" for line in lines for part in line if isinstance(part, str)])
    nodes = parse_fragment(markup, "tr", positions=False) if markup else ()
    made = iter([node for node in nodes if isinstance(node, Element)])
    for line in lines:
        yield [next(made) if isinstance(part, str) else part for part in line]


def _line(
    row: Sequence[Element], spanning: set[Element], covered: _Covered, limits: tuple[int, int], most: int
) -> tuple[list[_Part], _Covered]:
    """The cells of one row with those that reach into it, and what is covered in the next.

    :param limits: see :func:`_add`.
    :param most: a line that has more cells is not finished.
    """
    line: list[_Part] = []
    below: _Covered = {}
    waiting = iter(row)
    cell = next(waiting, None)
    last = max(covered, default=-1)
    while (cell is not None or len(line) <= last) and len(line) <= most:
        column = len(line)
        if column in covered:
            part, rows = covered[column]
            line.append(part if isinstance(part, str) else _copy(part))
            if rows > 1:
                below[column] = (part, rows - 1)
        elif cell is None:
            line.append("td")
        else:
            if cell in spanning:
                _add(line, cell, covered, below, limits, alone=len(row) == 1)
            else:
                line.append(cell)
            cell = next(waiting, None)
    return line, below


def _add(
    line: list[_Part], cell: Element, covered: _Covered, below: _Covered, limits: tuple[int, int], *, alone: bool
) -> None:
    """Add *cell* to *line* in each of its columns.

    :param limits: the rows that are left and the columns of the widest cell.
    """
    down = min(_span(cell, "rowspan") or limits[0], limits[0])
    across = max(min(_span(cell, "colspan"), limits[1]), 1)
    tag = cell.tag
    repeats = across > 1 and tag == "th" and not alone
    short = (down > 1 or repeats) and len(cell.text) <= _REPEATED_LENGTH
    part: _Part = cell
    for number in range(across):
        column = len(line)
        if number:
            if column in covered:
                return
            part = _copy(cell) if repeats and short else tag
        line.append(part)
        if down > 1:
            below[column] = (part if short else tag, down - 1)


def _span(cell: Element, name: str) -> int:
    value = (cell.attr(name) or "1").strip()
    return int(value) if value.isdecimal() and len(value) < 6 else 1  # noqa: PLR2004 - 65534 is HTML's limit


def _copy(cell: Element) -> Element:
    copy = deepcopy(cell)
    copy.attrs.pop("id", None)
    _drop_spans(copy)
    return copy


def _drop_spans(cell: Element) -> None:
    attributes = cell.attrs
    attributes.pop("rowspan", None)
    attributes.pop("colspan", None)
