"""The metadata stage: what the page says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from turbohtml import Namespace

from .dates import DATE_METAS, page_dates
from .structured_data import structured_data
from .urls import join, tidy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from turbohtml import Document, Element

_PREFIXES = ("og:", "twitter:", "article:")
_NAMED = DATE_METAS | {"description", "keywords", "author", "content-language"}


def extract_metadata(document: Document, base: str, marked: Iterable[Element] | None = None) -> dict[str, Any]:
    """What the page says about itself.

    ``title``, ``description``, ``keywords``, ``author``, ``language``, ``canonical``, ``published_time`` and
    ``modified_time`` (see :func:`~.dates.page_dates`) are always there, None where the page has none, and so is
    ``structured_data`` (see :func:`~.structured_data.structured_data`). The ``og:``, ``twitter:`` and ``article:``
    properties are there if the page has them; of a repeated property the first one that is not empty counts.
    *base* makes ``canonical`` absolute. *marked* is as in :func:`~.structured_data.structured_data`.
    """
    metas = _metas(document)
    data = structured_data(document, base, marked)
    return {
        "title": _title(document) or metas.get("og:title"),
        "description": metas.get("description"),
        "keywords": metas.get("keywords"),
        "author": metas.get("author"),
        "language": _language(document, metas.get("content-language")),
        "canonical": _canonical(document, base),
        **page_dates(document, metas, data),
        **{name: value for name, value in metas.items() if name.startswith(_PREFIXES)},
        "structured_data": data,
    }


def _metas(document: Document) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in document.find_all("meta"):
        content = (meta.attr("content") or "").strip()
        if not content:
            continue
        # All of them are in use for all properties (<meta name="og:title">, <meta property="author">), and two at once.
        for attribute in ("name", "property", "http-equiv"):
            value = meta.attr(attribute)
            for name in value.lower().split() if value else ():
                if (name in _NAMED or name.startswith(_PREFIXES)) and name not in found:
                    found[name] = content
    return found


def _title(document: Document) -> str | None:
    for element in document.find_all("title"):
        if element.namespace is Namespace.HTML:  # not the title of a drawing
            return " ".join(element.text.split()) or None
    return None


def _language(document: Document, declared: str | None) -> str | None:
    root = document.root
    lang = (root.attr("lang") or root.attr("xml:lang") or "").strip() if root is not None else ""
    return lang or declared


def _canonical(document: Document, base: str) -> str | None:
    for link in document.find_all("link"):
        if "canonical" in (link.attr("rel") or "").lower().split():
            href = tidy(link.attr("href") or "")
            if href:
                return join(base, href)
    return None
