"""The browser of an engine: started on first use, one page for each task, ended with the engine."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ..finish import finish
from .errors import BrowserGone, BrowserMissing, PageFailed, page_error
from .launch import BrowserProcess
from .tab import Tab
from .visit import visit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from typing import Any

    from .launch import LaunchOptions
    from .order import Captured, PageOrder

SESSIONS = 16
"""Pages of sessions that are kept between tasks; of others, cookies and local storage are."""


class Browser:
    """Shows pages. All methods run on one event loop.

    :param options: how its process is started.
    """

    def __init__(self, options: LaunchOptions) -> None:
        self._options = options
        self._process: BrowserProcess | None = None
        self._starting = asyncio.Lock()
        self._tabs: set[Tab] = set()
        self._sessions: dict[str, Tab] = {}
        """Pages of sessions that no task is on, that of the last task last."""
        self._states: dict[str, object] = {}
        """What sessions without a page are to have again."""
        self._closed = False

    @property
    def version(self) -> str:
        """The browser's name, version and program; ``""`` while it does not run."""
        process = self._process
        return "" if process is None else f"Chromium {process.browser.version} ({process.executable.path})"

    async def show(self, order: PageOrder) -> Captured:
        """Return the page that *order* asks for; cancelling it closes the page.

        A browser that ends meanwhile is started again, and the page tried once more.

        :raises BrowserMissing: when there is no browser to start.
        :raises PageFailed: when the page cannot be shown.
        :raises BrowserGone: when the browser ended a second time.
        """
        try:
            return await self._show(order)
        except BrowserGone:
            return await self._show(order)

    async def close(self) -> None:
        """Close all pages, then the browser; nothing of it is left when this returns."""
        self._closed = True
        async with self._starting:
            process, self._process = self._process, None
            self._sessions.clear()
            self._states.clear()
            if process is not None:
                await finish(process.close())

    async def _show(self, order: PageOrder) -> Captured:
        process = await self._started(order)
        from playwright.async_api import Error

        try:
            async with self._tab(process, order) as tab:
                captured = await _unless_crashed(tab, visit(tab, order))
                if order.keeps_cookies:
                    captured.cookies = await tab.cookies()
                return captured
        except Error as error:
            if not process.is_alive:
                raise BrowserGone("The browser ended while the page was open.") from error
            raise page_error(error) from error

    async def _started(self, order: PageOrder) -> BrowserProcess:
        async with self._starting:
            if self._closed:
                raise BrowserMissing("The browser was closed before the page was opened.")
            if self._process is not None and not self._process.is_alive:
                process, self._process = self._process, None
                self._sessions.clear()
                await finish(process.close())
            if self._process is None:
                self._process = await self._new_process(order)
            return self._process

    async def _new_process(self, order: PageOrder) -> BrowserProcess:
        process = await BrowserProcess.start(self._options)
        try:
            await order.hooks.call("on_browser_created", process.browser, context=None)
        except BaseException:
            await finish(process.close())
            raise
        return process

    @asynccontextmanager
    async def _tab(self, process: BrowserProcess, order: PageOrder) -> AsyncIterator[Tab]:
        """Give the page to do *order* on, and close it or keep it for its session afterwards."""
        tab = await self._session_tab(order)
        is_new = tab is None
        if tab is None:
            state = self._states.pop(order.session, None) if order.session is not None else None
            tab = await Tab.open(process.browser, order.identity, state)
        try:
            if is_new and order.hooks:
                await order.tell_created(tab.page)
            yield tab
        except BaseException:
            await self._drop(order, tab)
            raise
        if order.session is None or self._closed:
            await tab.close()
        else:
            await self._keep(order.session, tab)

    async def _session_tab(self, order: PageOrder) -> Tab | None:
        """Return the page of the order's session if it can go on with it."""
        if order.config.js_only:
            return self._left_tab(order)
        tab = self._sessions.pop(order.session, None) if order.session is not None else None
        if tab is None or not tab.is_open:
            return None
        if tab.identity == order.identity:
            return tab
        # Another user agent or proxy needs another context, which takes over what the session knows.
        await self._park(order.session or "", tab)
        return None

    def _left_tab(self, order: PageOrder) -> Tab:
        """Return the page as the session's last task left it, which is all that there is to go on with."""
        if order.session is None:
            raise PageFailed("js_only goes on with the page of a session: give the task a session_id.")
        tab = self._sessions.get(order.session)
        if tab is None or not tab.is_open:
            raise PageFailed("js_only: the session has no page to go on with; load one first, without js_only.")
        if tab.identity != order.identity:
            raise PageFailed("js_only: the page of the session has another user agent, other headers or another proxy.")
        return self._sessions.pop(order.session)

    async def _keep(self, session: str, tab: Tab) -> None:
        self._sessions[session] = tab
        while len(self._sessions) > SESSIONS:
            oldest = next(iter(self._sessions))
            await self._park(oldest, self._sessions.pop(oldest))

    async def _drop(self, order: PageOrder, tab: Tab) -> None:
        """Close a page that failed; its session goes on with what cookies it got."""
        if order.session is not None and tab.is_open and not self._closed:
            await finish(self._park(order.session, tab))
        else:
            await tab.close()

    async def _park(self, session: str, tab: Tab) -> None:
        """Close the page of *session*, and remember its cookies and local storage."""
        try:
            async with asyncio.timeout(1):
                self._states[session] = await tab.state()
        except Exception:  # noqa: BLE001 - a page that cannot say it any more
            self._states.setdefault(session, None)
        finally:
            await tab.close()


async def _unless_crashed(tab: Tab, step: Coroutine[Any, Any, Captured]) -> Captured:
    """Await *step*; what waits for something in a page may not notice that the page has crashed."""
    task = asyncio.ensure_future(step)
    try:
        await asyncio.wait({task, tab.crashed}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        await _cancelled(task)
        raise
    if tab.crashed.done():
        await _cancelled(task)
        raise PageFailed("The page crashed in the browser.")
    return task.result()


async def _cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # seen: that it ends is all that matters
