"""Documents that are not HTML, made pages of HTML for the content stages where that says the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .bodies import read_body
from .csv_page import csv_as_html
from .feeds import feed_as_html
from .media_types import FEEDS, Kind, kind_of
from .pdf_page import pdf_as_html
from .xhtml import is_xhtml, xhtml_as_html

_XML = frozenset({"text/xml", "application/xml"})
_TABLES = frozenset({"text/csv", "text/tab-separated-values"})


@dataclass(frozen=True, slots=True)
class Document:
    """What the content stages work on."""

    text: str
    """A page of HTML, or the text of a document that stays text."""
    is_page: bool = True
    """Whether *text* is HTML."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """What the document says about itself beside what is in the page."""
    errors: dict[str, str] = field(default_factory=dict)
    """What could not be read, by stage."""


def read_document(source: str | bytes, media_type: str) -> Document:
    """Make the document that a body is; never raises.

    :param source: text, or the bytes of a PDF (others are decoded here).
    :param media_type: without parameters.
    """
    if isinstance(source, bytes):
        if kind_of(media_type) is Kind.PDF:
            return _pdf(source)
        media_type, source = _decoded(source, media_type)
    if kind_of(media_type) is Kind.HTML:
        return Document(xhtml_as_html(source) if "xhtml" in media_type else source)
    page = _page(source, media_type)
    return Document(source, is_page=False) if page is None else Document(page)


def _decoded(source: bytes, media_type: str) -> tuple[str, str]:
    body = read_body(source, media_type)
    return body.media_type, body.page if isinstance(body.page, str) else ""


def _page(text: str, media_type: str) -> str | None:
    if media_type in _TABLES:
        return csv_as_html(text, media_type)
    if media_type in _XML and is_xhtml(text):
        return xhtml_as_html(text)
    return feed_as_html(text) if media_type in _XML or media_type in FEEDS else None


def _pdf(source: bytes) -> Document:
    try:
        page = pdf_as_html(source)
    except ValueError as error:
        return Document("", errors={"pdf": str(error)})
    return Document(page.html, metadata=page.metadata, errors={"pdf": page.error} if page.error else {})
