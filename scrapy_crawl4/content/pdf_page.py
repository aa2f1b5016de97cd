"""PDF documents, made pages of HTML with the help of pypdf.

Reading is bounded by work, not by time, so that a document gives the same result everywhere: pages, operations and
decompressed bytes are limited, and what is beyond is left out and said.
"""

from __future__ import annotations

import io
import logging
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from turbohtml import escape

from .pdf_text import Piece, pages_as_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pypdf import PageObject, PdfReader

INSTALL = "Reading PDF needs pypdf: pip install 'scrapy-crawl4[pdf]'"
MOST_PAGES = 2000
MOST_OPERATIONS = 300_000
"""Drawing operations of all pages together: those of some hundred pages of text, and about ten seconds of work."""
MOST_BYTES = 10_000_000
"""Bytes of drawing code of all pages together."""
MOST_STREAM_BYTES = 20_000_000
"""Bytes of one decompressed stream."""
MOST_STREAM_PARTS = 500_000
"""Operators and operands of one page or form."""
MOST_FORMS = 500
"""Forms that one page draws."""

_MONOSPACED = ("Mono", "Courier", "CMTT", "Consol", "Menlo", "Typewriter")
_LINK_SLACK = 2.0
"""How far outside its frame the text of a link may begin."""
_DATES = {"created": "creation_date", "modified": "modification_date"}


class PdfPage(NamedTuple):
    """What a PDF says."""

    html: str
    metadata: dict[str, Any]
    error: str
    """What could not be read; ``""`` when all was."""


def can_read_pdf() -> bool:
    """Whether pypdf is installed."""
    return find_spec("pypdf") is not None


class _TooMuch(Exception):  # noqa: N818 - an end, caught here
    """The document asks for more work than is done for one."""


def pdf_as_html(data: bytes) -> PdfPage:
    """Read a PDF.

    :raises ValueError: when it cannot be read at all: it is broken or needs a password, or pypdf is not installed.
    """
    try:
        import pypdf  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise ValueError(INSTALL) from None
    logging.getLogger("pypdf").addHandler(logging.NullHandler())  # or Python prints what it says of broken files
    limits: dict[str, Any] = {
        "stream_parsing_work_maximum_count": MOST_STREAM_PARTS,
        "xform_maximum_invocations_per_extraction": MOST_FORMS,
        **{f"{name}_maximum_output_length": MOST_STREAM_BYTES for name in ("zlib", "lzw", "run_length", "brotli")},
        "array_based_stream_maximum_output_length": MOST_STREAM_BYTES,
        "jbig2dec_binary": None,
    }
    with pypdf.apply_configuration(**limits):
        return _read(_opened(pypdf.PdfReader, data))


def _opened(reader_class: type[PdfReader], data: bytes) -> PdfReader:
    try:
        reader = reader_class(io.BytesIO(data), root_object_recovery_limit=1000)
        locked = reader.is_encrypted and not reader.decrypt("")
    except Exception as error:
        raise ValueError(f"The PDF cannot be read: {_reason(error)}") from error
    if locked:
        raise ValueError("The PDF is encrypted and needs a password")
    return reader


def _read(reader: PdfReader) -> PdfPage:
    count = _number_of_pages(reader)
    work = _Work()
    pages: list[list[Piece]] = []
    errors = []
    for number in range(min(count, MOST_PAGES)):
        try:
            pages.append(list(work.pieces(reader.pages[number])))
        except (_TooMuch, MemoryError, RecursionError):
            errors.append(f"The PDF is too large: page {number + 1} of {count} and what follows was not read")
            break
        except Exception as error:  # noqa: BLE001 - the boundary of a page; the others go on
            errors.append(f"Page {number + 1} of the PDF cannot be read: {_reason(error)}")
    if count > MOST_PAGES and not errors:
        errors.append(f"The PDF has {count} pages, of which the first {MOST_PAGES} were read")
    metadata = _metadata(reader) | {"pages": count}
    return PdfPage(_html(metadata, pages), metadata, errors[0] if errors else "")


def _number_of_pages(reader: PdfReader) -> int:
    try:
        return len(reader.pages)
    except Exception as error:
        raise ValueError(f"The PDF cannot be read: {_reason(error)}") from error


class _Work:
    """Reads pages, and counts what that takes."""

    def __init__(self) -> None:
        self._operations = 0
        self._bytes = 0

    def pieces(self, page: PageObject) -> Iterator[Piece]:
        """The text of *page* in the order it is drawn, then the links that stand over no text.

        :raises _TooMuch: when the document has had enough.
        """
        contents = page.get_contents()
        self._bytes += 0 if contents is None else len(contents.get_data())
        if self._bytes > MOST_BYTES:
            raise _TooMuch
        links = list(_links(page))
        found: list[Piece] = []
        page.extract_text(
            visitor_operand_before=self._count,
            visitor_text=lambda text, outer, inner, font, size: found.append(_piece(text, outer, inner, font, size)),
        )
        used = set()
        for piece in found:
            link = next((uri for uri, frame in links if piece.text.strip() and _is_inside(piece, frame)), "")
            used.add(link)
            yield piece._replace(link=link)
        for uri in dict.fromkeys(uri for uri, _ in links if uri not in used):
            yield Piece(uri, 0.0, -10.0 * len(used), 1.0, link=uri)
            used.add(uri)

    def _count(self, *_: Any) -> None:
        self._operations += 1
        if self._operations > MOST_OPERATIONS:
            raise _TooMuch


def _piece(text: str, outer: list[float], inner: list[float], font: Any, size: float) -> Piece:
    x, y = inner[4], inner[5]
    height = abs(inner[3] or inner[1]) * abs(outer[3] or outer[1]) or 1.0
    name = str(font.get("/BaseFont", "")) if font else ""
    return Piece(
        text,
        x * outer[0] + y * outer[2] + outer[4],
        x * outer[1] + y * outer[3] + outer[5],
        abs(float(size)) * height,
        any(part in name for part in _MONOSPACED),
    )


def _links(page: PageObject) -> Iterator[tuple[str, tuple[float, ...]]]:
    """The addresses on *page* with their frames: left, bottom, right, top."""
    for annotation in page.annotations or ():
        with suppress(Exception):  # whatever is wrong with a link, the text is there
            link: Any = annotation.get_object()
            uri = str(link["/A"].get_object()["/URI"]).strip()
            left, bottom, right, top = (float(number) for number in link["/Rect"])
            if uri:
                yield uri, (min(left, right), min(bottom, top), max(left, right), max(bottom, top))


def _is_inside(piece: Piece, frame: tuple[float, ...]) -> bool:
    left, bottom, right, top = frame
    return left - _LINK_SLACK <= piece.x < right and bottom - _LINK_SLACK <= piece.y < top


def _metadata(reader: PdfReader) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(("title", "author", "description", "keywords"))
    with suppress(Exception):  # it is no reason to lose the text
        info: Any = reader.metadata or {}
        keys = {"title": "/Title", "author": "/Author", "description": "/Subject", "keywords": "/Keywords"}
        found |= {name: " ".join(str(info.get(key) or "").split()) or None for name, key in keys.items()}
        for name, attribute in _DATES.items():
            with suppress(Exception):  # dates are often wrong
                date = getattr(info, attribute)
                found |= {name: date.isoformat()} if date else {}
    return found


def _html(metadata: dict[str, Any], pages: list[list[Piece]]) -> str:
    title = escape(metadata["title"] or "", quote=False)
    return f"<html><head><title>{title}</title></head><body>{pages_as_html(pages)}</body></html>"


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:200].rstrip(".") or type(error).__name__
