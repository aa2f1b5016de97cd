"""The smallest blocks of a page, in document order, none inside another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from turbohtml import Element, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turbohtml import Node

_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend", "li", "main", "nav", "ol",
    "p", "pre", "section", "summary", "table", "ul",
})  # fmt: skip
_WHOLE = frozenset({"figure", "pre"})
# Elements that part words without a space, and those that may follow each other without one.
_PARTING = "br,td,th,figcaption"
_PARTED = frozenset({"br", "caption", "tbody", "td", "th", "thead", "tfoot", "tr"})
_LEVELS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6, "dt": 7}


@dataclass(slots=True)
class Unit:
    """A paragraph, list item, heading, table or the like; or text and inline elements between two such blocks."""

    nodes: list[Node]
    """One element, or neighbours without a block among them."""

    text: str

    tag: str
    """Of the one element; of neighbours, that of the element they are in."""

    quoted: bool
    """Whether it is in a block quote."""

    @property
    def level(self) -> int:
        """1 to 7 for headings, of which a definition list's terms are the lowest; else 0."""
        return _LEVELS.get(self.tag, 0)

    @property
    def whole_tag(self) -> str:
        """The tag of an inline element or header cell that holds all of the text, if there is one; else empty."""
        inner = self.nodes[0].find(["strong", "b", "em", "code", "th"]) if len(self.nodes) == 1 else None
        return inner.tag if inner is not None and inner.text.strip() == self.text.strip() else ""


def units(root: Element) -> Iterator[Unit]:
    """The units of *root* that hold text or pictures; takes time linear in the size of its tree."""
    holders = _holders(root)
    stack: list[tuple[Element, Iterator[Node], bool]] = [(root, iter(list(root)), root.tag == "blockquote")]
    run: list[Node] = []
    while stack:
        holder, children, quoted = stack[-1]
        node = next(children, None)
        inline = node is not None and not (isinstance(node, Element) and (node.tag in _BLOCKS or node in holders))
        if node is not None and inline:
            if not (isinstance(node, Element) and node.tag == "head"):
                run.append(node)
            continue
        yield from _unit(run, holder.tag, quoted=quoted)
        run = []
        if not isinstance(node, Element):
            stack.pop()
        elif node in holders and not _stays_whole(node):
            stack.append((node, iter(list(node)), quoted or node.tag == "blockquote"))
        else:
            yield from _unit([node], node.tag, quoted=quoted or node.tag == "blockquote")


def _unit(nodes: list[Node], tag: str, *, quoted: bool) -> Iterator[Unit]:
    text = "".join(_text(node) for node in nodes)
    if text.strip() or any(isinstance(node, Element) and _has_picture(node) for node in nodes):
        yield Unit(nodes, text, tag, quoted)


def _text(node: Node) -> str:
    if isinstance(node, Text):
        return node.data
    if isinstance(node, Element) and (node.tag in _PARTED or node.select_one(_PARTING) is not None):
        return f" {' '.join(node.strings)} "
    return node.text


def _has_picture(element: Element) -> bool:
    return element.tag == "img" or element.find("img") is not None


def _holders(root: Element) -> set[Node | None]:
    """The elements that hold a block."""
    holders: set[Node | None] = set()
    for element in reversed(list(root.iter_elements())):
        if element.tag in _BLOCKS or element in holders:
            holders.add(element.parent)
    return holders


def _stays_whole(element: Element) -> bool:
    return element.tag in _WHOLE or (element.tag == "table" and element.find("th") is not None)
