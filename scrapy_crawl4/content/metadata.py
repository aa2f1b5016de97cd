"""The metadata stage: what the page says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from turbohtml import Namespace

from .urls import join

if TYPE_CHECKING:
    from turbohtml import Document

_PREFIXES = ("og:", "twitter:", "article:")
_NAMED = frozenset({"description", "keywords", "author"})


def extract_metadata(document: Document, base: str) -> dict[str, Any]:
    """What the page says about itself.

    Title, description, keywords, author, language and canonical are always there, None where the page has none; the
    ``og:``, ``twitter:`` and ``article:`` properties are there if the page has them. Of a repeated property the first
    one counts. *base* makes ``canonical`` absolute.
    """
    found = _meta_properties(document)
    title = _title(document) or found.get("og:title")
    return {
        "title": title,
        "description": found.pop("description", None),
        "keywords": found.pop("keywords", None),
        "author": found.pop("author", None),
        "language": _language(document, found.pop("content-language", None)),
        "canonical": _canonical(document, base),
        **found,
    }


def _meta_properties(document: Document) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in document.find_all("meta"):
        # Both attributes are in use for all of them: <meta name="og:title">, <meta property="author">.
        name = (meta.attr("property") or meta.attr("name") or meta.attr("http-equiv") or "").strip().lower()
        if name not in found and (name in _NAMED or name == "content-language" or name.startswith(_PREFIXES)):
            content = (meta.attr("content") or "").strip()
            if content:
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
    link = document.select_one('link[rel~="canonical" i][href]')
    href = (link.attr("href") or "").strip() if link is not None else ""
    return join(base, href) if href else None
