"""Tasks that the browser does: what they ask of it, and the response that comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from scrapy import Request
from scrapy.http import Headers, HtmlResponse
from scrapy.responsetypes import responsetypes

from ..browser import Downloads, Identity, PageFailed, PageOrder
from ..cache.meta import DONT_CACHE
from ..cache.use import READING, WRITING
from ..config import BrowserConfig
from ..downloader import PAGE
from .requests import make_request, placed, session_key
from .tasks import raw_html

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scrapy.http import Response

    from ..browser import Browser, Captured
    from ..results import CrawlResult
    from .plan import Plan
    from .tasks import Work

BLANK = "about:blank"


class PageFetch:
    """Fetches one task's page with the browser, in place of Scrapy's download handler.

    :param browser: the engine's.
    :param order: what it is to show.
    """

    def __init__(self, browser: Browser, order: PageOrder) -> None:
        self._browser = browser
        self._order = order
        self.captured: Captured | None = None
        """What was shown, once it was."""

    async def __call__(self, request: Request) -> Response:
        """Show the page and return it as the response to *request*, in whose meta the redirects are written.

        :raises TaskFailed: when there is none.
        """
        try:
            captured = self.captured = await self._browser.show(self._order)
        except Downloads as error:
            raise Downloads("This is a file to download, not a page: render='http' fetches it.") from error
        if captured.redirects:
            request.meta["redirect_urls"] = [hop["url"] for hop in captured.redirects]
            request.meta["redirect_reasons"] = [hop["status_code"] for hop in captured.redirects]
        return _response(captured, request)


def page_request(work: Work, plan: Plan, browser: Browser, attempt: int) -> tuple[Request, PageFetch]:
    """Return the request for *work* that the browser serves, and what serves it.

    :param attempt: how many tries there were before.
    :raises PageFailed: when *work* asks for what the browser does not do.
    """
    request = make_request(work, plan, attempt)
    if told := refusal(work, plan, request):
        raise PageFailed(told)
    proxy = request.meta["proxy"] if "proxy" in request.meta else _environment_proxy(request.url)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in _header_items(request)}
    identity = Identity.of(plan.browser or BrowserConfig(), headers=headers, proxy=proxy)
    fetch = PageFetch(browser, _order(work, plan, identity, _cookies(request)))
    # The browser has its own cookies, redirects and cache.
    request.meta.update({PAGE: fetch, "dont_merge_cookies": True, "dont_redirect": True, DONT_CACHE: True})
    return request, fetch


async def local_page(work: Work, plan: Plan, browser: Browser) -> tuple[Response, PageFetch]:
    """Show the page of a ``raw:`` or ``file:`` task.

    :raises TaskFailed: when it cannot be shown.
    """
    identity = Identity.of(plan.browser or BrowserConfig())
    html = raw_html(work.url) if work.kind == "raw" else None
    cookies = [cookie for cookie in (plan.browser and plan.browser.cookies) or () if cookie.keys() & {"domain", "url"}]
    fetch = PageFetch(browser, _order(work, plan, identity, [placed(cookie, "") for cookie in cookies], html))
    return await fetch(Request(BLANK if html is not None else work.url)), fetch


def with_captured(result: CrawlResult, page: PageFetch) -> CrawlResult:
    """Return *result* with what *page* captured beside the page itself."""
    captured = page.captured
    if captured is not None:
        for name, value in captured.fields.items():
            setattr(result, name, value)
        if captured.error and result.success:
            result.success, result.error_message = False, captured.error
    return result


def _order(
    work: Work, plan: Plan, identity: Identity, cookies: Sequence[Mapping[str, Any]], html: str | None = None
) -> PageOrder:
    key = session_key(work)
    session = None if isinstance(key, int) else key
    return PageOrder(work.url, work.config, identity, cookies, session, html, plan.hooks)


def refusal(work: Work, plan: Plan, request: Request) -> str:
    """Return the sentence for a *request* of *work* that the browser cannot make, ``""`` for one that it can."""
    config = work.config
    if request.method != "GET" or request.body:
        return "The browser only sends GET requests without a body: use render='http' for others."
    if not plan.http.follow_redirects:
        return "The browser follows all redirects: use render='http' with follow_redirects=False."
    if config.is_given("cache_mode") and config.cache_mode in READING | WRITING:
        return "Pages of the browser are not cached yet: leave cache_mode at BYPASS, or use render='http'."
    if config.fetch_ssl_certificate:
        return "fetch_ssl_certificate has no effect in the browser yet: use render='http'."
    return ""


def _header_items(request: Request) -> list[tuple[bytes, bytes]]:
    return [(name, b", ".join(request.headers.getlist(name))) for name in request.headers]


def _environment_proxy(url: str) -> str | None:
    """Return the proxy that the environment names for *url*, as Scrapy finds it for what it fetches itself."""
    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def _cookies(request: Request) -> list[dict[str, Any]]:
    """Return the cookies of *request* as Playwright takes them."""
    own: Any = request.cookies
    if isinstance(own, dict):
        own = [{"name": name, "value": value} for name, value in own.items()]
    return [placed(cookie, request.url) | {name: _text(cookie[name]) for name in ("name", "value")} for cookie in own]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _response(captured: Captured, request: Request) -> Response:
    headers = Headers()
    for name, value in captured.headers:
        headers.appendlist(name, value)
    given: dict[str, Any] = {"status": captured.status, "headers": headers, "body": captured.body, "request": request}
    if captured.is_page:
        return HtmlResponse(captured.url, encoding="utf-8", **given)
    kind = responsetypes.from_args(headers=headers, url=captured.url, body=captured.body)
    return kind(captured.url, **given)
