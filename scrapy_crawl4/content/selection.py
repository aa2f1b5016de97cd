"""The selection stage: ``css_selector`` and ``target_elements``, after cleaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from turbohtml import Element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from turbohtml import Node


def select(scope: Node, selectors: Sequence[str]) -> Element:
    """Move what *selectors* match below *scope* into a new ``<div>``, which is empty if they match nothing.

    Several matches are in document order, and one inside another counts once.

    :raises ValueError: a selector is not valid CSS.
    """
    holder = Element("div")
    holder.extend(outermost(scope, scope.select(",".join(selectors))))
    return holder


def outermost(scope: Node, matches: list[Element]) -> list[Element]:
    """Those of *matches*, in document order, that do not lie inside another one; linear in the size of *scope*."""
    if len(matches) < 2:  # noqa: PLR2004
        return matches
    inside: set[Node] = set(matches)
    outside: set[Node] = {scope}
    return [element for element in matches if not _lies_in(element, inside, outside)]


def _lies_in(element: Element, inside: set[Node], outside: set[Node]) -> bool:
    """Whether an ancestor is in *inside*; each ancestor is asked once, since it is in one of the sets from then on."""
    way: list[Node] = []
    node = element.parent
    while node is not None and node not in inside and node not in outside:
        way.append(node)
        node = node.parent
    found = node is not None and node in inside
    (inside if found else outside).update(way)
    return found
