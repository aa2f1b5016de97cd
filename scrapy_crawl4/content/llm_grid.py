"""Grids in the answers of models: checked, and put together."""

from __future__ import annotations

from typing import Any

from .llm_request import ModelError


def read_grid(value: list[Any] | dict[str, Any]) -> dict[str, Any]:
    """The table that an answer describes: ``headers``, ``rows``, ``caption`` and ``summary``, all cells text.

    :raises ModelError: it is no grid; the sentence says where.
    """
    table = _table(value)
    headers = _cells(table.get("headers", []), "headers")
    rows = table.get("rows")
    if not isinstance(rows, list):
        raise ModelError("The model's answer has no list of rows.")
    grid = [_cells(row, f"row {number}") for number, row in enumerate(rows, 1)]
    width = len(headers) or (len(grid[0]) if grid else 0)
    if not width:
        raise ModelError("The model's answer has neither headers nor rows.")
    for number, row in enumerate(grid, 1):
        if len(row) != width:
            raise ModelError(f"The model's answer is no grid: row {number} has {len(row)} cells in place of {width}.")
    return {"headers": headers, "rows": grid} | {name: _text(table.get(name)) for name in ("caption", "summary")}


def _table(value: Any) -> dict[str, Any]:
    """The one object with rows in an answer, whatever it is wrapped in."""
    while not (isinstance(value, dict) and "rows" in value):
        inner = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(inner, list) or len(inner) != 1:
            raise ModelError("The model's answer is not one table with headers and rows.")
        value = inner[0]
    return value


def _cells(row: Any, name: str) -> list[str]:
    if not isinstance(row, list) or any(isinstance(cell, (list, dict)) for cell in row):
        raise ModelError(f"The model's answer is no grid: {name} must be a list of strings.")
    return [_text(cell) for cell in row]


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    return "" if cell is None or isinstance(cell, (list, dict)) else " ".join(str(cell).split())


def merge_grids(grids: list[dict[str, Any]]) -> dict[str, Any]:
    """The table whose parts are *grids*, as :meth:`~scrapy_crawl4.DefaultTableExtraction.extract_tables` gives one.

    :raises ModelError: their widths differ.
    """
    first = grids[0]
    rows = [row for grid in grids for row in grid["rows"]]
    widths = {len(row) for row in [*rows, *(grid["headers"] for grid in grids if grid["headers"])]}
    if len(widths) != 1:
        raise ModelError("The model read the parts of the table with different numbers of columns.")
    (width,) = widths
    metadata = {
        "row_count": len(rows),
        "column_count": width,
        "has_headers": bool(first["headers"]),
        "has_caption": bool(first["caption"]),
        "has_summary": bool(first["summary"]),
    }
    if len(grids) > 1:
        metadata["chunk_count"] = len(grids)
    headers = first["headers"] or [f"Column {number}" for number in range(1, width + 1)]
    return {
        "headers": headers,
        "rows": rows,
        "caption": first["caption"],
        "summary": first["summary"],
        "metadata": metadata,
    }
