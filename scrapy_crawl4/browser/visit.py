"""One visit: load a page, do what the configuration asks for, read what there is then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from .capture import screenshot
from .order import Captured
from .scripts import ScriptError, run_scripts, scroll_through, wait_for

if TYPE_CHECKING:
    from typing import Any

    from playwright.async_api import Page, Request, Response

    from .order import PageOrder
    from .tab import Tab

PAGES = ("text/html", "application/xhtml+xml", "application/xml", "text/xml", "image/svg+xml")
"""Media types of which the browser makes a page that says more than the file."""
UNTRUE = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""Headers that are about the bytes on the way, not about the page."""


async def visit(tab: Tab, order: PageOrder) -> Captured:
    """Show the page of *order* in *tab*, and return it as it stands in the end.

    :raises playwright.async_api.Error: for what the browser could not do.
    :raises ScriptError: for a *wait_for* that cannot be waited for.
    """
    tab.documents.clear()
    if order.cookies:
        await tab.add_cookies(order.cookies)
    response = await _load(tab.page, order)
    if response is not None and _is_file(response):
        return await _file(response)
    captured = await _work_on(tab.page, order)
    await _read(tab, captured, response)
    return captured


async def _load(page: Page, order: PageOrder) -> Response | None:
    wait_until: Any = order.config.wait_until
    if order.html is None:
        # The task has a deadline, which is one for everything.
        return await page.goto(order.url, wait_until=wait_until, timeout=0)
    await page.set_content(order.html, wait_until=wait_until, timeout=0)
    return None


async def _work_on(page: Page, order: PageOrder) -> Captured:
    """Do what was asked, in crawl4ai's order: wait, then the user's scripts, then captures."""
    config = order.config
    captured = Captured(url=page.url)
    if config.scan_full_page:
        await scroll_through(page)
    if config.wait_for:
        await wait_for(page, config.wait_for)
    if config.delay_before_return_html:
        await asyncio.sleep(config.delay_before_return_html)
    if config.js_code:
        try:
            results = await run_scripts(page, config.js_code)
            captured.fields["js_execution_result"] = {"success": True, "results": results}
        except ScriptError as error:
            captured.fields["js_execution_result"] = {"success": False, "error": str(error)}
            captured.error = f"js_code failed: {error}."
        await page.wait_for_load_state(config.wait_until, timeout=0)  # type: ignore[arg-type]  # checked by config
    if config.screenshot:
        captured.fields["screenshot"] = await screenshot(page)
    if config.pdf:
        captured.fields["pdf"] = await page.pdf(print_background=True)
    return captured


async def _read(tab: Tab, captured: Captured, first: Response | None) -> None:
    """Write the page as it stands, and the response it came with, on *captured*."""
    captured.body = (await tab.page.content()).encode("utf-8", "replace")
    captured.url = tab.page.url
    final = _final(tab, first)
    if final is None:
        return
    captured.status = final.status
    captured.headers = await _headers(final)
    captured.redirects = await _hops(tab, final)


def _final(tab: Tab, first: Response | None) -> Response | None:
    """Return the response of the document that is shown: a page may have gone on to another one by itself."""
    shown = urldefrag(tab.page.url).url
    for response in reversed(tab.documents):
        if urldefrag(response.url).url == shown:
            return response
    return first  # the page has changed its address without loading another one


async def _hops(tab: Tab, final: Response) -> list[dict[str, Any]]:
    """Return the hops before *final*; those that a page itself went on from have no status."""
    hops: list[dict[str, Any]] = []
    request: Request | None = final.request.redirected_from
    while request is not None:
        answer = await request.response()
        hops.insert(0, {"url": request.url, "status_code": answer.status if answer is not None else None})
        request = request.redirected_from
    start = hops[0]["url"] if hops else final.url
    earlier: list[dict[str, Any]] = []
    for response in tab.documents:
        if response.url == start:
            break
        if not 300 <= response.status < 400:  # noqa: PLR2004 - its chain is told with its end
            earlier.append({"url": response.url, "status_code": None})
    return [*earlier, *hops]


def _is_file(response: Response) -> bool:
    # Without the header, the browser has looked into the body, and shows what it took for a page.
    media_type = response.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    return not media_type.startswith(PAGES)


async def _file(response: Response) -> Captured:
    """Return what was sent: the page that the browser makes of JSON, text or an image says less."""
    body = await response.body()
    return Captured(
        url=response.url, status=response.status, headers=await _headers(response), body=body, is_page=False
    )


async def _headers(response: Response) -> list[tuple[str, str]]:
    headers = [(header["name"], header["value"]) for header in await response.headers_array()]
    return [(name, value) for name, value in headers if name.lower() not in UNTRUE]
