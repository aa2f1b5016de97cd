"""Mermaid diagrams: their source where the page has it, else what a drawn one says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .workshop import Workshop

if TYPE_CHECKING:
    from turbohtml import Element, Node

_LABELS = ".nodeLabel,.edgeLabel span,.label span"


def keep_diagrams(root: Node) -> None:
    """Put the source of a diagram into a block of code; runs before drawings are taken off.

    Of a drawn diagram, whose source is gone, the labels are kept, each on a line after a comment with its kind.
    """
    workshop = Workshop()
    filled: set[Element] = set()
    for drawing in root.find_all("svg"):
        if (drawing.attr("id") or "").startswith("mermaid"):
            _keep_labels(drawing, filled, workshop)
    for place in root.find_all("div", class_="mermaid"):
        if place.find("pre") is None and place.text.strip():
            place.replace_with(_block(place.text, workshop))


def _keep_labels(drawing: Element, filled: set[Element], workshop: Workshop) -> None:
    """Put the labels in place of *drawing*, and of the ``<pre>`` that holds nothing else.

    :param filled: each ``<pre>`` that holds the labels of another one.
    """
    found = drawing.select(_LABELS) or drawing.find_all("text")
    labels = dict.fromkeys(" ".join(label.text.split()) for label in found)
    labels.pop("", None)
    if not labels:
        return
    kind = drawing.attr("aria-roledescription") or "diagram"
    pre = drawing.closest("pre")
    place = drawing
    if pre is not None and pre not in filled:
        filled.add(pre)
        place = pre if pre.text.strip() == drawing.text.strip() else drawing
    place.replace_with(_block(f"%% {kind}\n" + "\n".join(labels), workshop))


def _block(source: str, workshop: Workshop) -> Element:
    block = workshop.element("pre", attributes={"class": "language-mermaid"})
    block.append(workshop.element("code", source.strip("\n")))
    return block
