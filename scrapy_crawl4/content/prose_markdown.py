"""Text on the tree: paragraphs that only line breaks make, elements that a writer would glue together, readings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from turbohtml import Element, Text

from .code_blocks import pre_of_lines
from .markdown_marks import SUB, SUB_END, SUP, SUP_END, mark, unmark_html
from .names import names
from .selection import outermost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from turbohtml import Node

_RENAMED = {
    "center": "div",
    "legend": "p",
    "dir": "ul",
    "xmp": "pre",
    "listing": "pre",
    "plaintext": "pre",
    "search": "div",
    "dialog": "div",
    "marquee": "div",
    "optgroup": "div",
    "noframes": "div",
    "frameset": "div",
}
RENAMED = frozenset(_RENAMED)
"""Elements that are blocks under another name."""

_TRANSPARENT = frozenset({"span", "font"})
_LEVELS = 6
_PARAGRAPHS = names(
    "p div section article main aside header footer nav body li dd blockquote figure figcaption details address"
)
_WORD_END = re.compile(r"[^\W_]*$")
_LONGEST_BASE = 12
_POWER = re.compile(r"[+\-\u2212\u2013]?(?:\d{1,3}|[a-z])", re.IGNORECASE)
_UNITS = frozenset({"mm", "cm", "dm", "km", "ft"})
_BLANK_LINES = re.compile(r"\n\s*\n")
_INLINE = names(
    "a abbr b bdi bdo big cite code data del dfn em font i img input ins kbd label mark q s samp small span strong "
    "sub sup time tt u var"
)
_DELIMITER_ROW = re.compile(r"\s*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?\s*")


def rename_blocks(elements: Iterable[Element]) -> None:
    """Give elements that are blocks under an old name the one that writers know."""
    for element in elements:
        element.tag = _RENAMED[element.tag]


def bracket_readings(readings: Iterable[Element]) -> None:
    """``<rt>``: how the characters before it are read stands in parentheses, as browsers without ruby show it."""
    for reading in readings:
        if reading.text.strip():
            reading.insert(0, Text("("))
            reading.append(Text(")"))


def break_paragraphs(breaks: Iterable[Element]) -> None:
    """Line breaks at the start of a block go; two and more in a row separate paragraphs."""
    gap: Element | None = None  # the last one made: line breaks right after it add nothing
    passed: tuple[Text | None, Element | Text | None] = (None, None)  # blanks that were passed already, and to what
    for line_break in breaks:
        parent = line_break.parent
        if not isinstance(parent, Element):
            continue
        if parent.tag == "code":
            pre_of_lines(parent)
            continue
        before = _before(line_break, *passed)
        blank = line_break.previous_sibling
        passed = (blank if isinstance(blank, Text) else None, before)
        if before is None:
            if parent.tag in _PARAGRAPHS:
                line_break.decompose()
        elif before == gap:
            line_break.decompose()
        elif (_is_break(before) or _begins_table(line_break)) and _opened(line_break):
            gap = Element("div")
            line_break.replace_with(gap)
            if _is_break(before):
                before.decompose()


def _before(node: Element, known: Text | None, before_known: Element | Text | None) -> Element | Text | None:
    """The node before, white space aside; None at the start of the parent.

    :param known: a text that this was asked for the last time, and what was found then: breaks are taken off between.
    """
    before = node.previous_sibling
    while isinstance(before, Text) and not before.data.strip():
        if before == known:
            return before_known
        before = before.previous_sibling
    return before if isinstance(before, (Element, Text)) else None


def _is_break(node: Element | Text) -> bool:
    return isinstance(node, Element) and node.tag == "br"


def _begins_table(line_break: Element) -> bool:
    """Whether the line after would make a table of the one before."""
    after = line_break.next_sibling
    return (
        isinstance(after, Text)
        and "|" in after.data[:200]
        and "-" in after.data[:200]
        and _DELIMITER_ROW.fullmatch(after.data) is not None
    )


def _opened(line_break: Element) -> bool:
    """Whether a paragraph can end here: the parent is a block, or spans that mean nothing and were unwrapped."""
    for _ in range(_LEVELS):
        parent = line_break.parent
        if not isinstance(parent, Element) or parent.tag not in _TRANSPARENT:
            break
        parent.unwrap()
    parent = line_break.parent
    return isinstance(parent, Element) and parent.tag in _PARAGRAPHS


def raise_powers(raised: Iterable[Element], lowered: Iterable[Element], *, include: bool | None) -> None:
    """``<sup>`` and ``<sub>`` as HTML, which GFM allows.

    :param include: all of them, none, or (None) what is raised after a number or a single letter, as a power or a unit
        is: without the sign the text would say something else.
    """
    if include is not None and not include:
        return
    for element in raised:
        if include or _is_power(element):
            _sign(element, SUP, SUP_END)
    for element in lowered if include else ():
        _sign(element, SUB, SUB_END)


def _sign(element: Element, before: str, after: str) -> None:
    if element.text.strip():
        element.insert(0, Text(before))
        element.append(Text(after))


def _is_power(element: Element) -> bool:
    before = element.previous_sibling
    if not isinstance(before, Text) or len(element) != 1:
        return False
    base = _WORD_END.search(before.data[-_LONGEST_BASE:])
    word = base[0] if base else ""
    return (word.isdigit() or len(word) == 1 or word in _UNITS) and _POWER.fullmatch(element.text.strip()) is not None


def preserve(root: Node, tags: Iterable[str]) -> None:
    """Keep elements of *tags* as the HTML that they are; blank lines, which would end it in markdown, go."""
    for element in outermost(root, list(root.iter_elements(tags))):
        kept = Text(mark(_BLANK_LINES.sub("\n", unmark_html(element.html))))
        block = element.tag not in _INLINE
        element.replace_with(Element("div", None, [kept]) if block else kept)
