"""Lists on the tree: numbers, tasks and definitions in the forms that markdown has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from turbohtml import Element, Text

from .names import names

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEVELS_TO_ITEM = 3
_AROUND_BOX = frozenset({"label", "span", "p", "div"})
_TERM_BLOCKS = ",".join(
    f":scope > {name}" for name in sorted(names("p div ul ol dl pre table blockquote h1 h2 h3 h4 h5 h6 b strong"))
)
_HIGHEST = 999_999_999  # nine digits are what markdown reads as a number of a list
_MOST_DIGITS = 20


def number_lists(lists: Iterable[Element]) -> None:
    """Lists that count down, or whose items say their number, become a list for each run of numbers."""
    for ordered in lists:
        items = [item for item in ordered if isinstance(item, Element) and item.tag == "li"]
        countdown = ordered.attrs.pop("reversed", False) is not False
        values = [_number(item.attr("value")) for item in items] if _numbered(items) else []
        start = _number(ordered.attr("start"))
        if "start" in ordered.attrs and start is None:
            del ordered.attrs["start"]
        if (countdown and items) or any(value is not None for value in values):
            _split(ordered, items, _numbers(items, values, start, countdown=countdown))


def _numbered(items: Iterable[Element]) -> bool:
    return any(item.attr("value") is not None for item in items)


def _number(value: str | None) -> int | None:
    text = (value or "").strip()
    number = int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else _HIGHEST + 1
    return number if number <= _HIGHEST else None


def _numbers(items: list[Element], values: list[int | None], start: int | None, *, countdown: bool) -> list[int]:
    step = -1 if countdown else 1
    number = start if start is not None else len(items) if countdown else 1
    numbers = []
    for place in range(len(items)):
        value = values[place] if values else None
        number = max(number if value is None else value, 0)
        numbers.append(number)
        number += step
    return numbers


def _split(ordered: Element, items: list[Element], numbers: list[int]) -> None:
    current = ordered
    for place, (item, number) in enumerate(zip(items, numbers, strict=True)):
        item.attrs.pop("value", None)
        if not place:
            ordered.attrs["start"] = str(number)
        elif number != numbers[place - 1] + 1:
            following = Element("ol", {"start": str(number)})
            current.insert_after(following)
            current = following
        if current is not ordered:
            current.append(item)


def free_task_boxes(controls: Iterable[Element]) -> None:
    """The box of a task comes first in its item, where markdown has it, and not in a label."""
    for box in controls:
        if (box.attr("type") or "").lower() != "checkbox":
            continue
        node = box.parent
        for _ in range(_LEVELS_TO_ITEM):
            if not isinstance(node, Element) or node.tag not in _AROUND_BOX:
                break
            node = node.parent
        if isinstance(node, Element) and node.tag == "li" and box.parent != node and not _text_before(box, node):
            node.insert(0, box.extract())
            box.insert_after(Text(" "))


def _text_before(box: Element, item: Element) -> bool:
    node: Element | None = box
    while node is not None and node != item:
        if any(not isinstance(before, Text) or before.data.strip() for before in node.previous_siblings):
            return True
        node = node.parent if isinstance(node.parent, Element) else None
    return False


def embolden_terms(terms: Iterable[Element]) -> None:
    """Terms of a definition list are told from the definitions, for which markdown has no sign, by weight."""
    for term in terms:
        if term.text.strip() and term.select_one(_TERM_BLOCKS) is None:
            term.wrap_children(Element("strong"))
