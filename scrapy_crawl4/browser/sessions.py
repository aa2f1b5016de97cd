"""Pages that tasks go on with, one after another."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from ..finish import finish
from .errors import PageFailed

if TYPE_CHECKING:
    from typing import Any

    from .order import PageOrder
    from .pool import Pool
    from .tab import Tab

logger = logging.getLogger(__name__)
MOST_KEPT = 16
"""Pages that are kept between tasks; of others, cookies and local storage are."""
LONGEST_ANSWER = 3.0
"""Seconds that a page has to tell its local storage, which one whose scripts never end cannot."""


class Sessions:
    """The pages of sessions that no task is on, and what sessions without a page are to have again."""

    def __init__(self) -> None:
        self._tabs: dict[str, tuple[Pool, Tab]] = {}
        """That of the last task last."""
        self._states: dict[str, object] = {}
        self._parked: dict[str, asyncio.Task[None]] = {}
        """Sessions whose pages are being closed."""

    async def take(self, order: PageOrder) -> tuple[Pool, Tab] | None:
        """Return the page of the order's session, with where it is from, if it can go on with it.

        :raises PageFailed: when it has to and cannot.
        """
        await self._settled(order.session or "")
        if order.config.js_only:
            return self._left(order)
        found = self._tabs.pop(order.session, None) if order.session is not None else None
        if found is None or (found[1].is_open and found[1].identity == order.identity):
            return found
        # A page that closed itself or crashed, another user agent or proxy: another context takes over what is known.
        await self.park(order.session or "", *found)
        return None

    def state_of(self, order: PageOrder) -> object:
        """Return what a new page for *order* is to start with; None is nothing."""
        return self._states.get(order.session) if order.session is not None else None

    def opened(self, order: PageOrder) -> None:
        """Note that there is a page that has started with it, and knows more from now on."""
        if order.session is not None:
            self._states.pop(order.session, None)

    async def told(self, session: str) -> Any:
        """Return cookies and local storage of *session*, which no task is on.

        :raises LookupError: when it is not known.
        """
        await self._settled(session)
        if (found := self._tabs.get(session)) and found[1].is_open:
            return await found[1].state()
        if found:
            await self.park(session, *self._tabs.pop(session))
        return self._states[session] or {"cookies": [], "origins": []}

    async def end(self, session: str) -> None:
        """Close the page of *session*, which no task is on, and forget what is known of it."""
        await self._settled(session)
        self._states.pop(session, None)
        if found := self._tabs.pop(session, None):
            pool, tab = found
            await pool.discard(tab)

    async def keep(self, session: str, pool: Pool, tab: Tab) -> None:
        """Keep the page for the next task of *session*."""
        self._tabs[session] = pool, tab
        while len(self._tabs) > MOST_KEPT:
            oldest = next(iter(self._tabs))
            await self.park(oldest, *self._tabs.pop(oldest))

    async def park(self, session: str, pool: Pool, tab: Tab) -> None:
        """Close the page of *session*, and remember its cookies and local storage."""
        await finish(_ended(self._begin_to_park(session, pool, tab)))

    async def leave(self, pool: Pool) -> None:
        """Close the pages that are of *pool*, and remember their cookies and local storage."""
        own = {session: tab for session, (owner, tab) in self._tabs.items() if owner is pool}
        self.forget(pool)
        # All at once: a task that comes meanwhile waits for what its session is to have again.
        parked = [self._begin_to_park(session, pool, tab) for session, tab in own.items()]
        await finish(_ended(*parked))

    def forget(self, pool: Pool | None = None) -> None:
        """Forget the pages that are of *pool*, whose browser is gone; without it, all that is known."""
        self._tabs = {name: (owner, tab) for name, (owner, tab) in self._tabs.items() if pool not in (None, owner)}
        if pool is None:
            self._states.clear()

    def lose(self, pool: Pool) -> None:
        """Forget the pages that are of *pool*, whose browser has ended by itself, and say so."""
        lost = [name for name, (owner, tab) in self._tabs.items() if owner is pool and not tab.identity.in_profile]
        if lost:
            which = f"session {lost[0]!r}" if len(lost) == 1 else f"{len(lost)} sessions"
            logger.warning("The browser ended, and with it the cookies and storage of %s.", which)
        self.forget(pool)

    def _left(self, order: PageOrder) -> tuple[Pool, Tab]:
        """Return the page as the session's last task left it, which is all that there is to go on with."""
        if order.session is None:
            raise PageFailed("js_only goes on with the page of a session: give the task a session_id.")
        found = self._tabs.get(order.session)
        if found is None or not found[1].is_open:
            raise PageFailed("js_only: the session has no page to go on with; load one first, without js_only.")
        if found[1].identity != order.identity:
            raise PageFailed("js_only: the page of the session has another user agent, other headers or another proxy.")
        return self._tabs.pop(order.session)

    async def _settled(self, session: str) -> None:
        """Wait until what is known of *session* is complete."""
        if parked := self._parked.get(session):
            await asyncio.wait({parked})

    def _begin_to_park(self, session: str, pool: Pool, tab: Tab) -> asyncio.Task[None]:
        parked = self._parked[session] = asyncio.ensure_future(self._park(session, pool, tab))
        parked.add_done_callback(lambda _: self._parked.pop(session, None))
        return parked

    async def _park(self, session: str, pool: Pool, tab: Tab) -> None:
        if tab.identity.in_profile:  # which has it all
            await pool.discard(tab)
            return
        try:
            # The browser knows the cookies whatever the page does.
            async with asyncio.timeout(LONGEST_ANSWER):
                self._states[session] = {"cookies": await tab.cookies(), "origins": []}
            async with asyncio.timeout(LONGEST_ANSWER):
                self._states[session] = await tab.state()
        except Exception:  # noqa: BLE001 - a page that cannot say it any more
            self._states.setdefault(session, None)
        finally:
            await pool.discard(tab)


async def _ended(*tasks: asyncio.Task[None]) -> None:
    if tasks:
        await asyncio.wait(tasks)
