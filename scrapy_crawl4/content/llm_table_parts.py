"""Long tables in parts that can be read on their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from turbohtml import Element

from .llm_chunks import count_tokens

if TYPE_CHECKING:
    from turbohtml import Node

_SECTIONS = frozenset({"thead", "tbody", "tfoot"})
_MOST_ROWS = 65534
"""What HTML allows a cell to span."""


@dataclass(slots=True)
class _Row:
    html: str
    words: int
    is_header: bool
    free: bool
    """Whether no cell from above reaches into it."""


def table_parts(table: Element, words: float, least_rows: int) -> list[str]:
    """HTML of *table* in parts of about *words* words, each a table with the header rows of the whole.

    :param least_rows: rows of data that a part has at least, however long they are.
    """
    rows = _rows(table)
    lead = next((place for place, row in enumerate(rows) if not row.is_header), len(rows))
    header, body = rows[:lead], rows[lead:]
    room = words - sum(row.words for row in header)
    parts: list[list[_Row]] = [[]]
    size = 0
    for row in body:
        if size + row.words > room and row.free and len(parts[-1]) >= least_rows:
            parts.append([])
            size = 0
        parts[-1].append(row)
        size += row.words
    if len(parts) > 1 and len(parts[-1]) < least_rows:
        last = parts.pop()
        parts[-1] += last
    caption = table.find("caption")
    titles = [caption.html if caption is not None else "", *[""] * len(parts)]
    return [_html([*header, *part], title) for part, title in zip(parts, titles, strict=False)]


def _html(rows: list[_Row], caption: str) -> str:
    return f"<table>{caption}{''.join(row.html for row in rows)}</table>"


def _rows(table: Element) -> list[_Row]:
    """The rows of *table* itself, not those of tables inside it; the foot comes last, as it is shown."""
    found: list[_Row] = []
    groups = [child for child in table if isinstance(child, Element) and child.tag in {*_SECTIONS, "tr"}]
    groups.sort(key=lambda group: group.tag == "tfoot")
    loose: list[Element] = []
    for group in groups:
        if group.tag == "tr":
            loose.append(group)
            continue
        found += _section(loose)
        loose = []
        own = [row for row in group if isinstance(row, Element) and row.tag == "tr"]
        found += _section(own, in_head=group.tag == "thead")
    return found + _section(loose)


def _section(rows: list[Element], *, in_head: bool = False) -> list[_Row]:
    """The rows of one section, out of which no cell reaches."""
    found = []
    reach = 0
    for place, row in enumerate(rows):
        cells = [cell for cell in row if isinstance(cell, Element) and cell.tag in {"td", "th"}]
        header = in_head or (bool(cells) and all(cell.tag == "th" for cell in cells))
        found.append(_Row(row.html, count_tokens(row.html, 1.0), header, free=reach <= place))
        reach = max([reach, *(place + _span(cell) for cell in cells)])
    return found


def _span(cell: Node) -> int:
    """Rows that *cell* covers; 0, as written, means to the end of the section."""
    value = cell.attr("rowspan") if isinstance(cell, Element) else None
    digits = (value or "1").strip()
    span = int(digits[:6]) if digits[:6].isdecimal() and digits.isascii() else 1
    return min(span, _MOST_ROWS) or _MOST_ROWS
