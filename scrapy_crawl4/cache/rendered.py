"""Pages of a browser as they are kept: what was read in the end, in place of what a host sent."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scrapy.http import HtmlResponse

from ..browser.order import Captured
from ..scrapy_map import CAPTURES
from .meta import RENDERED

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

    from .use import CacheUse

NOTE = "X-Crawl4-Rendered"
"""Header of a response in the cache with what belongs to it and is no header: base64 of JSON."""
KEPT = ("js_execution_result",)
"""Fields of a result that are kept with its page."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a page in a browser depends on beside its address.

    key: the same for the same look.
    may_read: whether the page alone is wanted, which a cache may have.
    """

    key: str
    may_read: bool


def use_for(request: Request, use: CacheUse | None) -> CacheUse | None:
    """Return *use* as it is for *request*: a browser asks no host whether a page is fresh, it shows it anew."""
    look: Look | None = request.meta.get(RENDERED)
    if use is None or look is None:
        return use
    return replace(use, read=use.read and look.may_read and not use.check, check=False)


def is_complete(request: Request) -> bool:
    """Return whether all went well that was asked of the page of *request*."""
    captured = CAPTURES.get(request)
    return RENDERED not in request.meta or (captured is not None and not captured.error)


def packed(request: Request, response: Response) -> Response:
    """Return what to keep of *response*: itself, unless the browser made it."""
    captured = CAPTURES.get(request)
    if RENDERED not in request.meta or captured is None:
        return response
    note = {
        "fields": {name: captured.fields[name] for name in KEPT if name in captured.fields},
        "redirects": [request.meta.get("redirect_urls") or [], request.meta.get("redirect_reasons") or []],
        "is_page": isinstance(response, HtmlResponse),
    }
    kept = response.replace()
    kept.headers[NOTE] = b64encode(json.dumps(note).encode())
    return kept


def unpacked(request: Request, kept: Response | None) -> Response | None:
    """Return the response that was packed to be *kept*, and note on *request* what belongs to it."""
    if kept is None or RENDERED not in request.meta or NOTE not in kept.headers:
        return kept if RENDERED not in request.meta else None
    note = json.loads(b64decode(kept.headers.pop(NOTE)[0]))
    CAPTURES[request] = Captured(kept.url, fields=note["fields"])
    if note["redirects"][0]:
        request.meta["redirect_urls"], request.meta["redirect_reasons"] = note["redirects"]
    if not note["is_page"]:
        return kept
    # The header tells the encoding that the host sent the page in; what was read is a text.
    return HtmlResponse(kept.url, kept.status, kept.headers, kept.body, encoding="utf-8", flags=kept.flags)
