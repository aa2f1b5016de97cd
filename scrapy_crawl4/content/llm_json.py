"""JSON as models write it: in fences, with prose around, with commas too many, cut off at the end.

Nothing is evaluated. Reading takes time in proportion to the text, whatever it holds.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..jsonable import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 200
"""Levels of brackets; what is deeper is no answer."""
MOST_STARTS = 20
"""Brackets in prose after which the search for JSON that was cut off ends."""

# A string that is never closed reaches to the end: each is passed over once.
_STRING = r'"(?:[^"\\]|\\.)*+\\?(?:"|\Z)'
_TOKEN = re.compile(rf"{_STRING}|[\[\]{{}},]", re.DOTALL)
_COMMA_TOO_MANY = re.compile(rf"({_STRING})|,(?=\s*+[\]}}])", re.DOTALL)
_THOUGHTS = re.compile(r"\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL)
_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n`]*\n(.*?)^[ \t]*\1", re.DOTALL | re.MULTILINE)
_CLOSING = {"[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read.

    value: a list or a dict.
    complete: False if the text ended before the JSON did, and *value* is what was complete of it.
    """

    value: list[Any] | dict[str, Any]
    complete: bool = True


def read_json(text: str) -> Reading:
    """The list or dict that an answer consists of.

    Several objects one after the other are a list. Of several other pieces the longest counts. Without a complete
    piece, the complete items of one that was cut off are taken.

    :raises ValueError: there is no JSON in it.
    """
    text = without_thoughts(text).strip().removeprefix("\ufeff")
    whole = _load(text)
    if whole is not None:
        return Reading(whole)
    for part in [match[2] for match in _FENCE.finditer(text)] or [text]:
        if (found := _complete(part)) is not None:
            return Reading(found)
    if (found := _complete(text)) is not None:
        return Reading(found)
    if (found := _cut_off(text)) is not None:
        return Reading(found, complete=False)
    raise ValueError("there is no JSON in the answer" if text else "the answer is empty")


def without_thoughts(text: str) -> str:
    """*text* without the thoughts that some models write down before the answer."""
    match = _THOUGHTS.match(text)
    return text[match.end() :] if match else text


def _load(text: str) -> list[Any] | dict[str, Any] | None:
    """The list or dict that *text* is; None if it is none."""
    for spelled in (text, _without_extra_commas(text)):
        try:
            value = _clean(json.loads(spelled, **_LENIENT))
        except (ValueError, RecursionError):
            continue
        return value if isinstance(value, (list, dict)) else None
    return None


# Raw line breaks in strings are common; NaN and Infinity have no place in the results.
_LENIENT: dict[str, Any] = {"strict": False, "parse_constant": lambda _: None}


def _without_extra_commas(text: str) -> str:
    return _COMMA_TOO_MANY.sub(lambda match: match[1] or "", text)


def _complete(text: str) -> list[Any] | dict[str, Any] | None:
    """What the balanced pieces of *text* say."""
    found = [(end - start, value) for start, end in _pieces(text) if (value := _load(text[start:end])) is not None]
    values = [value for _, value in found]
    if len(values) > 1 and all(isinstance(value, dict) for value in values):
        return values
    return max(found, key=lambda each: each[0])[1] if found else None


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each piece of *text* whose brackets are balanced, outermost brackets only."""
    stack: list[str] = []
    start = 0
    position = _first_bracket(text, 0)
    while match := _TOKEN.search(text, position):
        position, token = match.end(), match[0]
        if token in _CLOSING:
            if not stack:
                start = match.start()
            stack.append(_CLOSING[token])
        elif token in {"]", "}"}:
            if stack.pop() != token:
                stack.clear()
            elif not stack:
                yield start, position
        if not stack:
            # Quotes in prose are not strings.
            position = _first_bracket(text, position)
        elif len(stack) > DEEPEST:
            return


def _first_bracket(text: str, position: int) -> int:
    found = [at for bracket in "[{" if (at := text.find(bracket, position)) >= 0]
    return min(found, default=len(text))


def _cut_off(text: str) -> list[Any] | dict[str, Any] | None:
    """The complete items of JSON whose end is missing."""
    start = -1
    for _ in range(MOST_STARTS):
        start = _first_bracket(text, start + 1)
        if start == len(text):
            return None
        closed = _closed(text, start)
        if closed == "":
            return None  # pieces of an item are no items
        value = _load(closed) if closed else None
        if value:
            return value
    return None


def _closed(text: str, start: int) -> str | None:
    """The JSON that begins at *start*, ended behind its last complete item.

    It is "" if no item is complete, and None if the JSON is not cut off. Items are those of the outermost list, or of
    the object if there is no list in it.
    """
    stack: list[str] = []
    end, closing = start, ""
    for match in _TOKEN.finditer(text, start):
        sign = match[0]
        if sign in _CLOSING:
            stack.append(_CLOSING[sign])
        elif sign in {"]", "}"} and (not stack or stack.pop() != sign):
            return None
        if not stack or len(stack) > DEEPEST:
            return None
        if sign in {",", "]", "}"} and _between_items(stack):
            end = match.start() if sign == "," else match.end()
            closing = "".join(reversed(stack))
    return text[start:end] + closing if closing else ""


def _between_items(stack: list[str]) -> bool:
    """Whether the place is between two items, not within one."""
    outermost = stack.index("]") if "]" in stack else 0
    return len(stack) == outermost + 1


def _clean(value: Any) -> Any:
    """*value* without half characters, which no encoding can write."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_clean(part) for part in value]
    if isinstance(value, dict):
        return {clean_text(name): _clean(part) for name, part in value.items()}
    return value
