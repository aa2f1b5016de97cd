"""One visit: load a page, do what the configuration asks for, read what there is then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .attending import attended
from .documents import describe_response, file_of, is_file
from .errors import PageFailed
from .loading import go_to
from .order import Captured
from .reading import read_html
from .scripts import ScriptError, run_scripts
from .scrolling import scroll_list, scroll_through
from .simulate import simulate_user
from .tidying import tidy
from .waiting import wait_for, wait_for_images

if TYPE_CHECKING:
    from typing import Any

    from playwright.async_api import Page, Response

    from .order import PageOrder
    from .tab import Tab

NEED_PAGE = ("wait_for", "virtual_scroll_config")
"""Options that ask for something that has to be in the page, and never is in a file; scripts are left out there."""
FIRST_ERROR = 400
NEED_TIMERS = ("scan_full_page", "virtual_scroll_config", "wait_for_images", "remove_consent_popups")
"""Options that wait in the page, which it cannot where its scripts do not run."""


async def visit(tab: Tab, order: PageOrder) -> Captured:
    """Show the page of *order* in *tab*, and return it as it stands in the end.

    An address that leads to a file gives the file, where downloads are wanted. What fails of what the user asked to be
    done ends the doing; the page is read and captured all the same, and ``Captured.error`` says what failed.

    :raises playwright.async_api.Error: for what the browser could not do.
    :raises PageFailed: for what cannot be done without scripts of the page, where these do not run.
    """
    captured = await attended(tab, order, _show)
    if not captured.is_page and captured.status < FIRST_ERROR:
        captured.error = captured.error or _undone(order)
    return captured


async def _show(tab: Tab, order: PageOrder) -> Captured:
    page, config = tab.page, order.config
    _refuse(order)
    response = await _load(tab, order)
    if response is not None and not config.js_only and await is_file(tab, response):
        return await file_of(tab, response, order.admit)
    captured = Captured(url=page.url)
    try:
        await _get_ready(page, order)
        await _run_scripts(page, order, captured)
    except ScriptError as error:
        captured.error = str(error)
    overlays = config.remove_overlay_elements or config.magic
    if config.remove_consent_popups or overlays:
        await tidy(page, consent=config.remove_consent_popups, overlays=overlays)
    await _read(tab, order, captured, response)
    if "before_return_html" in order.hooks:
        await order.tell("before_return_html", page, html=captured.body.decode())
    return captured


def _undone(order: PageOrder) -> str:
    asked = [name for name in NEED_PAGE if getattr(order.config, name)]
    return f"There is no page for {' and '.join(asked)}." if asked else ""


def _refuse(order: PageOrder) -> None:
    if not order.identity.java_script:
        for name in NEED_TIMERS:
            if getattr(order.config, name):
                raise PageFailed(f"{name} needs scripts of the page: leave java_script_enabled at True.")


async def _load(tab: Tab, order: PageOrder) -> Response | None:
    """Load the page, or with ``js_only`` take it as the task before left it; return the response it came with."""
    if order.config.js_only:
        del tab.documents[:-1]
        return tab.documents[-1] if tab.documents else None
    wait_until: Any = order.config.wait_until
    tab.documents.clear()
    if order.cookies:
        await tab.add_cookies(order.cookies)
    await order.tell("before_goto", tab.page, url=order.url)
    response = None
    if order.html is None:
        response = await go_to(tab, order)
    else:
        tab.is_blank = False
        await tab.page.set_content(order.html, wait_until=wait_until, timeout=0)
    await order.tell("after_goto", tab.page, url=order.url, response=response)
    return response


async def _get_ready(page: Page, order: PageOrder) -> None:
    """Bring about what is asked for, and wait for it.

    :raises ScriptError: when that fails.
    """
    config = order.config
    if config.js_code_before_wait:
        try:
            await _run(page, order, config.js_code_before_wait)
        except ScriptError as error:
            raise ScriptError(f"js_code_before_wait failed: {error}.") from error
    if config.simulate_user or config.magic:
        await simulate_user(page)
    if config.scan_full_page:
        await scroll_through(page, config)
    if config.virtual_scroll_config:
        await scroll_list(page, config.virtual_scroll_config)
    if config.wait_for:
        await wait_for(page, config.wait_for, config.wait_for_timeout)
    if config.wait_for_images:
        await wait_for_images(page, everywhere=config.scan_full_page)
    await order.tell("before_retrieve_html", page)
    if config.delay_before_return_html:
        await asyncio.sleep(config.delay_before_return_html)


async def _run_scripts(page: Page, order: PageOrder, captured: Captured) -> None:
    """Run the user's scripts on the page that is ready.

    :raises ScriptError: when one fails.
    """
    config = order.config
    if not config.js_code:
        return
    await order.tell("on_execution_started", page)
    try:
        outcome = {"success": True, "results": await _run(page, order, config.js_code)}
    except ScriptError as error:
        outcome = {"success": False, "error": str(error)}
    captured.fields["js_execution_result"] = outcome
    await page.wait_for_load_state(config.wait_until, timeout=0)  # type: ignore[arg-type]  # checked by config
    await order.tell("on_execution_ended", page, result=outcome)
    if not outcome["success"]:
        raise ScriptError(f"js_code failed: {outcome['error']}.")


async def _run(page: Page, order: PageOrder, code: str | list[str]) -> list[Any]:
    return await run_scripts(page, code, has_timers=order.identity.java_script)


async def _read(tab: Tab, order: PageOrder, captured: Captured, first: Response | None) -> None:
    """Write the page as it stands, and the response it came with, on *captured*."""
    captured.body = (await read_html(tab.page, order.config, order.admit)).encode("utf-8", "replace")
    await describe_response(tab, captured, first)
