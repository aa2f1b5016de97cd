"""The grid of a table: which cell is in which place, and which rows are its header."""

from __future__ import annotations

from turbohtml import Element

_CELLS = frozenset({"td", "th"})
_ROWS_AND_SECTIONS = frozenset({"tr", "thead", "tbody", "tfoot"})
_ROW = frozenset({"tr"})
SPANNING = "[colspan],[rowspan]"
_WIDEST_CELL = 1000  # what HTML allows
_LONGEST_CELL = 65534
_GROWTH = 10
_SPARE = 1000


def table_rows(table: Element) -> list[Element]:
    """The rows of *table* itself, not of tables inside it, in the order in which they are shown."""
    rows: list[Element] = []
    last: list[Element] = []
    for child in _children(table, _ROWS_AND_SECTIONS):
        if child.tag == "tr":
            rows.append(child)
        else:
            own = last if child.tag == "tfoot" else rows
            own += _children(child, _ROW)
    return rows + last


def row_cells(row: Element) -> list[Element]:
    """The cells of a row."""
    return _children(row, _CELLS)


def _children(parent: Element, tags: frozenset[str]) -> list[Element]:
    return [child for child in parent if isinstance(child, Element) and child.tag in tags]


def _spans(cell: Element) -> tuple[int, int]:
    return _span(cell, "colspan", _WIDEST_CELL), _span(cell, "rowspan", _LONGEST_CELL)


def _span(cell: Element, name: str, most: int) -> int:
    value = (cell.attr(name) or "").strip()
    if not (value.isascii() and value.isdigit()) or len(value) > 9:  # noqa: PLR2004
        return most if value.isascii() and value.isdigit() else 1
    number = int(value)
    if number == 0:
        return most if name == "rowspan" else 1
    return min(number, most)


def lay_out(table: Element, own_rows: list[Element]) -> list[list[Element | None]]:
    """The cell in each place of the grid, rows of equal length; None where there is none.

    A cell that covers several places is in each of them. A row of one cell is as wide as the other rows at most. Spans
    that would make the table ten times as large as its cells are taken for mistakes: each cell is in one place then.
    If it is so large even then, there is no grid.
    """
    rows = [row_cells(row) for row in own_rows]
    budget = _GROWTH * sum(map(len, rows)) + _SPARE
    spanning = set(table.select(SPANNING))
    plain: list[list[Element | None]] = [[*row] for row in rows]
    for grid in (_spread(rows, spanning, budget) if spanning else None, plain):
        if grid is not None:
            wide = [len(line) for line in grid if line and line[0] is not line[-1]]
            width = max(wide or map(len, grid), default=0)
            if width * len(grid) <= budget:
                return [line if len(line) == width else line[:width] + [None] * (width - len(line)) for line in grid]
    return []


def is_too_large(width: int, height: int, cells: int) -> bool:
    """Whether a grid is out of measure for so many cells."""
    return width * height > _GROWTH * cells + _SPARE


def _spread(rows: list[list[Element]], spanning: set[Element], budget: int) -> list[list[Element | None]] | None:
    grid: list[list[Element | None]] = []
    taken: dict[int, tuple[Element, int]] = {}  # by column: the cell from above and how many rows it still covers
    for row in rows:
        below: dict[int, tuple[Element, int]] = {}
        line: list[Element | None] | None = [*row]
        if taken or not spanning.isdisjoint(row):
            line = _spread_row(row, spanning, taken, below, budget)
        budget -= len(line or ())
        if line is None or budget < 0:
            return None
        grid.append(line)
        taken = below
    return grid


def _spread_row(
    row: list[Element],
    spanning: set[Element],
    taken: dict[int, tuple[Element, int]],
    below: dict[int, tuple[Element, int]],
    budget: int,
) -> list[Element | None] | None:
    line: list[Element | None] = []
    for cell in row:
        _take(line, taken, below)
        columns, down = _spans(cell) if cell in spanning else (1, 1)
        if len(line) + columns > budget:
            return None
        for _ in range(columns):
            if down > 1:
                below[len(line)] = (cell, down - 1)
            taken.pop(len(line), None)
            line.append(cell)
    while taken:
        if len(line) not in taken:
            line.append(None)
        _take(line, taken, below)
    return line


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
        cells = {cell.tag for cell in row_cells(row)}
        parent = row.parent
        in_head = isinstance(parent, Element) and parent.tag == "thead"
        if not cells or not (in_head or cells == {"th"}):
            break
        count += 1
    return min(count, 1) if count == len(rows) else count
