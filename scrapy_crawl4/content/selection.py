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
    place = {element: number for number, element in enumerate(scope.iter_elements())}
    kept: list[Element] = []
    end = -1
    for element in matches:
        start = place[element]
        if start > end:
            kept.append(element)
            end = start + sum(1 for _ in element.iter_elements())
    return kept
