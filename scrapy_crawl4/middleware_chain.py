"""Scrapy's downloader middlewares, called only for what they have something to do with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scrapy.core.downloader.middleware import DownloaderMiddlewareManager
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.downloadermiddlewares.downloadtimeout import DownloadTimeoutMiddleware
from scrapy.downloadermiddlewares.httpauth import HttpAuthMiddleware
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.httpproxy import HttpProxyMiddleware
from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware
from scrapy.downloadermiddlewares.redirect import MetaRefreshMiddleware, RedirectMiddleware
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.downloadermiddlewares.stats import DownloaderStats
from scrapy.exceptions import _InvalidOutput
from scrapy.http import Request, Response
from scrapy.utils.defer import ensure_awaitable
from scrapy.utils.python import global_object_name

from .header_defaults import SETTERS, HeaderDefaults
from .transfer_stats import TransferStats

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from scrapy.http import Headers

REDIRECTS = frozenset({301, 302, 303, 307, 308})
REFRESH_IN = 4 * 4096
"""Bytes at the start of a page that may be the characters Scrapy looks for a refresh in."""
META = re.compile(rb"<meta(?:\"[^\"]*\"|'[^']*'|[^'\">])*>")


def _has(headers: Headers, name: bytes) -> bool:
    """Tell whether *headers* have *name*, which is spelt as they spell it; they would do that anew."""
    return dict.__contains__(headers, name)


def _sends_no_cookies(middleware: Any, request: Request) -> bool:
    own = request.cookies or _has(request.headers, b"Cookie")
    return not own and request.meta.get("cookiejar") not in middleware.jars


def _may_go_anywhere(middleware: Any, request: Request) -> bool:
    return request.dont_filter


def _asks_no_robots(middleware: Any, request: Request) -> bool:
    return bool(request.meta.get("dont_obey_robotstxt"))


def _has_timeout(middleware: Any, request: Request) -> bool:
    return "download_timeout" in request.meta


def _logs_in_nowhere(middleware: Any, request: Request) -> bool:
    meta = request.meta
    return not (middleware._auth or meta.get("http_user") or meta.get("http_pass"))


def _has_no_proxy(middleware: Any, request: Request) -> bool:
    meta = request.meta
    said = "proxy" in meta or "_auth_proxy" in meta or _has(request.headers, b"Proxy-Authorization")
    return not (said or middleware.proxies)


def _brings_no_cookies(middleware: Any, request: Request, response: Response) -> bool:
    return not _has(response.headers, b"Set-Cookie") and not middleware.debug


def _is_plain(middleware: Any, request: Request, response: Response) -> bool:
    return not _has(response.headers, b"Content-Encoding")


def _stays(middleware: Any, request: Request, response: Response) -> bool:
    return response.status not in REDIRECTS


def _has_no_refresh(middleware: Any, request: Request, response: Response) -> bool:
    start = response.body[:REFRESH_IN].lower()
    if b"refresh" in start or b"\0" in start:  # of the encodings of the web, only UTF-16 spells it in another way
        return False
    return not any(b"&" in tag[0] for tag in META.finditer(start))


def _is_not_retried(middleware: Any, request: Request, response: Response) -> bool:
    return response.status not in middleware.retry_http_codes


IDLE_REQUESTS: Mapping[type, Callable[[Any, Request], bool]] = {
    CookiesMiddleware: _sends_no_cookies,
    DownloadTimeoutMiddleware: _has_timeout,
    HttpAuthMiddleware: _logs_in_nowhere,
    HttpProxyMiddleware: _has_no_proxy,
    OffsiteMiddleware: _may_go_anywhere,
    RobotsTxtMiddleware: _asks_no_robots,
}
"""By middleware of Scrapy's: whether its ``process_request`` would do nothing."""

IDLE_RESPONSES: Mapping[type, Callable[[Any, Request, Response], bool]] = {
    CookiesMiddleware: _brings_no_cookies,
    HttpCompressionMiddleware: _is_plain,
    MetaRefreshMiddleware: _has_no_refresh,
    RedirectMiddleware: _stays,
    RetryMiddleware: _is_not_retried,
}
"""The same for ``process_response``. A subclass is somebody else's, and always called, unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Step:
    """One method of a middleware.

    method: what is called.
    extra: arguments beside the request and the response.
    owner: the middleware.
    idle: whether the call would do nothing; None where that is not known.
    """

    method: Callable[..., Any]
    extra: Mapping[str, Any]
    owner: Any
    idle: Callable[..., bool] | None


class MiddlewareChain(DownloaderMiddlewareManager):
    """Scrapy's manager with the same middlewares, order and results, and less work around them.

    A middleware of Scrapy's that would return at once is passed over, a method that returns at once is not waited for,
    :class:`~scrapy.downloadermiddlewares.stats.DownloaderStats` counts without writing each request out, and headers
    that most requests lack are spelt once. Methods of other classes are called for every request and response, as by
    Scrapy. A class says by ``idle_in`` that it extends one of Scrapy's without adding to what it does for these.

    :param manager: made by Scrapy; its middlewares are taken as they are.
    """

    def __init__(self, manager: DownloaderMiddlewareManager) -> None:
        super().__init__(crawler=manager.crawler)
        self.middlewares = manager.middlewares
        self.methods = manager.methods
        self._mw_methods_requiring_spider = manager._mw_methods_requiring_spider

    @cached_property
    def _requests(self) -> tuple[Step, ...]:
        return tuple(self._steps("process_request", IDLE_REQUESTS))

    @cached_property
    def _responses(self) -> tuple[Step, ...]:
        return tuple(self._steps("process_response", IDLE_RESPONSES))

    def _steps(self, name: str, idle: Mapping[type, Callable[..., bool]]) -> Iterable[Step]:
        counting: dict[Any, TransferStats] = {}
        for method in self.methods[name]:
            assert method is not None
            owner = getattr(method, "__self__", None)
            if type(owner) is DownloaderStats:
                method = getattr(counting.setdefault(owner, TransferStats(owner.stats)), name)  # noqa: PLW2901
            elif name == "process_request" and type(owner) in SETTERS:
                method = HeaderDefaults(owner).process_request  # noqa: PLW2901
            extra = {"spider": self._spider} if method in self._mw_methods_requiring_spider else {}
            kind: type = vars(type(owner)).get("idle_in", type(owner))
            yield Step(method, extra, owner, idle.get(kind))

    async def _process_request(
        self, request: Request, download_func: Callable[[Request], Coroutine[Any, Any, Response]]
    ) -> Response | Request:
        for step in self._requests:
            if step.idle is not None and step.idle(step.owner, request):
                continue
            found = step.method(request=request, **step.extra)
            if found is None:
                continue
            if not isinstance(found, (Response, Request)):
                found = await ensure_awaitable(found, _warn=global_object_name(step.method))
                _check(found, step, "None, Response or Request", may_be_none=True)
            if found is not None:
                return found  # type: ignore[no-any-return]  # it was looked at
        return await download_func(request)

    async def _process_response(self, response: Response | Request, request: Request) -> Response | Request:
        if isinstance(response, Request):
            return response
        for step in self._responses:
            if step.idle is not None and step.idle(step.owner, request, response):
                continue
            found = step.method(request=request, response=response, **step.extra)
            if not isinstance(found, (Response, Request)):
                found = await ensure_awaitable(found, _warn=global_object_name(step.method))
                _check(found, step, "Response or Request", may_be_none=False)
            if isinstance(found, Request):
                return found
            response = found
        return response


def lean(manager: DownloaderMiddlewareManager) -> DownloaderMiddlewareManager:
    """Return a :class:`MiddlewareChain` of the middlewares of *manager*; itself if it is of somebody else's class."""
    return MiddlewareChain(manager) if type(manager) is DownloaderMiddlewareManager else manager


def _check(found: Any, step: Step, wanted: str, *, may_be_none: bool) -> None:
    if not (isinstance(found, (Response, Request)) or (found is None and may_be_none)):
        name = step.method.__qualname__
        raise _InvalidOutput(f"Middleware {name} must return {wanted}, got {type(found).__name__}")
