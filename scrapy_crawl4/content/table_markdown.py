"""Tables on the tree: spans laid out, layout taken apart, so that pipe tables can be written.

A pipe table has one header row, rows of one length and cells of one line. Spans are laid out as HTML does (the table
model), with what a reader needs in the places they cover.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from turbohtml import Element, Text

from .markdown_marks import BACKSLASH
from .names import names
from .selection import outermost
from .table_spans import Row, lay_out_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from turbohtml import Node

_SECTIONS = frozenset({"thead", "tbody", "tfoot"})
_CELLS = frozenset({"td", "th"})
_LAYOUT_ROLES = frozenset({"presentation", "none"})
_BLOCKS = names("p div ul ol dl pre blockquote table h1 h2 h3 h4 h5 h6 section article form hr figure")
_SECTIONING = names("h1 h2 form section article header footer nav hr")
_TEXT_BLOCKS = names("p div pre blockquote h1 h2 h3 h4 h5 h6")
_BREAKS = frozenset({"br", "ul", "ol", "table"})
_HTML_IN_CELLS = ":is(td,th) :is(ul,ol,menu,table)"
# A backslash before a bracket may begin a formula.
# A set of characters comes first, which is looked for fast, then what has to be around them.
_MARKDOWN_SIGN = re.compile(
    r"[*`~\[\]_\\]"
    r"(?:(?<=[*`~])|(?<=[\[\]])(?<!\\[\[\]])|(?<=_)(?:(?<![^\W_]_)|(?![^\W_]))|(?<=\\)(?=[!-'*-/:-@\\^-`{-~]))"
)
_SPANNING = "[colspan],[rowspan]"
_LEVELS_TO_CELL = 12
_LEVELS_TO_TABLE = 3


def mend_tables(tables: Sequence[Element], sectioning: Iterable[Element]) -> None:
    """Take layout tables apart and lay out the spans of the others.

    :param tables: in document order.
    :param sectioning: headings, forms, sections and the like of the same tree: a cell that holds one lays out a page.
    """
    layout = _holders((*tables, *(element for element in sectioning if element.tag in _SECTIONING)))
    for table in reversed(tables):
        rows = _rows(table)
        if not any(row.cells for row in rows) or _is_blank(table):
            table.decompose()
        elif _is_layout(table, rows, table in layout):
            _take_apart(table, rows)
        else:
            _lay_out(table, rows)


def escape_cell_html(root: Node) -> None:
    """Escape the text of lists and tables in cells: they are written as HTML, between whose tags markdown counts."""
    for block in outermost(root, root.select(_HTML_IN_CELLS)):
        for text in block.descendants:
            if isinstance(text, Text) and _MARKDOWN_SIGN.search(data := text.data):
                text.data = _MARKDOWN_SIGN.sub(_escaped, data)


def _escaped(sign: re.Match[str]) -> str:
    return BACKSLASH + sign[0]


def unwrap_layout_roles(tables: Iterable[Element]) -> None:
    """Take apart the tables that say themselves that they only lay out."""
    for table in tables:
        if (table.attr("role") or "").strip().lower() in _LAYOUT_ROLES:
            _take_apart(table, _rows(table))


def _holders(elements: Iterable[Element]) -> set[Element]:
    """The tables that have one of *elements* in a cell."""
    holders = set()
    for element in elements:
        cell = _ancestor(element, _CELLS, _LEVELS_TO_CELL)
        table = None if cell is None else _ancestor(cell, {"table"}, _LEVELS_TO_TABLE)
        if table is not None:
            holders.add(table)
    return holders


def _ancestor(element: Element, tags: Iterable[str], levels: int) -> Element | None:
    node = element.parent
    for _ in range(levels):
        if not isinstance(node, Element):
            return None
        if node.tag in tags:
            return node
        node = node.parent
    return None


def _rows(table: Element) -> list[Row]:
    """The cells of each row of *table* itself, those of the foot last."""
    rows: list[Element] = []
    foot: list[Element] = []
    for child in _elements(table):
        if child.tag == "tr":
            rows.append(child)
        elif child.tag in _SECTIONS:
            (foot if child.tag == "tfoot" else rows).extend(row for row in _elements(child) if row.tag == "tr")
    return [Row(row, [cell for cell in row if isinstance(cell, Element) and cell.tag in _CELLS]) for row in rows + foot]


def _elements(parent: Element) -> list[Element]:
    return [child for child in parent if isinstance(child, Element)]


def _is_blank(table: Element) -> bool:
    return not any(map(str.strip, table.strings)) and table.find("img") is None and table.find("input") is None


def _is_layout(table: Element, rows: list[Row], holds_sections: bool) -> bool:
    cells = [cell for row in rows for cell in row.cells]
    if len(cells) == 1:
        return True
    if not holds_sections or any(cell.tag == "th" for cell in cells):
        return False
    return not any(child.tag in {"caption", "thead"} for child in _elements(table))


def _take_apart(table: Element, rows: list[Row]) -> None:
    """Rows and cells become blocks; a row whose cells hold no blocks is one line."""
    for row in rows:
        lines = not any(child.tag in _BLOCKS for cell in row.cells for child in _elements(cell))
        for cell in row.cells:
            cell.tag = "span" if lines else "div"
            if lines:
                cell.insert_before(Text(" "))
        row.element.tag = "div"
    for child in _elements(table):
        if child.tag == "colgroup":
            child.decompose()
        elif child.tag in _SECTIONS or child.tag == "caption":
            child.tag = "div"
    table.tag = "div"


def _lay_out(table: Element, rows: list[Row]) -> None:
    if next(table.iter_elements(_TEXT_BLOCKS), None) is not None:
        for row in rows:
            for cell in row.cells:
                if len(cell) > 1:
                    _break_blocks(cell)
    spanning = table.select(_SPANNING)
    if spanning or len({len(row.cells) for row in rows}) > 1:
        lay_out_spans(rows, set(spanning))
    for section in [child for child in _elements(table) if child.tag == "tfoot"]:
        table.append(section.extract())


def _break_blocks(cell: Element) -> None:
    """Paragraphs of a cell, and lines of code in it, are told apart by line breaks."""
    for block in [child for child in _elements(cell) if child.tag in _TEXT_BLOCKS][1:]:
        before = block.previous_sibling
        while isinstance(before, Text) and not before.data.strip():
            before = before.previous_sibling
        if before is not None and not (isinstance(before, Element) and before.tag in _BREAKS):
            block.insert_before(Element("br"))
