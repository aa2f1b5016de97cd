"""The grid of a table: which cell is in which place, and which rows are its header."""

from __future__ import annotations

from typing import NamedTuple

from turbohtml import Element

_CELLS = frozenset({"td", "th"})
_SECTIONS = frozenset({"thead", "tbody", "tfoot"})
_WIDEST_CELL = 1000  # what HTML allows
_LONGEST_CELL = 65534
_GROWTH = 10
_SPARE = 1000


class Cell(NamedTuple):
    """A cell and how many places it covers."""

    element: Element
    columns: int
    rows: int


def table_rows(table: Element) -> list[Element]:
    """The rows of *table* itself, not of tables inside it, in the order in which they are shown."""
    rows: list[Element] = []
    last: list[Element] = []
    for child in table:
        if isinstance(child, Element):
            if child.tag == "tr":
                rows.append(child)
            elif child.tag in _SECTIONS:
                own = last if child.tag == "tfoot" else rows
                own += [row for row in child if isinstance(row, Element) and row.tag == "tr"]
    return rows + last


def row_cells(row: Element) -> list[Cell]:
    """The cells of a row."""
    return [
        Cell(cell, _span(cell, "colspan", _WIDEST_CELL), _span(cell, "rowspan", _LONGEST_CELL))
        for cell in row
        if isinstance(cell, Element) and cell.tag in _CELLS
    ]


def _span(cell: Element, name: str, most: int) -> int:
    value = (cell.attr(name) or "").strip()
    if not (value.isascii() and value.isdigit()) or len(value) > 9:  # noqa: PLR2004
        return most if value.isascii() and value.isdigit() else 1
    number = int(value)
    if number == 0:
        return most if name == "rowspan" else 1
    return min(number, most)


def lay_out(rows: list[list[Cell]]) -> list[list[Element | None]]:
    """The cell in each place of the grid, rows of equal length; None where there is none.

    A cell that covers several places is in each of them. A row of one cell is as wide as the other rows at most. Spans
    that would make the table ten times as large as its cells are taken for mistakes: each cell is in one place then.
    If it is so large even then, there is no grid.
    """
    budget = _GROWTH * sum(map(len, rows)) + _SPARE
    plain: list[list[Element | None]] = [[cell.element for cell in row] for row in rows]
    for grid in (_spread(rows, budget), plain):
        if grid is not None:
            wide = [len(line) for line in grid if line and line[0] is not line[-1]]
            width = max(wide or map(len, grid), default=0)
            if width * len(grid) <= budget:
                return [line[:width] + [None] * (width - len(line)) for line in grid]
    return []


def _spread(rows: list[list[Cell]], budget: int) -> list[list[Element | None]] | None:
    grid: list[list[Element | None]] = []
    taken: dict[int, tuple[Element, int]] = {}  # by column: the cell from above and how many rows it still covers
    for row in rows:
        line: list[Element | None] = []
        below: dict[int, tuple[Element, int]] = {}
        for cell in row:
            _take(line, taken, below)
            if len(line) + cell.columns > budget:
                return None
            for _ in range(cell.columns):
                if cell.rows > 1:
                    below[len(line)] = (cell.element, cell.rows - 1)
                taken.pop(len(line), None)
                line.append(cell.element)
        while taken:
            if len(line) not in taken:
                line.append(None)
            _take(line, taken, below)
        budget -= len(line)
        if budget < 0:
            return None
        grid.append(line)
        taken = below
    return grid


def _take(
    line: list[Element | None], taken: dict[int, tuple[Element, int]], below: dict[int, tuple[Element, int]]
) -> None:
    """Fill the places at the end of *line* that cells from above cover."""
    while len(line) in taken:
        element, rows = taken.pop(len(line))
        if rows > 1:
            below[len(line)] = (element, rows - 1)
        line.append(element)


def header_rows(rows: list[Element]) -> int:
    """How many rows at the top are a header: those in ``<thead>``, else those of ``<th>`` alone; never all of them.

    Of a table that is all header the first row is one.
    """
    count = 0
    for row in rows:
        cells = [cell.tag for cell in row if isinstance(cell, Element) and cell.tag in _CELLS]
        parent = row.parent
        in_head = isinstance(parent, Element) and parent.tag == "thead"
        if not cells or not (in_head or set(cells) == {"th"}):
            break
        count += 1
    return min(count, 1) if count == len(rows) else count
