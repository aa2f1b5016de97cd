"""A page as a row of text blocks in boxes: what filters that choose content look at.

A *box* is an element that starts a new line of text, such as a paragraph, a list or a table cell; a *block* is one
run of text and inline elements directly inside a box. One walk over the tree makes both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from turbohtml import Element, Text

from .names import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from turbohtml import Node


BOX_TAGS = names(
    "address article aside blockquote body button caption center dd details dialog div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre search section "
    "summary table tbody td tfoot th thead tr ul"
)
MEDIA_TAGS = names("img picture video audio iframe object embed canvas math")
_NO_TEXT = names("head title script style template select textarea datalist noscript svg")
_CHARACTERS_PER_WORD = 15  # more than that on average: a script without spaces
_CHARACTERS_OF_A_WORD = 2


class Box:
    """An element that starts a new line, with what lies in it."""

    __slots__ = ("depth", "element", "end", "first", "length", "link_length", "parent", "signature", "tag", "words")

    def __init__(self, element: Element, parent: Box | None, first: int) -> None:
        self.element = element
        self.parent = parent
        self.tag = element.tag
        self.depth: int = parent.depth + 1 if parent is not None else 0
        self.first = first
        """Index of the first block inside."""
        self.end = first
        """One more than the index of the last block inside."""
        self.words = 0
        """Words of all blocks inside."""
        self.length = 0
        """Characters of all blocks inside."""
        self.link_length = 0
        """Characters of them that are linked."""
        self.signature = f"{element.attr('class') or ''} {element.attr('id') or ''}"
        """Class and id."""


class Block:
    """One run of text and inline elements."""

    __slots__ = ("box", "length", "link_length", "media", "nodes", "text", "words")

    def __init__(self, box: Box) -> None:
        self.box = box
        self.nodes: list[Node] = []
        """The text nodes and media of the run, in document order."""
        self.text = ""
        """Its text, white space collapsed."""
        self.words = 0
        self.length = 0
        self.link_length = 0
        self.media = 0


class _Walk:
    """The state of one walk over a tree."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.boxes: list[Box] = []
        self.block: Block | None = None
        self.pieces: list[str] = []
        self.breaks = 0
        self.in_link = 0

    def add(self, box: Box, node: Node) -> Block:
        block = self.block
        if block is None:
            block = self.block = Block(box)
        block.nodes.append(node)
        self.breaks = 0
        return block

    def add_text(self, box: Box, node: Text) -> None:
        data = node.data
        if data.isspace() or not data:
            if self.block is not None:
                self.pieces.append(" ")
            return
        block = self.add(box, node)
        self.pieces.append(data)
        if self.in_link:
            block.link_length += len(data)

    def close(self) -> None:
        """End the run, if there is one."""
        block = self.block
        if block is None:
            return
        words = "".join(self.pieces).split()
        block.text = text = " ".join(words)
        block.length = len(text)
        block.link_length = min(block.link_length, block.length)
        block.words = len(words)
        if block.length > _CHARACTERS_PER_WORD * block.words and not text.isascii():
            block.words = block.length // _CHARACTERS_OF_A_WORD
        box = block.box
        box.words += block.words
        box.length += block.length
        box.link_length += block.link_length
        self.blocks.append(block)
        self.block = None
        self.pieces.clear()

    def open_box(self, element: Element, parent: Box | None) -> Box:
        self.close()
        box = Box(element, parent, len(self.blocks))
        self.boxes.append(box)
        return box

    def close_box(self, box: Box) -> None:
        self.close()
        box.end = len(self.blocks)
        parent = box.parent
        if parent is not None:
            parent.words += box.words
            parent.length += box.length
            parent.link_length += box.link_length


def segment(root: Element) -> tuple[list[Block], list[Box]]:
    """The blocks of *root* in document order, and its boxes, each before those inside it."""
    walk = _Walk()
    top = walk.open_box(root, None)
    stack: list[tuple[Iterator[Node], Box, bool, bool]] = [(iter(root), top, True, False)]
    while stack:
        children, box, is_box, is_link = stack[-1]
        for child in children:
            if isinstance(child, Text):
                walk.add_text(box, child)
            elif isinstance(child, Element):
                entered = _enter(walk, child, box)
                if entered is not None:
                    stack.append(entered)
                    break
        else:
            stack.pop()
            walk.in_link -= is_link
            if is_box:
                walk.close_box(box)
    return walk.blocks, walk.boxes


def _enter(walk: _Walk, element: Element, box: Box) -> tuple[Iterator[Node], Box, bool, bool] | None:
    """Go into *element*, or take it as a whole (None)."""
    tag = element.tag
    if tag in BOX_TAGS:
        inner = walk.open_box(element, box)
        return iter(element), inner, True, False
    if tag == "br":
        walk.breaks += 1
        walk.pieces.append(" ")
        if walk.breaks > 1:  # an empty line parts paragraphs
            walk.close()
        return None
    if tag in MEDIA_TAGS:
        walk.add(box, element).media += 1
        return None
    if tag in _NO_TEXT:
        return None
    is_link = tag == "a"
    if is_link:
        walk.in_link += 1
    return iter(element), box, False, is_link
