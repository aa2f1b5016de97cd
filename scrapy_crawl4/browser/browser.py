"""The browser of an engine: started on first use, one page for each task, ended with the engine."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from ..finish import end, finish
from .errors import BrowserGone, BrowserMissing, PageCrashed, is_closed, page_error
from .launch import BrowserProcess
from .pool import Pool, purpose_of
from .second_try import SecondTries
from .sessions import Sessions
from .starts import SharedStart
from .visit import visit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from typing import Any

    from .launch import LaunchOptions
    from .order import Captured, PageOrder
    from .tab import Tab

T = TypeVar("T")

LONGEST_START = 60.0
"""Seconds that the browser and its driver have to start."""
MOST_RETIRED = 2
"""Browsers that are replaced and wait for the last of their pages, at the most: slow pages keep no more of them."""


class Browser:
    """Shows pages. All methods run on one event loop.

    :param options: how its process is started.
    """

    def __init__(self, options: LaunchOptions) -> None:
        self.options = options
        """How its process is started."""
        self._options = options
        self._pool: Pool | None = None
        self._starting = asyncio.Lock()
        self._start: SharedStart[Pool] = SharedStart()
        self._second_tries = SecondTries()
        self._sessions = Sessions()
        self._retired: set[Pool] = set()
        """Those of processes that are replaced, which end when the last of their pages has gone."""
        self._ending: set[asyncio.Task[None]] = set()
        """Ends of such processes, and of pages that are given back."""
        self._closed = False

    @property
    def version(self) -> str:
        """The browser's name, version and program; ``""`` while it does not run."""
        if self._pool is None:
            return ""
        process = self._pool.process
        return f"Chromium {process.browser.version} ({process.executable.path})"

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
            async with self._second_tries.turn():
                return await self._show(order)

    async def state(self, session: str | None) -> Any:
        """Return cookies and local storage of *session*, or of the profile that all pages share.

        :raises LookupError: when there is none.
        """
        if session is not None and self._options.profile is None:
            return await self._sessions.told(session)
        if self._options.profile is None or self._pool is None:
            raise LookupError
        return await self._pool.process.browser.contexts[0].storage_state()

    async def end_session(self, session: str) -> None:
        """Close the page of *session*, which no task is on, and forget its cookies and storage."""
        await self._sessions.end(session)

    def trim(self, keep: int = 0) -> None:
        """Begin to close the pages that no task is on, but for *keep* of them; returns at once."""
        pool = self._pool
        if pool is not None and pool.idle > keep:
            self._end_later(pool.trim(keep))

    async def close(self) -> None:
        """Close all pages, then the browser; nothing of it is left when this returns."""
        self._closed = True
        async with self._starting:
            await finish(self._close(await self._start.abandon()))

    async def _close(self, started: Pool | None) -> None:
        pools = {pool for pool in (self._pool, started) if pool is not None} | self._retired
        self._pool, self._retired = None, set()
        self._sessions.forget()
        await asyncio.gather(*(pool.close() for pool in pools))
        await end(*self._ending)  # which wait for what has just been ended

    async def _show(self, order: PageOrder) -> Captured:
        current = await self._started(order)
        order = current.process.suited(order)
        from playwright.async_api import Error

        pool = current
        try:
            async with self._tab(current, order) as (pool, tab):
                captured = await tab.unless_crashed(visit(tab, order))
                if order.keeps_cookies:
                    captured.cookies = await tab.cookies()
                return captured
        except PageCrashed as error:
            # When the browser goes, its pages may be seen to crash first.
            if await pool.process.has_ended():
                raise BrowserGone("The browser ended while the page was open.") from error
            raise
        except Exception as error:
            # What is under way when the driver ends fails with a plain exception, which is none of Playwright's errors.
            if not isinstance(error, Error) and not (type(error) is Exception and is_closed(error)):
                raise
            if not pool.process.is_alive or (is_closed(error) and await pool.process.has_ended()):
                raise BrowserGone("The browser ended while the page was open.") from error
            raise page_error(error) from error

    async def _started(self, order: PageOrder) -> Pool:
        async with self._starting:
            if self._closed:
                raise BrowserMissing("The browser was closed before the page was opened.")
            if self._pool is not None and not self._pool.process.is_alive:
                pool, self._pool = self._pool, None
                self._sessions.lose(pool)
                await finish(pool.close())
            if self._pool is not None and self._has_shown_enough(self._pool) and len(self._retired) < MOST_RETIRED:
                self._retire(self._pool)
            if self._pool is None:
                self._pool = await self._start.result(lambda: self._new_pool(order))
            self._pool.shown += 1
            return self._pool

    def _has_shown_enough(self, pool: Pool) -> bool:
        return 0 < self._options.most_pages <= pool.shown

    async def _new_pool(self, order: PageOrder) -> Pool:
        process = await _in_time(BrowserProcess.start(self._options))
        try:
            pool = await _in_time(Pool.of(process))
            await order.hooks.call("on_browser_created", process.browser, context=None)
        except BaseException:
            await finish(process.close())
            raise
        return pool

    def _retire(self, pool: Pool) -> None:
        """Let no more tasks into *pool*, and end its browser when those that are there have ended."""
        self._pool = None
        self._retired.add(pool)
        self._end_later(self._end(pool))

    async def _end(self, pool: Pool) -> None:
        pool.retire()
        await self._sessions.leave(pool)
        await pool.left()
        if pool in self._retired:
            await pool.close()
            self._retired.discard(pool)

    def _end_later(self, step: Coroutine[Any, Any, None]) -> None:
        """Begin with *step*; the end of all waits for it."""
        ending = asyncio.ensure_future(step)
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    @asynccontextmanager
    async def _tab(self, current: Pool, order: PageOrder) -> AsyncIterator[tuple[Pool, Tab]]:
        """Give the page to do *order* on, and what it is of; keep or close it afterwards."""
        with current.visited():
            pool, tab = await self._sessions.take(order) or (current, None)
            is_new = tab is None
            if tab is None:
                tab = await pool.take(order, self._sessions.state_of(order))
                self._sessions.opened(order)
            with pool.visited():
                try:
                    if is_new and order.hooks:
                        await order.tell_created(tab.page)
                    yield pool, tab
                except BaseException:
                    await self._drop(order, pool, tab)
                    raise
                await self._return(order, pool, tab)

    async def _return(self, order: PageOrder, pool: Pool, tab: Tab) -> None:
        if order.session is None or self._closed:
            pool.give_back(tab, purpose_of(order))
        elif pool is self._pool:
            await self._sessions.keep(order.session, pool, tab)
        else:
            await self._sessions.park(order.session, pool, tab)

    async def _drop(self, order: PageOrder, pool: Pool, tab: Tab) -> None:
        """Close a page that failed; its session goes on with what cookies it got."""
        if order.session is not None and pool.process.is_alive and not self._closed:
            await self._sessions.park(order.session, pool, tab)
        else:
            await pool.discard(tab)


async def _in_time(step: Coroutine[Any, Any, T]) -> T:
    """Await *step* of a start: what hangs must not keep all tasks from the next one."""
    try:
        async with asyncio.timeout(LONGEST_START):
            return await step
    except TimeoutError as error:
        raise BrowserMissing("The browser did not start in time. Run 'scrapy crawl4-doctor'.") from error
