"""JSON-LD, microdata and RDFa: what a page says about its things in a form for machines."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from turbohtml.extract import MicrodataItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import NoReturn

    from turbohtml import Document, Element
    from turbohtml.extract import RdfaItem

_MOST_TEXT = 1_000_000
_MOST_PROPERTIES = 5_000
_DEEPEST = 32
# What generators of pages put around JSON, and what they forget to take off its end.
_WRAPPING = re.compile(
    r"\A\ufeff?\s*(?:<!--|(?://|/\*)?\s*<!\[CDATA\[(?:\s*\*/)?)?|(?://\s*|/\*\s*)?(?:-->|\]\]>)(?:\s*\*/)?\s*\Z"
)


def empty_structured_data() -> dict[str, list[Any]]:
    """The shape of ``structured_data`` when a page has none."""
    return {"json_ld": [], "microdata": [], "rdfa": []}


def structured_data(document: Document, base: str, marked: Iterable[Element] | None = None) -> dict[str, list[Any]]:
    """``{"json_ld": [...], "microdata": [...], "rdfa": [...]}`` of plain values.

    ``json_ld`` has the objects of all blocks that can be read; the members of a list are objects of their own. A
    microdata item is ``{"type", "id", "properties": {name: [value, ...]}}``, its values texts
    or further items; an RDFa item the same with ``type`` a list and ``resource`` in place of ``id``, names in full.

    What is broken is left out, and so is what has more than a million characters of text, 5,000 properties or 32
    levels.

    :param marked: elements of *document*, among them all that begin items; None to look for them.
    """
    found = empty_structured_data()
    found["json_ld"] = json_ld(document)
    if marked is None:
        marked = document.select("[itemscope],[typeof]")  # one walk for the many pages that have neither
    if any("itemscope" in element.attrs or "typeof" in element.attrs for element in marked):
        if _of_bounded_size(document, "[itemprop]"):
            found["microdata"] = _items(document.microdata, base)
        if _of_bounded_size(document, "[property]"):
            found["rdfa"] = _items(document.rdfa, base)
    return found


def json_ld(document: Document) -> list[Any]:
    """The objects in the JSON-LD blocks of *document*, in order; broken blocks are passed over."""
    found: list[Any] = []
    for script in document.find_all("script"):
        kind = script.attr("type")
        if kind is not None and kind.partition(";")[0].strip().lower() == "application/ld+json":
            found += _objects(_decoded(script.text))
    return found


def _decoded(text: str) -> Any:
    if len(text) > _MOST_TEXT:
        return None
    text = text.strip().rstrip(";")
    if text[:1] not in {"{", "["}:
        text = _WRAPPING.sub("", text)
    try:
        # Line breaks in texts are not JSON, but pages have them, and what is meant is clear.
        value = json.loads(text, strict=False, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    few = text.count("{") + text.count("[") <= _DEEPEST
    return value if few or _depth_is_bounded(value) else None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _depth_is_bounded(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [part for whole in level for part in _parts(whole)]
        if not level:
            return True
    return False


def _parts(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()


def _objects(value: Any) -> list[Any]:
    return [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict)]


def _of_bounded_size(document: Document, properties: str) -> bool:
    """Whether the texts of all properties are few and short together: those within others count for each of them."""
    elements = document.select(properties)
    if len(elements) > _MOST_PROPERTIES:
        return False
    length = 0
    for element in elements:
        length += len(element.text)
        if length > _MOST_TEXT:
            return False
    return True


def _items(read: Callable[[str | None], Iterable[MicrodataItem | RdfaItem]], base: str) -> list[Any]:
    for address in (base or None, None):
        try:
            return [_plain(item) for item in read(address)]
        except ValueError:  # an address that nothing can be resolved against
            continue
        except RecursionError:  # items in items without end
            break
    return []


def _plain(item: MicrodataItem | RdfaItem, level: int = 1) -> dict[str, Any]:
    if level > _DEEPEST:
        raise RecursionError
    identity = {"id": item.id} if isinstance(item, MicrodataItem) else {"resource": item.resource}
    properties = {
        name: [value if isinstance(value, str) else _plain(value, level + 1) for value in values]
        for name, values in item.properties.items()
    }
    return {"type": item.type, **identity, "properties": properties}
