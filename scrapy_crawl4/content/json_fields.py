"""The fields of an extraction schema, and how each is read from a page."""

from __future__ import annotations

import copy
import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from turbohtml import Element, Node

from .element_text import text_of
from .timed_regex import MatchTime

if TYPE_CHECKING:
    from collections.abc import Callable

    import regex

    from .json_selectors import Found, SelectorLanguage

logger = logging.getLogger(__name__)

Item = dict[str, Any]
"""One record."""

TRANSFORMS: dict[str, Callable[[str], str]] = {"lowercase": str.lower, "uppercase": str.upper, "strip": str.strip}

# Elements that lie in each other repeat what they hold; a page made to that end would fill the memory.
_GROWTH = 64
_SMALL_PAGE = 100_000
_STEPS = 1_000_000  # about a second; no page with other selectors comes near


class Missing(Enum):
    """The value of a field that found nothing and has no default: the field is left out."""

    MISSING = "missing"


MISSING = Missing.MISSING


class Page:
    """What reading the fields of one page needs and what it has used up.

    :param characters: the length of the page.
    :param field_count: how many fields the schema has.
    """

    def __init__(self, language: SelectorLanguage, characters: int, field_count: int) -> None:
        self.language = language
        self.time = MatchTime(characters)
        self._room = _GROWTH * max(characters, _SMALL_PAGE) * (field_count + 1)
        self._steps = _STEPS + characters * (field_count + 1)
        self._noted: set[str] = set()
        self._siblings: dict[tuple[Node, str], dict[Element, Element]] = {}

    def take(self, characters: int) -> None:
        """Note that an element was read, and so many characters with it.

        :raises ValueError: it is out of all proportion to the page.
        """
        self.step()
        self._room -= characters + 1
        if self._room < 0:
            raise ValueError(
                f"the records would be more than {_GROWTH} times as long as the page, because elements that the"
                " selectors find lie in each other; choose selectors that find less"
            )

    def step(self, count: int = 1) -> None:
        """Note that *count* nodes were looked at.

        :raises ValueError: it is out of all proportion to the page.
        """
        self._steps -= count
        if self._steps < 0:
            raise ValueError(
                "the text of the page would be read too many times, because elements that the selectors find lie in"
                " each other; choose selectors that find less"
            )

    def note(self, where: str, error: Exception, *, expected: bool) -> None:
        """Log that a function of the user raised *error*: once for each field, quietly if it has a default."""
        if where not in self._noted:
            self._noted.add(where)
            level = logging.DEBUG if expected else logging.WARNING
            logger.log(level, "%s: its function raised %s: %s", where, type(error).__name__, error)

    def next_sibling(self, node: Found, selector: str) -> Element | None:
        """The next sibling of *node* that matches the CSS *selector*; all of one parent are looked up at once."""
        if not isinstance(node, Element) or node.parent is None:
            return None
        key = (node.parent, selector)
        if key not in self._siblings:
            self._siblings[key] = _next_matches(*key)
        return self._siblings[key].get(node)


def _next_matches(parent: Node, selector: str) -> dict[Element, Element]:
    """For each child of *parent* the next one after it that matches *selector*."""
    following: dict[Element, Element] = {}
    match: Element | None = None
    for child in reversed(list(parent)):
        if isinstance(child, Element):
            if match is not None:
                following[child] = match
            if child.matches(selector):
                match = child
    return following


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(ABC):
    """One field; ``where`` is how errors call it."""

    name: str
    where: str
    default: Any = MISSING

    def add_to(self, item: Item, element: Found, page: Page) -> None:
        """Put the value that *element* has for this field into *item*, or the default, or nothing."""
        value = self.read(item, element, page)
        if value is MISSING or value is None:
            value = self.default if isinstance(self.default, str) else copy.deepcopy(self.default)
        if value is not MISSING and value is not None:
            item[self.name] = value

    @abstractmethod
    def read(self, item: Item, element: Found, page: Page) -> Any:
        """The value, or None or ``MISSING``."""

    def count(self) -> int:
        """How many fields this is, with those below."""
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedField(Field):
    """A field that is read somewhere in an element: ``source`` leads to a sibling, ``selector`` into it."""

    selector: str | None = None
    source: str | None = None

    def start(self, element: Found, page: Page) -> Found | None:
        """The element itself, or its sibling."""
        return element if self.source is None else page.next_sibling(element, self.source)

    def target(self, element: Found, page: Page) -> Found | None:
        """The element that the field is read from."""
        start = self.start(element, page)
        if start is None or self.selector is None:
            return start
        return page.language.first(start, self.selector)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueField(SelectedField):
    """Text, HTML or an attribute, searched with a pattern (``searches`` times), then transformed."""

    part: str = "text"
    attribute: str = ""
    pattern: regex.Pattern[str] | None = None
    group: int | str = 1
    searches: int = 0
    transforms: tuple[str, ...] = ()

    def read(self, item: Item, element: Found, page: Page) -> str | None:
        """The value, or None if there is none."""
        target = self.target(element, page)
        value = None if target is None else self._part(target, page)
        page.take(len(value or ""))
        for _ in range(self.searches):
            value = self._searched(value, page)
        for name in self.transforms:
            value = None if value is None else TRANSFORMS[name](value)
        return value

    def _part(self, target: Found, page: Page) -> str | None:
        if self.part == "attribute":
            return target.attr(self.attribute) if isinstance(target, Element) else None
        if isinstance(target, str):
            return target.strip()
        return target.html if self.part == "html" else text_of(target, page.step)

    def _searched(self, value: str | None, page: Page) -> str | None:
        if value is None or self.pattern is None:
            return value
        match = page.time.search(f"{self.where}: the pattern", self.pattern, value)
        return match[self.group] if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedField(SelectedField):
    """One record in a record."""

    fields: tuple[Field, ...] = ()

    def read(self, item: Item, element: Found, page: Page) -> Item | Missing:
        """The record."""
        target = self.target(element, page)
        if target is None:
            return {} if self.default is MISSING else MISSING
        return read_fields(self.fields, target, page)

    def count(self) -> int:
        """One, and those of its records."""
        return 1 + sum(field.count() for field in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListField(SelectedField):
    """A list of records in a record: one for each element that ``selector`` finds."""

    fields: tuple[Field, ...] = ()

    def read(self, item: Item, element: Found, page: Page) -> list[Item] | Missing:
        """The records."""
        start = self.start(element, page)
        found = () if start is None else page.language.all(start, self.selector or "")
        if not found and self.default is not MISSING:
            return MISSING
        return [read_fields(self.fields, target, page) for target in found]

    def count(self) -> int:
        """One, and those of its records."""
        return 1 + sum(field.count() for field in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedField(Field):
    """What a function makes of the fields before it."""

    function: Callable[[Item], Any]

    def read(self, item: Item, element: Found, page: Page) -> Any:
        """What the function returns."""
        try:
            return self.function(item)
        except Exception as error:  # noqa: BLE001 - whatever a user's function raises costs this field of this record
            page.note(self.where, error, expected=self.default is not MISSING)
            return MISSING


def read_fields(fields: tuple[Field, ...], element: Found, page: Page) -> Item:
    """The record that *element* is."""
    page.take(0)
    item: Item = {}
    for field in fields:
        field.add_to(item, element, page)
    return item
