"""How much text, link text and markup each element of a page holds, from one pass over its tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from turbohtml import Text

if TYPE_CHECKING:
    from turbohtml import Element, Node

# Nothing in these is text of the page.
_NOT_READ = frozenset({
    "head", "script", "style", "select", "textarea", "datalist", "iframe", "object", "embed", "canvas", "video",
    "audio", "template", "svg",
})  # fmt: skip


@dataclass(slots=True)
class Outline:
    """The elements of a page in document order and, under the same index in each list, what they hold.

    Figures include those of the elements inside. What a page does not show as text (scripts, forms' options) is left
    out with all that it holds. Index 0 is the element the outline was made of; it is its own parent.
    """

    elements: list[Element]
    tags: list[str]
    parents: list[int]

    chars: list[int]
    """Characters of text; runs of white space count as one, at the ends of a text as none."""

    words: list[int]
    """Words between white space."""

    link_chars: list[int]
    """Those of ``chars`` that are inside links."""

    inner: list[int]
    """Elements, itself included. Those in ``<pre>`` and line breaks do not count: they are the look of its text."""

    pictures: list[int]


def outline(root: Element) -> Outline:
    """The outline of *root*; takes time linear in the size of its tree, whatever its depth."""
    elements = list(root.iter_elements(include_self=True))
    index: dict[Node | None, int] = {element: at for at, element in enumerate(elements)}
    tags = [element.tag for element in elements]
    # Only what is in a fragment of its own, which is not read, has no parent here.
    parents = [index.get(element.parent, 0) for element in elements]
    parents[0] = 0
    unread, linked, inner = _kinds(tags, parents)
    size = len(elements)
    found = Outline(
        elements, tags, parents, [0] * size, [0] * size, [0] * size, inner, [1 if tag == "img" else 0 for tag in tags]
    )
    chars, words, link_chars = found.chars, found.words, found.link_chars
    for node in root.descendants:
        if isinstance(node, Text):
            parts = node.data.split()
            at = index.get(node.parent) if parts else None
            if at is not None and not unread[at]:
                length = sum(map(len, parts)) + len(parts) - 1
                chars[at] += length
                words[at] += len(parts)
                if linked[at]:
                    link_chars[at] += length
    _add_up(found)
    return found


def _kinds(tags: list[str], parents: list[int]) -> tuple[list[bool], list[bool], list[int]]:
    """Of each element, whether it is not read, whether it is in a link, and whether it counts as markup (1 or 0)."""
    size = len(tags)
    unread, linked, code, inner = [False] * size, [False] * size, [False] * size, [1] * size
    for at, (tag, parent) in enumerate(zip(tags, parents, strict=True)):
        unread[at] = unread[parent] or tag in _NOT_READ
        linked[at] = linked[parent] or tag == "a"
        if code[parent] or tag == "br" or unread[at]:
            inner[at] = 0
        code[at] = code[parent] or tag == "pre"
    return unread, linked, inner


def _add_up(found: Outline) -> None:
    """Add to each element what those inside it hold: from the last to the first, children come before parents."""
    chars, words, link_chars = found.chars, found.words, found.link_chars
    inner, pictures, parents = found.inner, found.pictures, found.parents
    for index in range(len(parents) - 1, 0, -1):
        parent = parents[index]
        chars[parent] += chars[index]
        words[parent] += words[index]
        link_chars[parent] += link_chars[index]
        inner[parent] += inner[index]
        pictures[parent] += pictures[index]
