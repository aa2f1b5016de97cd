"""The texts in the places of a table, each read once."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from .element_text import apart_in_cells, text_of, words
from .names import names
from .table_grid import SPANNING, is_too_large

if TYPE_CHECKING:
    from collections.abc import Sequence

    from turbohtml import Element, Node

Grid = list[list["Element | None"]]
Texts = dict["Element | None", str]

_GROUPS = names("caption thead tbody tfoot")
# White space, though not HTML's, which words may hold.
_RARE_BLANK = re.compile("[\x0b\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_ASTRAY = ":not(tr)>td,:not(tr)>th"


def plain_texts(table: Element, rows: Sequence[Element]) -> list[list[str]] | None:
    """The text in each place of a table in which no cell spans others and all have words alone; None of other tables.

    :param rows: all of a *table* that has no tables inside.
    """
    if table.select_one(SPANNING) is not None or next(apart_in_cells(table), None) is not None:
        return None
    most = max(map(len, rows), default=0)  # cells and what is between them
    if is_too_large(most, len(rows), 0) and is_too_large(most, len(rows), len(table.select("td,th"))):
        return None
    if not _is_regular(table, rows):
        return None
    lines = table.rows()
    if len(lines) != len(rows):
        return None
    text = "".join(chain.from_iterable(lines))
    if text.isprintable() and "  " not in text:
        return lines  # a blank is the only white space that can be printed, and there is none around a cell
    read = words if _RARE_BLANK.search(text) else _short
    return [[read(cell) for cell in line] for line in lines]


def _is_regular(table: Element, rows: Sequence[Element]) -> bool:
    """Whether each part of *table* is where it belongs: parsers see to it, but scripts and other dialects do not."""
    if len(table.find_all("tr")) != len(rows) or table.select_one(_ASTRAY) is not None:
        return False
    return all(group.parent == table for group in table.iter_elements(_GROUPS))


def shortened(lines: list[list[str]]) -> list[list[str]]:
    """*lines* with runs of all white space as one blank, for a look at their lengths."""
    if "".join(chain.from_iterable(lines)).isprintable():
        return lines
    return [[_short(text) for text in line] for line in lines]


def _short(text: str) -> str:
    return " ".join(text.split())


def cells_of(grid: Grid) -> list[Element]:
    """The cells of *grid*, each once."""
    return list(dict.fromkeys(cell for line in grid for cell in line if cell is not None))


class CellTexts:
    """The texts of a grid's cells, by cell; that of None is empty."""

    def __init__(self, table: Element, rows: Sequence[Element], grid: Grid, *, nested: bool) -> None:
        cells = cells_of(grid)
        apart = None if nested or not _is_regular(table, rows) else _holders(table)
        self._others = cells if apart is None else [cell for cell in cells if cell in apart]
        self.short: Texts = {None: "", **{cell: _short(cell.text) for cell in cells}}
        """For a look at their lengths; words of different blocks may stick together."""
        self._with_rare_blanks = cells if _RARE_BLANK.search(table.text) else []

    def full(self) -> Texts:
        """As a reader sees them."""
        texts = dict(self.short)
        texts.update((cell, words(cell.text)) for cell in self._with_rare_blanks)
        texts.update((cell, text_of(cell)) for cell in self._others)
        return texts


def _holders(table: Element) -> set[Node]:
    """The elements of *table* that have something in them that stands apart; each is passed once."""
    holders: set[Node] = set()
    for element in apart_in_cells(table):
        node: Node | None = element
        while node is not None and node != table and node not in holders:
            holders.add(node)
            node = node.parent
    return holders
