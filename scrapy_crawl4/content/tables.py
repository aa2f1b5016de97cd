"""The tables stage: data tables as headers and rows on a grid."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import chain
from typing import TYPE_CHECKING, Any

from turbohtml import Element

from ..exceptions import UnsupportedOption
from .element_text import text_of
from .names import names
from .table_grid import header_rows, lay_out, table_rows
from .table_texts import CellTexts, Grid, Texts, cells_of, plain_texts, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from turbohtml import Node

_LONG_CELL = 300
_SHORT_CELL = 100
_LEVELS = 2
_LAYOUT_ROLES = frozenset({"presentation", "none"})
_BLOCKS_IN_LAYOUT = names("form iframe h1 h2 article section nav")
_MARKS = _BLOCKS_IN_LAYOUT | {"thead", "caption", "table"}


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
    :raises UnsupportedOption: for crawl4ai's *verbose* and *logger*.
    """

    def __init__(
        self, table_score_threshold: float | None = None, min_rows: int = 0, min_cols: int = 0, **kwargs: Any
    ) -> None:
        for name in kwargs.keys() - {"verbose", "logger"}:
            raise TypeError(f"DefaultTableExtraction has no parameter {name!r}")
        for name in (name for name, value in kwargs.items() if value):
            raise UnsupportedOption(f"DefaultTableExtraction({name}=...) has no effect: leave it out.")
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
            found = _scored(table, levels, threshold)
            if found is not None:
                counts = found["metadata"]
                if counts["row_count"] >= self.min_rows and counts["column_count"] >= self.min_cols:
                    tables.append(found)
        return tables


def _scored(table: Element, levels: int, threshold: float) -> dict[str, Any] | None:
    """The data of a table that scores *threshold* or more.

    :param levels: of tables inside it.
    """
    rows = table_rows(table)
    plain = None if levels else plain_texts(table, rows)
    if plain is not None:
        return _plain_data(table, rows, plain) if table_score(table, shortened(plain)) >= threshold else None
    grid = lay_out(table, rows) if levels <= _LEVELS else []
    texts = CellTexts(table, rows, grid, nested=levels > 0)
    if table_score(table, _filled(grid, texts.short)) < threshold:
        return None
    return _data(table, rows, grid, texts.full())


def _with_levels(tables: list[Element]) -> list[tuple[Element, int]]:
    """Each table with the number of levels of tables inside it, so that nests of layout need not be read."""
    levels: dict[Node | None, int] = {}
    for table in reversed(tables):
        parent = table.parent
        outer = parent.closest("table") if isinstance(parent, Element) else None
        if outer is not None:
            levels[outer] = max(levels.get(outer, 0), levels.get(table, 0) + 1)
    return [(table, levels.get(table, 0)) for table in tables]


def _filled(grid: Grid, texts: Texts) -> list[list[str]]:
    return [[texts[cell] for cell in line] for line in grid]


def table_score(table: Element, grid: list[list[str]]) -> int:
    """How much a table looks like data: 7 and more is a data table.

    Headers, a caption, a summary, several rows and columns, equal row lengths and short cells speak for data; tables
    inside, page furniture inside, a layout role, a single row or column and long cells speak for layout.
    """
    rows, columns = len(grid), max((len(row) for row in grid), default=0)
    if rows == 0 or columns == 0:
        return 0
    cells = list(chain.from_iterable(grid))
    filled = list(filter(str.strip, cells))
    short = sum(map(len, filled)) <= _SHORT_CELL * len(filled)
    many = len(filled) * 2 > len(cells)
    return (
        _marks(table)
        + (3 if rows > 1 and columns > 1 else 0)
        + (1 if rows > 2 else 0)  # noqa: PLR2004
        + (3 if all(len(row) == columns for row in grid) else 0)
        + many
        + short
        - (4 if rows == 1 or columns == 1 else 0)
        # One long cell among many short ones is a remark; beside few it is the page.
        - (3 if max(map(len, cells)) > _LONG_CELL and not (short and many) else 0)
    )


def _marks(table: Element) -> int:
    """What the tags and attributes of a table say for data, less what they say for layout."""
    inside = {element.tag for element in table.iter_elements(_MARKS)}
    return (
        3 * (table.find("th") is not None)
        + 2 * ("thead" in inside)
        + 3 * ("caption" in inside)
        + 2 * bool((table.attr("summary") or "").strip())
        - 10 * ((table.attr("role") or "").strip().lower() in _LAYOUT_ROLES)
        - 5 * ("table" in inside)
        - 3 * (not _BLOCKS_IN_LAYOUT.isdisjoint(inside))
    )


def table_data(table: Element) -> dict[str, Any]:
    """One table as headers and rows of equal length; a cell that spans several places is in each of them.

    ``headers`` are the texts of the header rows, one below the other, or ``Column 1`` and so on where there are none.
    Header rows of a single cell across the table are its caption, if it has no other.
    """
    rows = table_rows(table)
    grid = lay_out(table, rows)
    return _data(table, rows, grid, {None: "", **{cell: text_of(cell) for cell in cells_of(grid)}})


def _plain_data(table: Element, rows: list[Element], lines: list[list[str]]) -> dict[str, Any]:
    """:param lines: the text in each place, in which no cell spans others."""
    count = header_rows(rows)
    return _described(table, lines[:count], lines[count:], len(lines[0]) if lines else 0, [])


def _data(table: Element, rows: list[Element], grid: Grid, texts: Texts) -> dict[str, Any]:
    width = len(grid[0]) if grid else 0
    count = header_rows(rows)
    header, body = grid[:count], grid[count:]
    titles = [line[0] for line in header if width > 1 and line[0] is not None and set(line) == {line[0]}]
    header = [line for line in header if line[0] not in titles]
    return _described(table, _filled(header, texts), _filled(body, texts), width, titles)


def _described(
    table: Element, header: list[list[str]], body: list[list[str]], width: int, titles: Sequence[Element]
) -> dict[str, Any]:
    """:param titles: cells across the table in rows above the others."""
    caption = table.find("caption")
    captions = dict.fromkeys(titles) if caption is None else [caption]
    # A caption with a table in it is broken HTML: their texts, one in the other, would be the page many times.
    caption_text = " ".join(text_of(part) for part in captions if part is not None and part.find("table") is None)
    summary = (table.attr("summary") or "").strip()
    metadata: dict[str, Any] = {
        "row_count": len(body),
        "column_count": width,
        "has_headers": bool(header),
        "has_caption": bool(caption_text),
        "has_summary": bool(summary),
    }
    metadata.update({name: value for name in ("id", "class") if (value := table.attr(name))})
    return {
        "headers": _headers(header, width),
        "rows": body,
        "caption": caption_text,
        "summary": summary,
        "metadata": metadata,
    }


def _headers(rows: list[list[str]], width: int) -> list[str]:
    if not rows:
        return [f"Column {number}" for number in range(1, width + 1)]
    return [" ".join(dict.fromkeys(filter(None, column))) for column in zip(*rows, strict=True)]
