"""The schema language of crawl4ai, read and checked once: every error names the field it is in."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .json_fields import MISSING, TRANSFORMS, ComputedField, Field, ListField, NestedField, ValueField
from .json_selectors import check_css
from .timed_regex import compile_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import regex

    from .json_selectors import SelectorLanguage

_PARTS = ("text", "attribute", "html")
_LISTS = ("list", "nested_list")
_TYPES = (*_PARTS, "regex", "nested", *_LISTS, "computed")
_SCHEMA_KEYS = ("name", "baseSelector", "baseFields", "fields")
_COMMON_KEYS = ("name", "type", "default")
_SELECTED_KEYS = (*_COMMON_KEYS, "selector", "source")
_MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema that can be carried out."""

    base: str
    fields: tuple[Field, ...]

    def count(self) -> int:
        """How many fields there are, at all levels."""
        return sum(field.count() for field in self.fields)


def read_schema(schema: object, language: SelectorLanguage, strategy: str) -> Schema:
    """*schema* as it will be carried out.

    :param strategy: the name of the strategy, which every error starts with.
    :raises TypeError: something in the schema is of the wrong type.
    :raises ValueError: something in the schema cannot work.
    """
    if not isinstance(schema, dict):
        raise TypeError(f"{strategy}: the schema must be a dict, got {type(schema).__name__}")
    where = f"{strategy}: the schema"
    _refuse_unknown_keys(where, schema, _SCHEMA_KEYS)
    owner = schema.get("name", "the schema")
    if not isinstance(owner, str):
        raise TypeError(f"{where}: name must be text, got {type(owner).__name__}")
    base = _selector(where, "baseSelector", schema.get("baseSelector", MISSING), language.base, language.name)
    if "fields" not in schema and "baseFields" not in schema:
        raise ValueError(f"{where} has no fields; give a list of them as 'fields'")
    reader = _Reader(language, strategy)
    base_fields = reader.fields(where, "baseFields", schema.get("baseFields", []), owner, 1)
    fields = reader.fields(where, "fields", schema.get("fields", []), owner, 1)
    if not base_fields and not fields:
        raise ValueError(f"{where} has no fields; give at least one")
    _refuse_duplicates(f"{strategy}: field", owner, [*base_fields, *fields])
    return Schema(base, (*base_fields, *fields))


class _Reader:
    """Reads fields for one strategy."""

    def __init__(self, language: SelectorLanguage, strategy: str) -> None:
        self.language = language
        self.strategy = strategy

    def fields(self, where: str, key: str, value: object, owner: str, depth: int) -> tuple[Field, ...]:
        """The fields in the list *value*, which is *key* of the thing *where*, called *owner*."""
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"{where}: {key} must be a list of fields, got {type(value).__name__}")
        if depth > _MAX_DEPTH:
            raise ValueError(f"{where}: fields lie more than {_MAX_DEPTH} deep in each other")
        fields = tuple(self.field(number, field, owner, depth) for number, field in enumerate(value, 1))
        _refuse_duplicates(f"{self.strategy}: field", owner, fields)
        return fields

    def field(self, number: int, field: object, owner: str, depth: int) -> Field:
        where = f"{self.strategy}: field {number} of '{owner}'"
        if not isinstance(field, dict):
            raise TypeError(f"{where} must be a dict, got {type(field).__name__}")
        name = field.get("name", MISSING)
        if name is MISSING or name == "":
            raise ValueError(f"{where} has no name")
        if not isinstance(name, str):
            raise TypeError(f"{where}: name must be text, got {type(name).__name__}")
        where = f"{self.strategy}: field '{name}' of '{owner}'"
        kind = field.get("type", MISSING)
        if kind == "computed":
            return self.computed(where, name, field)
        if kind == "nested" or kind in _LISTS:
            return self.nested(where, name, str(kind), field, depth)
        return self.value(where, name, _steps(where, kind), field)

    def computed(self, where: str, name: str, field: dict[str, Any]) -> ComputedField:
        if "expression" in field:
            raise ValueError(
                f"{where}: expression is not available, because it would run text as code;"
                " give a callable that takes the record as 'function'"
            )
        _refuse_unknown_keys(where, field, (*_COMMON_KEYS, "function"))
        if "function" not in field:
            raise ValueError(f"{where} is computed and has no function; give a callable that takes the record")
        if not callable(field["function"]):
            raise TypeError(f"{where}: function must be callable, got {type(field['function']).__name__}")
        return ComputedField(function=field["function"], **_common(where, name, field))

    def nested(self, where: str, name: str, kind: str, field: dict[str, Any], depth: int) -> Field:
        _refuse_unknown_keys(where, field, (*_SELECTED_KEYS, "fields"))
        if kind in _LISTS and "selector" not in field:
            raise ValueError(f"{where} is a {kind} and has no selector; give one that finds its elements")
        if not field.get("fields", True) or "fields" not in field:
            raise ValueError(f"{where} is of type {kind} and has no fields; give at least one")
        fields = self.fields(where, "fields", field["fields"], name, depth + 1)
        made = ListField if kind in _LISTS else NestedField
        return made(fields=fields, **self.selected(where, field), **_common(where, name, field))

    def value(self, where: str, name: str, steps: list[str], field: dict[str, Any]) -> ValueField:
        searches = steps.count("regex")
        extra = [
            "transform",
            *(["attribute"] if "attribute" in steps else []),
            *(["pattern", "group"] * bool(searches)),
        ]
        _refuse_unknown_keys(where, field, (*_SELECTED_KEYS, *extra))
        pattern, group = _pattern(where, field) if searches else (None, 1)
        return ValueField(
            part=steps[0] if steps[0] in _PARTS else "text",
            attribute=_text(where, "attribute", field) if "attribute" in steps else "",
            pattern=pattern,
            group=group,
            searches=searches,
            transforms=_transforms(where, field.get("transform", [])),
            **self.selected(where, field),
            **_common(where, name, field),
        )

    def selected(self, where: str, field: dict[str, Any]) -> dict[str, Any]:
        """What selects the element that a field is read from."""
        selector = None
        if "selector" in field:
            selector = _selector(where, "selector", field["selector"], self.language.field, self.language.name)
        return {"selector": selector, "source": _source(where, field) if "source" in field else None}


def _common(where: str, name: str, field: dict[str, Any]) -> dict[str, Any]:
    try:
        default = copy.deepcopy(field.get("default", MISSING))
    except Exception as error:  # noqa: BLE001 - whatever the copying of a value of any type may raise
        raise TypeError(f"{where}: default must be a value that can be copied: {error}") from None
    return {"name": name, "where": where, "default": default}


def _refuse_unknown_keys(where: str, given: dict[Any, Any], known: Sequence[str]) -> None:
    unknown = [key for key in given if key not in known]
    if unknown:
        raise ValueError(f"{where}: {unknown[0]!r} has no meaning here; what has is {', '.join(known)}")


def _refuse_duplicates(where: str, owner: str, fields: Iterable[Field]) -> None:
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            raise ValueError(f"{where} '{field.name}' of '{owner}' is there twice; names must differ")
        seen.add(field.name)


def _text(where: str, key: str, given: dict[str, Any]) -> str:
    """The text that *key* must have."""
    value = given.get(key, MISSING)
    if value is MISSING or value == "":
        raise ValueError(f"{where} has no {key}")
    if not isinstance(value, str):
        raise TypeError(f"{where}: {key} must be text, got {type(value).__name__}")
    return value


def _selector(where: str, key: str, value: object, ready: Callable[[str], str], language: str) -> str:
    text = _text(where, key, {key: value})
    try:
        return ready(text)
    except ValueError as error:
        raise ValueError(f"{where}: {key} is not valid {language}: {error}") from None


def _source(where: str, field: dict[str, Any]) -> str:
    """The CSS selector of a sibling: what comes after the + of ``+ tr.details``."""
    text = _text(where, "source", field).strip()
    if not text.startswith("+"):
        raise ValueError(f"{where}: source must be '+' and a CSS selector of a sibling, such as '+ tr', got {text!r}")
    return _selector(where, "source", text[1:].strip() or "*", _checked_css, "CSS")


def _checked_css(selector: str) -> str:
    check_css(selector)
    return selector


def _steps(where: str, kind: object) -> list[str]:
    """The types of a field with a value: one, or several that work on what the one before found."""
    if kind is MISSING:
        raise ValueError(f"{where} has no type; give one of {', '.join(_TYPES)}")
    steps = kind if isinstance(kind, (list, tuple)) else [kind]
    if not all(isinstance(step, str) for step in steps):
        raise TypeError(f"{where}: type must be text or a list of texts, got {kind!r:.80}")
    if not steps:
        raise ValueError(f"{where}: type is an empty list")
    for number, step in enumerate(steps):
        if step not in (*_PARTS, "regex"):
            many = " in a list of types" if step in _TYPES else ""
            raise ValueError(f"{where}: type {step!r} is not available{many}; {_usable(kind)}")
        if number and step != "regex":
            raise ValueError(f"{where}: type {step!r} works on elements and must come first in the list of types")
    return list(steps)


def _usable(kind: object) -> str:
    return f"use one of {', '.join(_TYPES if isinstance(kind, str) else (*_PARTS, 'regex'))}"


def _pattern(where: str, field: dict[str, Any]) -> tuple[regex.Pattern[str], int | str]:
    """The pattern and which of its groups is the value."""
    _text(where, "pattern", field)
    pattern = compile_pattern(f"{where}: pattern", field["pattern"])
    group = field.get("group", 1)
    if isinstance(group, bool) or not isinstance(group, (int, str)):
        raise TypeError(f"{where}: group must be a number or a name, got {type(group).__name__}")
    known = group in pattern.groupindex if isinstance(group, str) else 0 <= group <= pattern.groups
    if not known:
        raise ValueError(f"{where}: the pattern has no group {group!r}; group 0 is all that it matches")
    return pattern, group


def _transforms(where: str, given: object) -> tuple[str, ...]:
    names = given if isinstance(given, (list, tuple)) else [given]
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{where}: transform must be text or a list of texts, got {type(name).__name__}")
        if name not in TRANSFORMS:
            raise ValueError(f"{where}: transform {name!r} is not available; use one of {', '.join(TRANSFORMS)}")
    return tuple(names)
