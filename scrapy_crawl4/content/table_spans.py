"""Cells that span rows and columns, given one cell in each place that they cover.

The places are those of HTML's table model (WHATWG HTML, "Forming a table").
"""

from __future__ import annotations

from collections import deque
from copy import deepcopy
from typing import TYPE_CHECKING, NamedTuple

from turbohtml import Element

if TYPE_CHECKING:
    from collections.abc import Sequence

_REPEATED_LENGTH = 80  # a label is repeated in the rows that it covers; a paragraph is not read twice
# Cells made for those that were there, and beside; hostile tables ask for millions.
_MADE_PER_CELL = 4
_MADE = 1000


class Row(NamedTuple):
    """A row of a table and its own cells."""

    element: Element
    cells: list[Element]


_Covered = dict[int, tuple[Element, int]]  # column -> what covers it from above, and for how many more rows


def lay_out_spans(rows: Sequence[Row]) -> None:
    """Give each place of the grid a cell, and each row the same number of them.

    A cell that spans rows is repeated in them if it is short. One that spans columns is followed by empty cells, or,
    as a header of several columns, by itself. Tables that would grow out of measure stay as they are.

    :param rows: in the order in which they are shown.
    """
    budget = _MADE_PER_CELL * sum(len(row.cells) for row in rows) + _MADE
    lines: list[list[Element]] = []
    covered: _Covered = {}
    widest_span = max((len(row.cells) for row in rows), default=1)  # colspan="100" is how pages say "all columns"
    for number, row in enumerate(rows):
        line, covered = _line(row.cells, covered, (len(rows) - number, widest_span), budget)
        lines.append(line)
        budget -= len(line)
        if budget < 0:
            return
    widest = max(map(len, lines), default=0)
    if widest * len(lines) > budget + sum(map(len, lines)):
        return
    for row, line in zip(rows, lines, strict=True):
        line.extend(Element("td") for _ in range(widest - len(line)))
        for cell in line:
            for name in ("rowspan", "colspan"):
                cell.attrs.pop(name, None)
            row.element.append(cell)


def _line(
    row: Sequence[Element], covered: _Covered, limits: tuple[int, int], most: int
) -> tuple[list[Element], _Covered]:
    """The cells of one row with those that reach into it, and what is covered in the next.

    :param limits: see :func:`_add`.
    :param most: a line that has more cells is not finished.
    """
    line: list[Element] = []
    below: _Covered = {}
    waiting = deque(row)
    last = max(covered, default=-1)
    while (waiting or len(line) <= last) and len(line) <= most:
        column = len(line)
        if column in covered:
            cell, rows = covered[column]
            line.append(_repeated(cell))
            if rows > 1:
                below[column] = (cell, rows - 1)
        elif waiting:
            _add(line, waiting.popleft(), covered, below, limits, alone=len(row) == 1)
        else:
            line.append(Element("td"))
    return line, below


def _add(
    line: list[Element], cell: Element, covered: _Covered, below: _Covered, limits: tuple[int, int], *, alone: bool
) -> None:
    """Add *cell* to *line* in each of its columns.

    :param limits: the rows that are left and the columns of the widest cell.
    """
    down = min(_span(cell, "rowspan") or limits[0], limits[0])
    repeat = cell.tag == "th" and not alone
    for number in range(max(min(_span(cell, "colspan"), limits[1]), 1)):
        column = len(line)
        if number and column in covered:
            return
        part = cell if not number else _repeated(cell) if repeat else Element(cell.tag)
        line.append(part)
        if down > 1:
            below[column] = (part, down - 1)


def _span(cell: Element, name: str) -> int:
    value = (cell.attr(name) or "1").strip()
    return int(value) if value.isdecimal() and len(value) < 6 else 1  # noqa: PLR2004 - 65534 is HTML's limit


def _repeated(cell: Element) -> Element:
    if len(cell.text) > _REPEATED_LENGTH:
        return Element(cell.tag)
    copy = deepcopy(cell)
    for name in ("id", "rowspan", "colspan"):
        copy.attrs.pop(name, None)
    return copy
