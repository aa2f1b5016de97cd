"""The responses that the documents of a page came with."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from .capture.charset import as_named
from .errors import Downloads
from .order import Captured
from .scripts import evaluate
from .sizes import admit_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from playwright.async_api import Request, Response

    from .tab import Tab

PAGES = ("text/html", "application/xhtml+xml", "application/xml", "text/xml", "image/svg+xml")
"""Media types of which the browser makes a page that says more than the file."""
XML = ("application/xml", "text/xml")
MEDIA = ("audio/", "video/", "application/ogg")
"""Media types of what the browser plays, as it comes, and keeps no file of."""
VIEWER = "#xml-viewer-style, #webkit-xml-viewer-source-xml, parsererror"
"""What is in the page that the browser makes of XML that is no page and has no style sheet, or cannot be read."""
SHOWS_XML = "viewer => document.querySelector(viewer) !== null"
PDF = "application/pdf"
PDF_START = b"%PDF-"
UNTRUE = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""Headers that are about the bytes on the way, not about the page."""


async def is_file(tab: Tab, response: Response) -> bool:
    """Tell whether what was sent says more than the page that the browser made of it in *tab*."""
    media_type = _media_type(response)
    if media_type not in XML:
        return not media_type.startswith(PAGES)
    await tab.page.wait_for_load_state("domcontentloaded", timeout=0)
    return bool(await evaluate(tab.page, SHOWS_XML, VIEWER))


async def file_of(tab: Tab, response: Response, admit: Callable[[int], object]) -> Captured:
    """Return what was sent, such as JSON, text or an image.

    :param admit: is told how large it is before it comes, and may raise.
    :raises Downloads: for sound and films.
    """
    if _media_type(response).startswith(MEDIA):
        raise Downloads("The browser plays this file and shows no page.")
    await admit_file(response, admit)
    captured = await answer_of(tab, response)
    captured.body = await response.body()
    if _media_type(response) not in XML:
        captured.body = as_named(captured.body, response.headers.get("content-type", ""))
    if is_pdf(response) and not captured.body.startswith(PDF_START):
        # The browser keeps the page of its viewer in place of the file.
        captured.body = await _fetched_again(tab, response)
    return captured


async def pdf_of(tab: Tab, response: Response, admit: Callable[[int], object]) -> Captured:
    """Return the PDF that a browser without a viewer would download.

    :param admit: is told how large it is, and may raise.
    """
    declared = response.headers.get("content-length", "")
    admit(int(declared) if declared.isdecimal() else 0)
    captured = await answer_of(tab, response)
    captured.body = await _fetched_again(tab, response)
    admit(len(captured.body))
    return captured


def is_pdf(response: Response) -> bool:
    """Tell whether *response* is one by what it says."""
    return _media_type(response) == PDF


async def _fetched_again(tab: Tab, response: Response) -> bytes:
    again = await tab.page.context.request.get(response.url, timeout=0)
    try:
        return await again.body()
    finally:
        await again.dispose()


async def answer_of(tab: Tab, response: Response) -> Captured:
    """Return status, headers and redirects of a *response* that is no page, without its body."""
    captured = Captured(url=response.url, is_page=False)
    await _describe(tab, captured, response)
    return captured


async def describe_response(tab: Tab, captured: Captured, first: Response | None) -> None:
    """Write the response of the document that *tab* shows on *captured*, and what led to it.

    :param first: the response that the page was loaded with.
    """
    captured.url = tab.page.url
    final = _final(tab, first)
    if final is not None:
        await _describe(tab, captured, final)


async def _describe(tab: Tab, captured: Captured, final: Response) -> None:
    captured.status = final.status
    captured.headers = await _headers(final)
    captured.redirects = await _hops(tab, final)


def _media_type(response: Response) -> str:
    # Without the header, the browser has looked into the body, and shows what it took for a page.
    return response.headers.get("content-type", "text/html").partition(";")[0].strip().lower()


def _final(tab: Tab, first: Response | None) -> Response | None:
    """Return the response of the document that is shown: a page may have gone on to another one by itself."""
    shown = urldefrag(tab.page.url).url
    for response in reversed(tab.documents):
        if urldefrag(response.url).url == shown:
            return response
    return first  # the page has changed its address without loading another one


async def _hops(tab: Tab, final: Response) -> list[dict[str, Any]]:
    """Return the hops before *final*; those that a page itself went on from have no status."""
    hops: list[dict[str, Any]] = []
    request: Request | None = final.request.redirected_from
    while request is not None:
        answer = await request.response()
        hops.insert(0, {"url": request.url, "status_code": answer.status if answer is not None else None})
        request = request.redirected_from
    start = hops[0]["url"] if hops else final.url
    earlier: list[dict[str, Any]] = []
    for response in tab.documents:
        if response.url == start:
            break
        if not 300 <= response.status < 400:  # noqa: PLR2004 - its chain is told with its end
            earlier.append({"url": response.url, "status_code": None})
    return [*earlier, *hops]


async def _headers(response: Response) -> list[tuple[str, str]]:
    headers = [(header["name"], header["value"]) for header in await response.headers_array()]
    return [(name, value) for name, value in headers if name.lower() not in UNTRUE]
