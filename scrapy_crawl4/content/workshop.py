"""Elements that are made by the hundred, with hashes of their own."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from turbohtml import Element

if TYPE_CHECKING:
    from collections.abc import Mapping

    from turbohtml import Node


class Workshop:
    """Makes elements for a tree.

    The hash of an element is its first place in memory. One that is made alone gives that place back when it is moved
    into a tree, to the next one: thousands of elements with one hash, which sets and dictionaries of a later stage
    would compare each with all others. Those made here have different places while the workshop is kept.
    """

    def __init__(self) -> None:
        self._bench: Element | None = None

    def element(self, tag: str, text: str = "", attributes: Mapping[str, str] | None = None) -> Element:
        """An element that holds *text*."""
        made = self.nodes("<i></i>")[0]
        if not isinstance(made, Element):
            raise TypeError("an element was parsed as something else")
        made.tag = tag
        if text:
            made.text = text
        made.attrs.update(attributes or {})
        return made

    def nodes(self, markup: str) -> list[Node]:
        """The nodes that *markup* makes."""
        if self._bench is None:  # most pages need nothing made
            self._bench = Element("div")
        self._bench.insert_adjacent_html("beforeend", markup)
        return [node.extract() for node in list(self._bench)]

    def lines(self, text: str) -> list[Node]:
        """*text* with ``<br>`` for its line ends."""
        return self.nodes(html.escape(text, quote=False).replace("\r", "&#13;").replace("\n", "<br>"))
