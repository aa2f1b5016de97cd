"""Which requests have the same answer."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from scrapy.utils.request import fingerprint

from ..config import config_in
from .meta import RENDERED

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

PASSED_OVER = frozenset(
    {
        b"accept-encoding",
        b"cache-control",
        b"connection",
        b"content-length",
        b"date",
        b"host",
        b"if-modified-since",
        b"if-none-match",
        b"pragma",
        b"proxy-authorization",
        b"referer",
        b"traceparent",
        b"tracestate",
        b"x-request-id",
    }
)
"""Headers of a request that do not count: they are about the way it is sent, or new each time. All others may be what
an answer depends on, such as a key for an interface."""
USER_AGENT = b"user-agent"
ANY = b"*"
JAR = "cookiejar"


def cache_key(request: Request) -> bytes:
    """Return the key of *request*, 20 bytes: method, canonical URL, body, session, counting headers, look in a browser.

    Ask for it when the request is about to be sent, with its cookies and default headers.
    """
    key = fingerprint(request, include_headers=_counting(request))
    session, look = _session(request), request.meta.get(RENDERED)
    more = session if look is None else f"{session}\0{look.key}"
    return hashlib.sha1(key + more.encode(), usedforsecurity=False).digest() if more else key


def vary_names(response: Response, request: Request) -> tuple[str, ...] | None:
    """Return the headers of the request, in lower case, that the response says it depends on beside those of the key.

    None for ``Vary: *``: no other request has the same answer.
    """
    values = b",".join(response.headers.getlist("Vary"))
    names = {name.strip().lower() for name in values.decode("latin-1").split(",") if name.strip()}
    if ANY.decode() in names:
        return None
    # What counts in the key tells apart already; a user agent that is drawn anew each time must not count at all.
    return tuple(sorted(name for name in names if name.encode("latin-1") in PASSED_OVER))


def variant(names: tuple[str, ...], request: Request) -> bytes:
    """Return what tells apart requests of one key by their headers *names*; ``b""`` without names."""
    if not names:
        return b""
    values = [b"\n".join([name.encode("latin-1"), *request.headers.getlist(name)]) for name in names]
    return hashlib.sha1(b"\0".join(values), usedforsecurity=False).digest()


def _counting(request: Request) -> list[bytes]:
    config = config_in(request.meta)
    is_drawn = config is not None and config.user_agent_mode == "random"
    names = {name.lower() for name in request.headers} - PASSED_OVER
    return sorted(names - {USER_AGENT} if is_drawn else names)


def _session(request: Request) -> str:
    """Return the name of the request's session: what one session was told to remember is no other's."""
    jar = request.meta.get(JAR)
    if isinstance(jar, str):
        return jar
    config = config_in(request.meta)
    return (config.session_id if config is not None else None) or ""
