"""When a page says it was published and last changed."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from turbohtml import Document, Element

_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?", re.IGNORECASE
)
_PLAIN = re.compile(r"(\d{4})[/.]?(\d{2})[/.]?(\d{2})(?:[T ](\d{2}):?(\d{2}):?(\d{2})?Z?)?")
_MARKED = '[itemprop~="datePublished"],[itemprop~="dateModified"]'
_LONGEST = 64
_LEVELS = 4


class _Kind(NamedTuple):
    metas: tuple[str, ...]
    name: str
    """In JSON-LD and microdata."""
    classes: frozenset[str]
    """Of a ``<time>``."""


_PUBLISHED = _Kind(
    (
        *("article:published_time", "og:article:published_time", "datepublished", "date", "dc.date", "dc.date.issued"),
        *("dc.date.created", "dcterms.date", "dcterms.issued", "dcterms.created", "pubdate", "publishdate"),
        *("publish-date", "publish_date", "publication_date", "published-date", "parsely-pub-date", "sailthru.date"),
        *("citation_publication_date", "citation_date", "article.published", "originalpublicationdate"),
    ),
    "datePublished",
    frozenset({"published", "entry-date", "dt-published", "pubdate", "post-date"}),
)
_MODIFIED = _Kind(
    (
        *("article:modified_time", "og:updated_time", "datemodified", "dc.date.modified", "dcterms.modified"),
        *("last-modified", "lastmod", "modified-date", "article.updated", "revised"),
    ),
    "dateModified",
    frozenset({"updated", "modified", "dt-updated"}),
)
DATE_METAS = frozenset(_PUBLISHED.metas + _MODIFIED.metas)
"""Names of ``<meta>`` elements that may hold a date."""


def page_dates(document: Document, metas: Mapping[str, str], data: Mapping[str, list[Any]]) -> dict[str, str | None]:
    """``published_time`` and ``modified_time`` of a page, None where it does not say.

    They come, in this order, from *metas* (by lower-case name), JSON-LD, ``<time>`` elements that are marked as such,
    and microdata; the time of publication also from ``<time>`` elements that all say the same. ISO 8601 stays
    as the page has it, dates that are written as in e-mails, with blanks or as 2024/05/06 become ISO 8601, and what
    cannot be read is passed over. *data* are the structured data of *document*.
    """
    times = document.find_all("time")
    marked = document.select(_MARKED) if data["microdata"] else []
    objects = data["json_ld"]
    published = _first(_PUBLISHED, metas, objects, times, marked)
    return {
        "published_time": published or _only(times),
        "modified_time": _first(_MODIFIED, metas, objects, times, marked),
    }


def _only(times: list[Element]) -> str | None:
    dates = {iso_date(time.attr("datetime") or "") for time in times} - {""}
    return dates.pop() if len(dates) == 1 else None


def iso_date(text: str) -> str:
    """*text* as ISO 8601, ``""`` if it is no date that can be read with certainty."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return ""
    if _ISO.fullmatch(text):
        strict = text[:10] + text[10:].replace(" ", "T", 1).replace(" ", "")
        return strict if _exists(strict.upper()) else ""
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        year, month, day, hour, minute, second = plain.groups()
        date = f"{year}-{month}-{day}"
        clock = f"T{hour}:{minute}:{second or '00'}" if hour else ""
        return date + clock + ("Z" if clock and text.endswith("Z") else "") if _exists(date + clock) else ""
    if "," not in text[:10] and not text[:1].isdigit():
        return ""
    try:
        return parsedate_to_datetime(text).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def _exists(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _first(
    kind: _Kind, metas: Mapping[str, str], objects: list[Any], times: list[Element], marked: list[Element]
) -> str | None:
    return next(filter(None, map(iso_date, _candidates(kind, metas, objects, times, marked))), None)


def _candidates(
    kind: _Kind, metas: Mapping[str, str], objects: list[Any], times: list[Element], marked: list[Element]
) -> Iterator[str]:
    yield from (metas[name] for name in kind.metas if name in metas)
    yield from _in_objects(objects, kind.name)
    for time in times:
        if not kind.classes.isdisjoint((time.attr("class") or "").split()):
            yield time.attr("datetime") or time.text
    for element in marked:
        if kind.name in (element.attr("itemprop") or "").split():
            yield element.attr("content") or element.attr("datetime") or element.text


def _in_objects(objects: list[Any], name: str) -> Iterator[str]:
    """Values of *name* in JSON-LD, those of outer objects first."""
    level = objects
    for _ in range(_LEVELS):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                found = value.get(name)
                if isinstance(found, str):
                    yield found
                below += value.values()
            elif isinstance(value, list):
                below += value
        level = below
