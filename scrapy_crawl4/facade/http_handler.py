"""The facade's HTTP: Scrapy's aiohttp download handler, the fastest of those Scrapy ships."""

from __future__ import annotations

import logging
from base64 import b64decode
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

from aiohttp import ClientRequest
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler
from scrapy.exceptions import NotSupported, ResponseDataLossError
from scrapy.http import Headers
from scrapy.responsetypes import responsetypes
from scrapy.utils._download_handlers import get_dataloss_msg, make_response

from .body_reader import BodyReader

if TYPE_CHECKING:
    from aiohttp import ClientResponse
    from scrapy import Request
    from scrapy.core.downloader.handlers._aiohttp import _ClientResponse
    from scrapy.crawler import Crawler
    from scrapy.exceptions import StopDownload
    from scrapy.http import Response

logger = logging.getLogger(__name__)


class SentHeaders:
    """The headers of a request as aiohttp takes them, without a copy of them that spells each name anew.

    :param headers: those of the request.
    """

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def to_tuple_list(self) -> list[tuple[str, str]]:
        """Return names and values, but for what is meant for a proxy."""
        encoding = self._headers.encoding
        return [
            (name.decode(encoding), value.decode(encoding))
            for name, values in dict.items(self._headers)
            if name != b"Proxy-Authorization"
            for value in values
        ]


class PageRequest(ClientRequest):
    """A request without a body where that is empty: aiohttp would tell of its length, and send it by a task."""

    def update_body_from_data(self, body: Any, *args: Any, **kwargs: Any) -> None:
        """Take *body*, if there is any."""
        super().update_body_from_data(None if body == b"" else body, *args, **kwargs)


class FacadeHttpHandler(AiohttpDownloadHandler):
    """Scrapy's handler, made on the first request, and without the warning at every start that it is experimental."""

    experimental: ClassVar[bool] = False
    lazy: bool = True
    """A crawler that fails to start has no client session then that nobody would close."""

    measures: ClassVar[bool] = True
    """It tells the meter of a request itself how much has arrived, without signals."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._session._request_class = PageRequest

    async def _read_response(self, response: _ClientResponse, request: Request) -> Response:
        """Do what Scrapy's own does, and send a signal only to those who listen."""
        headers = self._extract_headers(response)
        made_of = self._build_base_response_args(response, request, headers)
        if self._tls_verbose_logging:
            self._log_tls_info(response, request)
        meta = request.meta
        limit, warn_at = (
            meta.get("download_maxsize", self._default_maxsize),
            meta.get("download_warnsize", self._default_warnsize),
        )
        reader = BodyReader(self.crawler, request, limit, warn_at)
        length = (dict.get(headers, b"Content-Length") or [None])[-1]
        if stop := reader.declare(None if length is None else int(length), headers):
            return _respond(**made_of, stop_download=stop)
        try:
            async for chunk in self._iter_body_chunks(response):
                if stop := reader.take(chunk):
                    return _respond(**made_of, body=reader.body, stop_download=stop)
        except Exception as error:
            if not self._is_dataloss_exception(error):
                raise
            self._judge_loss(request, error)
            return _respond(**made_of, body=reader.body, flags=["dataloss"])
        return _respond(**made_of, body=reader.body)

    def _judge_loss(self, request: Request, error: Exception) -> None:
        if not request.meta.get("download_fail_on_dataloss", self._fail_on_dataloss):
            return
        if not self._fail_on_dataloss_warned:
            logger.warning(get_dataloss_msg(request.url))
            self._fail_on_dataloss_warned = True
        raise ResponseDataLossError(str(error)) from error

    @staticmethod
    def _request_headers(request: Request) -> SentHeaders:  # type: ignore[override]  # all that is asked of them
        """Return the headers to send."""
        return SentHeaders(request.headers)

    @staticmethod
    def _extract_headers(response: ClientResponse) -> Headers:
        """Take the headers as they came: Scrapy's own fails for those that are not UTF-8, and the page with them."""
        headers = Headers()
        found: dict[bytes, list[bytes]] = {}
        for name, value in response.raw_headers:  # bytes already, which Headers would look at once more each
            found.setdefault(name.title(), []).append(value)
        dict.update(headers, found)
        return headers

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


def _respond(*, headers: Headers, stop_download: StopDownload | None = None, **made_of: Any) -> Response:
    """Return what Scrapy's ``make_response`` does, whose response makes a copy of the headers.

    :raises StopDownload: with the response in it, where that is asked for.
    """
    if stop_download is not None:
        return make_response(headers=headers, stop_download=stop_download, **made_of)
    kind = responsetypes.from_args(headers=headers, url=made_of["url"], body=made_of["body"])
    response = kind(**made_of)
    response.headers = headers
    return response
