"""The tables stage: data tables as headers and rows on a grid."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from turbohtml import Element

if TYPE_CHECKING:
    from turbohtml import Node

_LONG_CELL = 300
_SHORT_CELL = 100
_LEVELS = 2
_LAYOUT_ROLES = frozenset({"presentation", "none"})
_BLOCKS_IN_LAYOUT = "form,iframe,h1,h2,article,section,nav"


class TableExtractionStrategy(ABC):
    """Base class: turns the tables below a node into dictionaries."""

    @abstractmethod
    def extract_tables(self, element: Node, **kwargs: Any) -> list[dict[str, Any]]:
        """Tables of *element* as ``{"headers", "rows", "caption", "summary", "metadata"}``."""


class NoTableExtraction(TableExtractionStrategy):
    """Finds no tables."""

    def extract_tables(self, element: Node, **kwargs: Any) -> list[dict[str, Any]]:
        """Nothing."""
        return []


class DefaultTableExtraction(TableExtractionStrategy):
    """Tells data tables from layout by a score, and lays their cells into a grid.

    :param table_score_threshold: tables that score less are left out. None (the default) means the configuration's
        ``table_score_threshold``, which is 7.
    :param min_rows: tables of fewer data rows are left out.
    :param min_cols: tables of fewer columns are left out.
    """

    def __init__(
        self, table_score_threshold: float | None = None, min_rows: int = 0, min_cols: int = 0, **kwargs: Any
    ) -> None:
        for name in kwargs.keys() - {"verbose", "logger"}:
            raise TypeError(f"DefaultTableExtraction has no parameter {name!r}")
        self.table_score_threshold = table_score_threshold
        self.min_rows = min_rows
        self.min_cols = min_cols

    def extract_tables(self, element: Node, **kwargs: Any) -> list[dict[str, Any]]:
        """Data tables below *element*, in document order.

        ``table_score_threshold`` in *kwargs* counts where the constructor was not given one.
        """
        threshold = self.table_score_threshold
        if threshold is None:
            threshold = kwargs.get("table_score_threshold", 7)
        tables = []
        for table, levels in _with_levels(element.find_all("table")):
            grid = table.rows() if levels <= _LEVELS else []
            if table_score(table, grid) >= threshold:
                found = table_data(table, grid)
                counts = found["metadata"]
                if counts["row_count"] >= self.min_rows and counts["column_count"] >= self.min_cols:
                    tables.append(found)
        return tables


def _with_levels(tables: list[Element]) -> list[tuple[Element, int]]:
    """Each table with the number of levels of tables inside it, so that nests of layout need not be read."""
    levels: dict[Node | None, int] = {}
    for table in reversed(tables):
        parent = table.parent
        outer = parent.closest("table") if isinstance(parent, Element) else None
        if outer is not None:
            levels[outer] = max(levels.get(outer, 0), levels.get(table, 0) + 1)
    return [(table, levels.get(table, 0)) for table in tables]


def table_score(table: Element, grid: list[list[str]]) -> int:
    """How much a table looks like data: 7 and more is a data table.

    Headers, a caption, a summary, several rows and columns, equal row lengths and short cells speak for data; tables
    inside, page furniture inside, a layout role, a single row or column and long cells speak for layout.
    """
    rows, columns = len(grid), max((len(row) for row in grid), default=0)
    if rows == 0 or columns == 0:
        return 0
    return _data_signs(table, grid, rows, columns) - _layout_signs(table, grid, rows, columns)


def _data_signs(table: Element, grid: list[list[str]], rows: int, columns: int) -> int:
    cells = [cell for row in grid for cell in row]
    filled = [cell for cell in cells if cell.strip()]
    return (
        3 * (table.find("th") is not None)
        + 2 * (table.find("thead") is not None)
        + 3 * (table.find("caption") is not None)
        + 2 * bool((table.attr("summary") or "").strip())
        + 3 * (rows > 1 and columns > 1)
        + (rows > 2)  # noqa: PLR2004
        + 3 * (all(len(row) == columns for row in grid))
        + (len(filled) * 2 > len(cells))
        + (sum(map(len, filled)) <= _SHORT_CELL * len(filled))
    )


def _layout_signs(table: Element, grid: list[list[str]], rows: int, columns: int) -> int:
    longest = max(len(cell) for row in grid for cell in row) if columns else 0
    return (
        10 * ((table.attr("role") or "").strip().lower() in _LAYOUT_ROLES)
        + 5 * (table.find("table") is not None)
        + 3 * (table.select_one(_BLOCKS_IN_LAYOUT) is not None)
        + 4 * (rows == 1 or columns == 1)
        + 3 * (longest > _LONG_CELL)
    )


def table_data(table: Element, grid: list[list[str]] | None = None) -> dict[str, Any]:
    """One table as headers and rows of equal length; a cell that spans several places is in each of them."""
    rows = [[" ".join(cell.split()) for cell in row] for row in (table.rows() if grid is None else grid)]
    width = max((len(row) for row in rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    has_headers = bool(rows) and _has_header_row(table)
    headers = rows.pop(0) if has_headers else [f"Column {number}" for number in range(1, width + 1)]
    caption = table.find("caption")
    caption_text = " ".join(caption.text.split()) if caption is not None else ""
    summary = (table.attr("summary") or "").strip()
    metadata: dict[str, Any] = {
        "row_count": len(rows),
        "column_count": width,
        "has_headers": has_headers,
        "has_caption": bool(caption_text),
        "has_summary": bool(summary),
    }
    metadata.update({name: value for name in ("id", "class") if (value := table.attr(name))})
    return {"headers": headers, "rows": rows, "caption": caption_text, "summary": summary, "metadata": metadata}


def _has_header_row(table: Element) -> bool:
    """Whether the first row is a header: it stands in ``<thead>``, or all of its cells are ``<th>``."""
    first = table.find("tr")
    if first is None:
        return False
    cells = [cell for cell in first if isinstance(cell, Element) and cell.tag in {"td", "th"}]
    parent = first.parent
    in_head = isinstance(parent, Element) and parent.tag == "thead"
    return bool(cells) and (in_head or all(cell.tag == "th" for cell in cells))
