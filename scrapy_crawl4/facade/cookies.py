"""Cookies without the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.utils.httpobj import urlparse_cached
from tldextract import TLDExtract

if TYPE_CHECKING:
    from collections.abc import Iterable
    from http.cookiejar import Cookie

    from scrapy import Request, Spider
    from scrapy.http import Response
    from scrapy.http.cookies import CookieJar


class FacadeCookiesMiddleware(CookiesMiddleware):
    """Scrapy's middleware with the list of public suffixes that comes with ``tldextract``.

    Scrapy's own downloads a newer list at the first cookie, in the middle of the event loop, and keeps it in the
    user's home folder; a program that only wants pages should see neither. And Scrapy's keeps a jar for each name that
    was ever asked for; here only those with cookies stay.
    """

    idle_in = CookiesMiddleware

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._split = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)

    def process_request(self, request: Request, spider: Spider | None = None) -> None:
        """Put the cookies of its jar into *request*."""
        super().process_request(request)
        self._forget_empty(request)

    def process_response(self, request: Request, response: Response, spider: Spider | None = None) -> Response:
        """Take the cookies of *response* into the jar of *request*."""
        super().process_response(request, response)
        self._forget_empty(request)
        return response

    def _forget_empty(self, request: Request) -> None:
        key = request.meta.get("cookiejar")
        if key in self.jars and next(iter(self.jars[key]), None) is None:
            del self.jars[key]

    def _process_cookies(self, cookies: Iterable[Cookie], *, jar: CookieJar, request: Request) -> None:
        host = (urlparse_cached(request).hostname or "").lower()
        for cookie in cookies:
            domain = cookie.domain.removeprefix(".")
            if domain and not self._split(domain).domain:
                # A cookie for a public suffix such as "co.uk" is only good for a host of that very name.
                if domain != host:
                    continue
                cookie.domain = host
            jar.set_cookie_if_ok(cookie, request)
