"""The browser of a Scrapy crawler, and what its requests ask of it."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from scrapy import signals
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.exceptions import DownloadTimeoutError
from scrapy.settings import default_settings

from ..config import BrowserConfig, CrawlerRunConfig, ProxyConfig, config_in
from ..config.settings import Crawl4Settings
from ..turns import Turns
from .browser import Browser
from .cookies import Jar, header_cookies
from .fetch import PageFetch, header_dict, placed
from .identity import Identity
from .launch import LaunchOptions
from .order import PageOrder
from .sizes import SizeLimit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings

    from ..meter import PageMeter

PAGE = "crawl4_page"
"""Meta key of a request whose page the browser shows: True, or a coroutine function that takes the request and the
limit of its size, and returns the response."""

OF_HTTP = ("accept", "accept-encoding", "connection", "content-length", "cookie", "host", "proxy-authorization")
"""Headers that the browser makes itself: they differ from request to request of a page, or are not for its host."""
REFERER = "referer"
OF_ENVIRONMENT = "_scheme_proxy"
"""Scrapy's meta key: whether HttpProxyMiddleware took the proxy from the environment."""


class Pages:
    """Shows the pages of a crawler's requests; its browser starts with the first one and ends with the engine.

    :param crawler: whose requests they are. ``CRAWL4_BROWSER`` of its settings says how the browser is.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._config = Crawl4Settings.from_settings(crawler.settings).browser or BrowserConfig()
        self._usual = _usual_headers(crawler.settings, self._config)
        self._largest = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._turns = Turns()
        self.browser = Browser(LaunchOptions.of(self._config))
        crawler.signals.connect(self._engine_stopped, signals.engine_stopped)

    async def fetch(self, request: Request, meter: PageMeter | None = None) -> Response:
        """Return the page of *request* as the browser shows it.

        :param meter: told how large the page is before it comes; None where nobody minds.
        :raises PageTooLarge: when it is larger than ``DOWNLOAD_MAXSIZE`` or than memory can hold.
        :raises TaskFailed: when there is none.
        :raises DownloadTimeoutError: when it takes longer than ``download_timeout``.
        """
        page = request.meta[PAGE]
        limit = SizeLimit(request.meta.get("download_maxsize", self._largest), meter)
        return await (page(request, limit) if callable(page) else self._fetch(request, limit))

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Wait in the block's beginning for the requests of the same ``session_id``: they go on with one page."""
        session = _config(request).session_id
        if session is None or callable(request.meta[PAGE]):
            yield
            return
        async with self._turns.turn(session):
            yield

    async def _fetch(self, request: Request, limit: SizeLimit) -> Response:
        jar = self._jar(request)
        fetch = PageFetch(self.browser, self._order(request, jar))
        seconds = request.meta.get("download_timeout")
        deadline = asyncio.timeout(seconds or None)
        try:
            async with deadline:
                response = await fetch(request, limit)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise DownloadTimeoutError(f"Getting {request.url} took longer than {seconds} seconds.") from None
        if jar is not None and fetch.captured is not None:
            jar.take_back(fetch.captured.cookies)
        return response

    def _order(self, request: Request, jar: Jar | None) -> PageOrder:
        config, headers = _config(request), self._headers(request)
        referer = headers.pop(REFERER, None)
        identity = Identity.of(self._config, config, url=request.url, headers=headers, proxy=self._proxy(request))
        return PageOrder(
            request.url,
            config,
            identity,
            self._cookies(request, jar),
            config.session_id,
            referer=referer,
            keeps_cookies=jar is not None,
            downloads=self._config.downloads_path if self._config.accept_downloads else None,
        )

    def _headers(self, request: Request) -> dict[str, str]:
        """Return the headers that somebody chose: Scrapy's defaults would say of a browser what is not true of it."""
        headers = {name.lower(): value for name, value in header_dict(request).items() if name.lower() not in OF_HTTP}
        return {name: value for name, value in headers.items() if self._usual.get(name) != value}

    def _cookies(self, request: Request, jar: Jar | None) -> list[dict[str, Any]]:
        everywhere = [placed(cookie, request.url) for cookie in self._config.cookies or ()]
        if jar is not None:
            return everywhere + jar.lend()
        header = request.headers.get("Cookie") or b""
        return everywhere + [placed(cookie, request.url) for cookie in header_cookies(header)]

    def _jar(self, request: Request) -> Jar | None:
        """Return the cookie jar of *request*, None where Scrapy would neither send nor keep cookies."""
        middleware = self._crawler.get_downloader_middleware(CookiesMiddleware)
        if middleware is None or request.meta.get("dont_merge_cookies"):
            return None
        return Jar(middleware.jars[request.meta.get("cookiejar")])

    def _proxy(self, request: Request) -> str | None:
        """Return the request's own proxy, else that of the browser's configuration, else that of the environment."""
        own = self._config.proxy_config
        if own is not None and ("proxy" not in request.meta or request.meta.get(OF_ENVIRONMENT)):
            return own.url if isinstance(own, ProxyConfig) else None
        return _chosen_proxy(request)

    async def _engine_stopped(self) -> None:
        await self.browser.close()


def _config(request: Request) -> CrawlerRunConfig:
    return config_in(request.meta) or CrawlerRunConfig()


def _usual_headers(settings: BaseSettings, config: BrowserConfig) -> dict[str, str]:
    """Return the headers of all requests that do not count for those of the browser.

    They are Scrapy's own defaults, and where *config* says something in their place, those of the project.
    """
    usual = _headers_of(default_settings.DEFAULT_REQUEST_HEADERS, default_settings.USER_AGENT)
    chosen = _headers_of(settings["DEFAULT_REQUEST_HEADERS"] or {}, settings["USER_AGENT"])
    replaced = {name.lower() for name in config.headers or ()} | ({"user-agent"} if config.user_agent else set())
    return usual | {name: value for name, value in chosen.items() if name in replaced}


def _headers_of(headers: Mapping[str, Any], agent: Any) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in headers.items()} | {"user-agent": str(agent)}


def _chosen_proxy(request: Request) -> str | None:
    """Return the proxy that HttpProxyMiddleware chose, with the log-in that it has moved to a header."""
    proxy: str | None = request.meta.get("proxy")
    header = request.headers.get("Proxy-Authorization") or b""
    if not proxy or not header.startswith(b"Basic "):
        return proxy
    user, _, password = b64decode(header.removeprefix(b"Basic ")).decode("latin-1").partition(":")
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"
