"""How much text, link text and markup each element of a page holds, from one pass over its tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from turbohtml import Element, Text

if TYPE_CHECKING:
    from turbohtml import Node

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

    elements: list[Element] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)

    chars: list[int] = field(default_factory=list)
    """Characters of text; runs of white space count as one, at the ends of a text as none."""

    words: list[int] = field(default_factory=list)
    """Words between white space."""

    link_chars: list[int] = field(default_factory=list)
    """Those of ``chars`` that are inside links."""

    inner: list[int] = field(default_factory=list)
    """Elements, itself included. Those in ``<pre>`` and line breaks do not count: they are the look of its text."""

    pictures: list[int] = field(default_factory=list)


def outline(root: Element) -> Outline:
    """The outline of *root*; takes time linear in the size of its tree, whatever its depth."""
    found = Outline()
    index: dict[Node | None, int] = {root: 0}
    linked, code = [root.tag == "a"], [root.tag == "pre"]
    _enter(found, root, 0, root.tag, markup=1)
    for node in root.descendants:
        parent = index.get(node.parent)
        if parent is None:  # inside what is not read
            continue
        if isinstance(node, Element):
            tag = node.tag
            if tag not in _NOT_READ:
                index[node] = len(found.elements)
                linked.append(linked[parent] or tag == "a")
                code.append(code[parent] or tag == "pre")
                _enter(found, node, parent, tag, markup=0 if code[parent] or tag == "br" else 1)
        elif isinstance(node, Text):
            words = node.data.split()
            if words:
                length = sum(map(len, words)) + len(words) - 1
                found.chars[parent] += length
                found.words[parent] += len(words)
                if linked[parent]:
                    found.link_chars[parent] += length
    _add_up(found)
    return found


def _enter(found: Outline, element: Element, parent: int, tag: str, *, markup: int) -> None:
    found.elements.append(element)
    found.tags.append(tag)
    found.parents.append(parent)
    found.chars.append(0)
    found.words.append(0)
    found.link_chars.append(0)
    found.inner.append(markup)
    found.pictures.append(1 if tag == "img" else 0)


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
