"""Tasks that the browser does: what they ask of it, and the response that comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request

from ..browser import Identity, PageFailed, PageOrder
from ..browser.fetch import PageFetch, cookies_of, environment_proxy, header_dict, placed
from ..browser.look import look_of
from ..browser.pages import PAGE
from ..cache.meta import DONT_CACHE, RENDERED
from ..config import BrowserConfig
from .requests import make_request, session_key
from .tasks import raw_html

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scrapy.http import Response

    from ..browser import Browser
    from ..results import CrawlResult
    from .plan import Plan
    from .tasks import Work

BLANK = "about:blank"


def page_request(work: Work, plan: Plan, browser: Browser, attempt: int) -> tuple[Request, PageFetch]:
    """Return the request for *work* that the browser serves, and what serves it.

    :param attempt: how many tries there were before.
    :raises PageFailed: when *work* asks for what the browser does not do.
    """
    request = make_request(work, plan, attempt)
    if told := refusal(plan, request):
        raise PageFailed(told)
    proxy = request.meta["proxy"] if "proxy" in request.meta else environment_proxy(request.url)
    headers = header_dict(request)
    identity = Identity.of(plan.browser or BrowserConfig(), work.config, url=request.url, headers=headers, proxy=proxy)
    order = _order(work, plan, identity, cookies_of(request))
    fetch = PageFetch(browser, order)
    look = look_of(order, browser.options)
    # The browser has its own cookies and redirects.
    request.meta.update({PAGE: fetch, "dont_merge_cookies": True, "dont_redirect": True})
    request.meta.update({DONT_CACHE: True} if look is None else {RENDERED: look})
    return request, fetch


async def local_page(work: Work, plan: Plan, browser: Browser) -> tuple[Response, PageFetch]:
    """Show the page of a ``raw:`` or ``file:`` task.

    :raises TaskFailed: when it cannot be shown.
    """
    identity = Identity.of(plan.browser or BrowserConfig(), work.config)
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
    return PageOrder(work.url, work.config, identity, cookies, session, html, plan.hooks, _folder(plan.browser))


def _folder(config: BrowserConfig | None) -> str | None:
    return config.downloads_path if config is not None and config.accept_downloads else None


def refusal(plan: Plan, request: Request) -> str:
    """Return the sentence for a *request* that the browser cannot make, ``""`` for one that it can."""
    if request.method != "GET" or request.body:
        return "The browser only sends GET requests without a body: use render='http' for others."
    if not plan.http.follow_redirects:
        return "The browser follows all redirects: use render='http' with follow_redirects=False."
    return ""
