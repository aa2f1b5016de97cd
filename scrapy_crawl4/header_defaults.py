"""Headers that Scrapy's middlewares give to every request without them, spelt once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.defaultheaders import DefaultHeadersMiddleware
from scrapy.downloadermiddlewares.httpcompression import ACCEPTED_ENCODINGS, HttpCompressionMiddleware
from scrapy.downloadermiddlewares.useragent import UserAgentMiddleware
from scrapy.http import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scrapy import Request

Pairs = tuple[tuple[str | bytes, Any], ...]


def _defaults(middleware: Any) -> Pairs:
    return tuple(middleware._headers)


def _agent(middleware: Any) -> Pairs:
    return ((b"User-Agent", middleware.user_agent),) if middleware.user_agent else ()


def _encodings(middleware: Any) -> Pairs:
    return ((b"Accept-Encoding", b", ".join(ACCEPTED_ENCODINGS)),)


SETTERS: Mapping[type, Callable[[Any], Pairs]] = {
    DefaultHeadersMiddleware: _defaults,
    UserAgentMiddleware: _agent,
    HttpCompressionMiddleware: _encodings,
}
"""By middleware of Scrapy's whose ``process_request`` sets headers that are missing: which these are."""


class HeaderDefaults:
    """Sets headers where they are missing, as ``Headers.setdefault()`` does, which spells name and value each time.

    :param middleware: of a class in :data:`SETTERS`.
    """

    def __init__(self, middleware: Any) -> None:
        self._middleware = middleware
        self._pairs_of = SETTERS[type(middleware)]
        self._pairs: Pairs = ()
        self._spelt: Headers = Headers()

    def process_request(self, request: Request) -> None:
        """Set those that *request* does not have."""
        headers = request.headers
        if headers.encoding != self._spelt.encoding:
            self._middleware.process_request(request)
            return
        pairs = self._pairs_of(self._middleware)
        if pairs != self._pairs:
            self._pairs, self._spelt = pairs, _spelt(pairs)
        for name, values in dict.items(self._spelt):
            if not dict.__contains__(headers, name):
                dict.__setitem__(headers, name, values.copy())


def _spelt(pairs: Pairs) -> Headers:
    headers = Headers()
    for name, value in pairs:
        headers.setdefault(name, value)
    return headers
