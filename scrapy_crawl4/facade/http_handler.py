"""The facade's HTTP: Scrapy's aiohttp download handler, the fastest of those Scrapy ships."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, urlsplit

from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler
from scrapy.exceptions import NotSupported
from scrapy.http import Headers

if TYPE_CHECKING:
    from aiohttp import ClientResponse
    from scrapy import Request


class FacadeHttpHandler(AiohttpDownloadHandler):
    """Scrapy's handler, made on the first request, and without the warning at every start that it is experimental."""

    experimental: ClassVar[bool] = False
    lazy: bool = True
    """A crawler that fails to start has no client session then that nobody would close."""

    @staticmethod
    def _extract_headers(response: ClientResponse) -> Headers:
        """Take the headers as they came: Scrapy's own fails for those that are not UTF-8, and the page with them."""
        return Headers(list(response.raw_headers))

    def _extract_proxy_url_with_creds(self, request: Request) -> str | None:
        """Put the log-in into the URL of the proxy, all of it quoted: Scrapy's own leaves the slashes of a password."""
        proxy, login = self._extract_proxy(request)
        if proxy is None:
            return None
        parts = urlsplit(proxy)
        if parts.scheme not in {"http", "https"}:  # aiohttp would speak HTTP to it
            raise NotSupported(f"a {parts.scheme} proxy; use http:// or https://")
        kind, _, token = (login or "").partition(" ")
        if kind != "Basic":
            return super()._extract_proxy_url_with_creds(request)
        user, _, password = b64decode(token).decode(self._proxy_auth_encoding).partition(":")
        return parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}").geturl()
