"""Asking a host whether what is in the cache is still good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .meta import CHECK, FOUND
from .sqlite_storage import TIMESTAMP

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

TIMEOUT = "download_timeout"
VALIDATORS = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))


def ask(request: Request, cached: Response, seconds: float) -> None:
    """Make *request* ask whether *cached* is still good; it stays as it is where *cached* has nothing to ask with."""
    questions = {name: cached.headers[said] for said, name in VALIDATORS if said in cached.headers}
    if not questions:
        request.meta.pop(TIMESTAMP, None)
        return
    usual = request.meta.get(TIMEOUT)
    before = {"timeout": usual, "headers": {name: request.headers.get(name) for name in questions}}
    request.meta.update({CHECK: before, FOUND: cached, TIMEOUT: min(seconds, usual or seconds)})
    request.headers.update(questions)


def as_before(request: Request) -> bool:
    """Undo what :func:`ask` did, so that nothing of it reaches a redirect or another try; return whether it did."""
    before = request.meta.pop(CHECK, None)
    if before is None:
        return False
    for name, value in before["headers"].items():
        if value is None:
            request.headers.pop(name, None)
        else:
            request.headers[name] = value
    request.meta[TIMEOUT] = before["timeout"]
    if before["timeout"] is None:
        del request.meta[TIMEOUT]
    return True
