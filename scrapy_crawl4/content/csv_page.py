"""Tables as text (CSV, TSV), made tables of HTML."""

from __future__ import annotations

import csv
import io
from itertools import islice

from turbohtml import escape

LARGEST = 1024 * 1024
"""Characters of a table that is written as one; a larger one stays text, which takes a fraction of the memory."""
DELIMITERS = ",;\t|"
_LOOKED_AT = 20


def csv_as_html(text: str, media_type: str) -> str | None:
    """A page with *text* as its table, the first line its header; None if it is too large or no table.

    It is a table when it has at least two lines and two columns, and no line is longer than the first one.
    """
    if len(text) > LARGEST:
        return None
    delimiter = "\t" if "tab-separated" in media_type else _delimiter(text)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error:
        return None
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) > len(rows[0]) for row in rows):  # noqa: PLR2004 - see above
        return None
    head, *lines = [_cells(row, "td" if number else "th") for number, row in enumerate(rows)]
    return f"<table><thead>{head}</thead><tbody>{''.join(lines)}</tbody></table>"


def _delimiter(text: str) -> str:
    """The character that splits each of the first lines into most parts, or where some have one, the header."""
    lines = list(islice((line for line in text.splitlines() if line.strip()), _LOOKED_AT))
    counts = {mark: [line.count(mark) for line in lines] or [0] for mark in DELIMITERS}
    return max(DELIMITERS, key=lambda mark: (min(counts[mark]), counts[mark][0]))


def _cells(row: list[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell.strip(), quote=False)}</{tag}>" for cell in row) + "</tr>"
