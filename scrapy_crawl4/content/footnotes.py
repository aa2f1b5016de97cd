"""Footnotes on the tree: marks in the text and the notes they lead to, in GFM's form ``[^1]``.

A mark is a short link to a note on the same page, by the name of its target, that stands raised or says by its class
that it is one. Its note is the list item, definition, aside or paragraph that has the link's target as ``id``. Marks
without such a note stay links.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from turbohtml import Element, Text

from .markdown_marks import note, reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from turbohtml import Node

_MARK = re.compile(r"[\[(]?\s*((?:[Nn]ote\s)?\d{1,4}|[a-zA-Z]|[ivxlc]{1,5}|[*†‡§¶‖]{1,3})\s*[\])]?")
_NAMED = re.compile(r"footnote|fn-?ref|note-?ref|sdfootnote|_ftn", re.IGNORECASE)
# How generators of footnotes name a note. The numbered references of an encyclopedia are a list to be read as one.
_TARGET = re.compile(r"(?:user-content-)?(?:fn|ftn|_ftn|footnote|sdfootnote|note|id)s?[-_:.]?[\w.-]*", re.IGNORECASE)
_ORNAMENTS = re.compile(r"[\s^↑\[\]().:]+")
_NOTES = frozenset({"li", "aside", "div", "p", "dd"})
_BACK = frozenset({"↩", "↩︎", "↩️", "^", "↑", "⏎", "⇑", "[", "]", "a", "Jump up"})


class _Mark(NamedTuple):
    link: Element
    whole: Element
    """The link or what raises it."""
    label: str


def mend_footnotes(root: Node, links: Iterable[tuple[Element, str]]) -> None:
    """Put footnotes into markdown's form.

    :param links: the links within the page, each with the ``id`` that it leads to.
    """
    marks: dict[str, list[_Mark]] = {}
    for link, target in links:
        mark = _mark(link) if _TARGET.fullmatch(target) else None
        if mark is not None:
            marks.setdefault(target, []).append(mark)
    if not marks:
        return
    places = {element.attr("id"): element for element in root.select("[id]")}
    notes = {target: found for target in marks if (found := _note(places.get(target))) is not None}
    _write(marks, notes)


def _mark(link: Element) -> _Mark | None:
    text = link.text.strip()
    matched = _MARK.fullmatch(text) if len(text) < 12 else None  # noqa: PLR2004
    if matched is None:
        return None
    parent = link.parent
    raised = isinstance(parent, Element) and parent.tag == "sup" and parent.text.strip() == text
    if raised or link.find("sup") is not None or _NAMED.search(f"{link.attr('class')} {link.attr('id')}"):
        return _Mark(link, parent if raised and isinstance(parent, Element) else link, "".join(matched[1].split()))
    return None


def _note(place: Element | None) -> Element | None:
    """The element that holds the text of a note, from what carries its ``id``."""
    if place is not None and place.tag in {"a", "span", "sup", "b"} and isinstance(place.parent, Element):
        place = place.parent  # older pages: <p><a id="fn1">1</a> text</p>
    if place is not None and place.tag == "dt":
        following = place.next_siblings
        place = next((node for node in following if isinstance(node, Element)), None)
    return place if place is not None and place.tag in _NOTES else None


def _write(marks: Mapping[str, list[_Mark]], notes: Mapping[str, Element]) -> None:
    back = {name for target in notes for mark in marks[target] for name in _names(mark)}
    labels = _Labels()
    written: set[Element] = set()
    for target, found in notes.items():
        if found in written or any(mark.whole in written for mark in marks[target]):
            continue
        written.add(found)
        label = labels.new(marks[target][0].label)
        for mark in marks[target]:
            if mark.whole.parent is not None:  # a mark may stand in another one
                mark.whole.replace_with(Text(reference(label)))
        _write_note(found, label, back)
    _open_lists(written)


def _names(mark: _Mark) -> Iterable[str]:
    for element in (mark.link, mark.whole, mark.link.find("sup")):
        name = None if element is None else element.attr("id")
        if name:
            yield name


class _Labels:
    """Labels of notes, each given once."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def new(self, wanted: str) -> str:
        """*wanted* if it is free and can stand in markdown, else a number of its own."""
        free = wanted.isalnum() and wanted not in self._used
        label = wanted if free else f"n{len(self._used) + 1}"
        self._used.add(label)
        return label


def _write_note(found: Element, label: str, back: set[str]) -> None:
    for link in found.find_all("a"):
        href = link.attr("href") or ""
        if link.text.strip() in _BACK or href.partition("#")[2] in back:
            link.decompose()
    _remove_label(found, label)
    before, after = note(label)
    _first_block(found).insert(0, Text(before))
    found.append(Text(after))


def _remove_label(found: Element, label: str) -> None:
    """Take off what numbers the note: an arrow back, or its own mark repeated."""
    first = found
    for _ in range(3):  # the paragraph, and what raises the mark in it
        children = [node for node in first if not isinstance(node, Text) or node.data.strip()]
        head = children[0] if children else None
        if isinstance(head, Text):
            head.data = re.sub(rf"^\s*(?:[\^↑]|[\[(]?{re.escape(label)}[\]).:]|\[\s*\])\s*", "", head.data)
            return
        if not isinstance(head, Element):
            return
        if head.tag in {"sup", "span", "b"} and _ORNAMENTS.sub("", head.text) in {"", label}:
            head.decompose()
        else:
            first = head


def _first_block(found: Element) -> Element:
    head = next((node for node in found if not isinstance(node, Text) or node.data.strip()), None)
    return head if isinstance(head, Element) and head.tag in {"p", "div"} else found


def _open_lists(notes: Iterable[Element]) -> None:
    """A list of notes numbers them itself: in markdown each says its number."""
    for found in notes:
        parent = found.parent
        if isinstance(parent, Element) and parent.tag in {"ol", "ul", "dl"}:
            parent.tag = "div"
            for item in parent:
                if isinstance(item, Element) and item.tag in {"li", "dd", "dt"}:
                    item.tag = "div"
