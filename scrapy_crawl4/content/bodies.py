"""The body of a response as the content stages take it: decoded text, or the bytes of a document that is no text."""

from __future__ import annotations

from typing import NamedTuple

from .encodings import decode
from .media_types import Kind, kind_of, media_type_of


class Body(NamedTuple):
    """A body that has been looked at."""

    kind: Kind
    media_type: str
    """What it is, without parameters."""
    page: str | bytes
    """The text; the bytes themselves of a PDF and of what is no document."""

    @property
    def is_binary(self) -> bool:
        """Whether there is no document to read."""
        return self.kind is Kind.BINARY


def read_body(body: bytes, content_type: str | None, url: str = "") -> Body:
    """Find out what *body* is and decode it; never raises. An empty one is an empty page, whatever its type.

    :param content_type: the Content-Type header, ``""`` when the server sent none; None means that somebody says it is
        a page: then it is HTML unless its first bytes tell of something else.
    :param url: where it is from, see :func:`~scrapy_crawl4.content.encodings.decode`.
    """
    if not body:
        return Body(Kind.HTML, "text/html", "")
    media_type = media_type_of(body, content_type or "")
    if content_type is None and media_type == "text/plain":
        media_type = "text/html"
    kind = kind_of(media_type)
    if kind in {Kind.PDF, Kind.BINARY}:
        return Body(kind, media_type, body)
    markup = kind is Kind.HTML or "xml" in media_type
    return Body(kind, media_type, decode(body, content_type or "", url=url, markup=markup))
