"""What a page says beside a picture."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from turbohtml import Element, Text

if TYPE_CHECKING:
    from turbohtml import Node

_NODES = 60
_LENGTH = 300
_WORDS = _LENGTH // 2  # each has a letter and a blank: more are too long
_LEVELS = 4
_TOO_WIDE = frozenset({"body", "html", "main", "article", "section"})


class Describer:
    """Finds the words next to a picture: its caption or the smallest block around it that has any.

    Each container is read once, and never a whole page: at most 300 characters, at most four levels up.
    """

    def __init__(self, min_words: int) -> None:
        self._min_words = min_words
        self._read: dict[Element, str] = {}

    def __call__(self, image: Element) -> str:
        """The words beside *image*, ``""`` if there are none."""
        below: Node = image
        node, text = image.parent, ""
        for _ in range(_LEVELS):
            if not isinstance(node, Element) or node.tag in _TOO_WIDE:
                break
            if text or not _alone(below):  # else nothing was added to what was read already, which has no words
                text = self._text(node)
            if text and text.count(" ") + 1 >= self._min_words:
                return text
            below, node = node, node.parent
        return ""

    def _text(self, container: Element) -> str:
        known = self._read.get(container)
        if known is None:
            known = self._read[container] = _shortened(container)
        return known


def _alone(node: Node) -> bool:
    return node.next_sibling is None and node.previous_sibling is None


def _shortened(container: Element) -> str:
    texts: list[str] = []
    left = _LENGTH
    # Nodes are counted, text or not: what holds no text would be read to its end again for each level around it.
    for node in islice(container.descendants, _NODES):
        if type(node) is Text:
            text = " ".join(node.data.split(None, _WORDS))
            if text:
                texts.append(text)
                left -= len(text) + 1
                if left < 0:
                    whole = " ".join(texts)
                    return whole[: max(whole.rfind(" ", 0, _LENGTH), 0)]
    return " ".join(texts)
