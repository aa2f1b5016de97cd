"""What a removal leaves empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from turbohtml import Element, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from turbohtml import Node

# An empty cell keeps its place, and a page its body.
_MAY_BE_EMPTY = frozenset({"html", "body", "td", "th"})


def with_emptied(nodes: Sequence[Node], root: Element) -> list[Node]:
    """*nodes*, and each element below *root* that would hold nothing but white space without them."""
    found = list(nodes)
    left: dict[Node, int] = {}
    for node in found:  # grows on the way
        parent = node.parent
        if isinstance(parent, Element) and parent != root and parent.tag not in _MAY_BE_EMPTY and not _is_blank(node):
            left[parent] = left.get(parent, -1)
            if left[parent] < 0:
                left[parent] = sum(not _is_blank(child) for child in parent)
            left[parent] -= 1
            if not left[parent]:
                found.append(parent)
    return found


def _is_blank(node: Node) -> bool:
    return isinstance(node, Text) and not node.data.strip()
