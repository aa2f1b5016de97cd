"""Scrapy's requests, answered by the browser."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from scrapy.http import Headers, HtmlResponse
from scrapy.responsetypes import responsetypes

from ..scrapy_map import CAPTURES
from .errors import Downloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy import Request
    from scrapy.http import Response

    from .browser import Browser
    from .order import Captured, PageOrder
    from .sizes import SizeLimit


class PageFetch:
    """Fetches one request's page with the browser, in place of Scrapy's download handler.

    :param browser: shows it.
    :param order: what it is to show.
    """

    def __init__(self, browser: Browser, order: PageOrder) -> None:
        self._browser = browser
        self._order = order
        self.captured: Captured | None = None
        """What was shown, once it was."""

    async def __call__(self, request: Request, limit: SizeLimit | None = None) -> Response:
        """Show the page and return it as the response to *request*, in whose meta the redirects are written.

        What was captured beside the page is noted for :meth:`CrawlResult.from_response`.

        :param limit: how large the page may be; None for any size.
        :raises PageTooLarge: when it is larger.
        :raises TaskFailed: when there is none.
        """
        order = self._order if limit is None else replace(self._order, admit=limit.admit)
        try:
            captured = self.captured = await self._browser.show(order)
        except Downloads as error:
            raise Downloads("This is a file to download, not a page: render='http' fetches it.") from error
        _note_redirects(request, captured)
        CAPTURES[request] = captured
        return _response(captured, request)


def header_dict(request: Request) -> dict[str, str]:
    """Return the headers of *request*, several values of one name joined."""
    headers = ((name, b", ".join(request.headers.getlist(name))) for name in request.headers)
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}


def environment_proxy(url: str) -> str | None:
    """Return the proxy that the environment names for *url*, as Scrapy finds it for what it fetches itself."""
    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def placed(cookie: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Return *cookie* with the place where it counts: its own, or that of the page *url*."""
    place = {} if "domain" in cookie else {"domain": urlsplit(cookie.get("url", url)).hostname or ""}
    return {"path": "/", **place, **{name: value for name, value in cookie.items() if name != "url"}}


def cookies_of(request: Request) -> list[dict[str, Any]]:
    """Return the cookies that *request* names, as Playwright takes them."""
    own: Any = request.cookies
    if isinstance(own, dict):
        own = [{"name": name, "value": value} for name, value in own.items()]
    return [placed(cookie, request.url) | {name: _text(cookie[name]) for name in ("name", "value")} for cookie in own]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _note_redirects(request: Request, captured: Captured) -> None:
    if not captured.redirects:
        return
    urls, reasons = (list(request.meta.get(key) or ()) for key in ("redirect_urls", "redirect_reasons"))
    first = captured.redirects[0]["url"]
    # Those that led to this request stay; those of an earlier try of it begin with its own URL.
    kept = urls.index(first) if first in urls else len(urls)
    request.meta["redirect_urls"] = urls[:kept] + [hop["url"] for hop in captured.redirects]
    request.meta["redirect_reasons"] = reasons[:kept] + [hop["status_code"] for hop in captured.redirects]


def _response(captured: Captured, request: Request) -> Response:
    headers = Headers()
    for name, value in captured.headers:
        headers.appendlist(name, value)
    given: dict[str, Any] = {"status": captured.status, "headers": headers, "body": captured.body, "request": request}
    if captured.is_page:
        return HtmlResponse(captured.url, encoding="utf-8", **given)
    kind = responsetypes.from_args(headers=headers, url=captured.url, body=captured.body)
    return kind(captured.url, **given)
