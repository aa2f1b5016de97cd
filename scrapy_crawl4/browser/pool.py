"""The pages of one browser process: opened, cleaned after each task, used again."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .reset import reset
from .tab import Tab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Self

    from playwright.async_api import CDPSession

    from .launch import BrowserProcess
    from .order import PageOrder

MOST_IDLE = 16
"""Pages that are kept for later tasks; of more, those that were used longest ago are closed."""
LONGEST_IDLE = 30.0
"""Seconds that a page is kept that no task asks for while others come and go."""
WORKERS = {"discover": True, "filter": [{"type": "page", "exclude": True}, {"type": "tab", "exclude": True}, {}]}
"""What Chromium is to tell of when it starts: all that runs scripts beside pages."""


class Pool:
    """Gives pages to tasks, one task at a time for each, and takes them back.

    A page that a task gives back is cleaned and kept for tasks that are the same to those who see the page: of the
    same identity, with the same cookies. One that cannot be cleaned is closed with its context.

    :param process: in which they are.
    :param watch: tells of what starts in the browser beside pages.
    """

    def __init__(self, process: BrowserProcess, watch: CDPSession) -> None:
        self.process = process
        self.shown = 0
        """Tasks that were sent here."""
        self._visitors = 0
        self._left = asyncio.Event()
        self._tabs: dict[str, Tab] = {}
        """All that are open, by their context."""
        self._idle: list[Tab] = []
        """Those that are clean, that of the last task last."""
        self._cleaning: dict[asyncio.Task[None], str] = {}
        """What is done with pages that were given back, and the purpose that they may serve then."""
        self._is_retired = False
        """Whether no page is kept any more."""
        self._waiting: Counter[str] = Counter()
        """How many tasks wait for a page that is being cleaned, by purpose."""
        watch.on("Target.targetCreated", self._started)

    @classmethod
    async def of(cls, process: BrowserProcess) -> Self:
        """Return the pool of a *process* that has just started."""
        watch = await process.browser.new_browser_cdp_session()
        pool = cls(process, watch)
        await watch.send("Target.setDiscoverTargets", WORKERS)
        return pool

    @property
    def used(self) -> int:
        """How many pages are with tasks, or are being cleaned after them."""
        return len(self._tabs) - len(self._idle)

    @property
    def idle(self) -> int:
        """How many pages are kept for later tasks."""
        return len(self._idle)

    @contextmanager
    def visited(self) -> Iterator[None]:
        """Count a task as being here while the block runs."""
        self._visitors += 1
        try:
            yield
        finally:
            self._visitors -= 1
            if not self._visitors:
                self._left.set()

    async def left(self) -> None:
        """Wait until no task is here."""
        while self._visitors:
            self._left.clear()
            await self._left.wait()

    def retire(self) -> None:
        """Keep no page any more: no task will come."""
        self._is_retired = True
        for tab in self._idle:
            self.give_back(tab, "")
        self._idle = []

    async def take(self, order: PageOrder, state: Any = None) -> Tab:
        """Return a page for *order*: one that another task gave back, else a new one.

        :param state: cookies and local storage that it is to start with.
        """
        tab = await self._kept(order) if state is None and _is_plain(order) else None
        if tab is None:
            tab = await Tab.open(self.process.browser, order.identity, state)
            self._tabs[tab.context_id] = tab
        tab.begin(order.url)
        return tab

    def give_back(self, tab: Tab, purpose: str) -> None:
        """Take *tab* from a task that ended well, and clean or close it while the task goes on.

        :param purpose: as :func:`purpose_of` names it.
        """
        cleaning = asyncio.ensure_future(self._clean(tab, purpose))
        self._cleaning[cleaning] = purpose
        cleaning.add_done_callback(self._cleaning.pop)

    async def discard(self, tab: Tab) -> None:
        """Close *tab*; returns when it is closed, however often the caller is cancelled meanwhile."""
        try:
            await tab.close()
        finally:
            self._tabs.pop(tab.context_id, None)

    async def trim(self, keep: int = 0) -> None:
        """Close the pages that no task is on, and give back what they take.

        :param keep: how many stay, those that were used last.
        """
        most = max(0, len(self._idle) - keep)
        idle, self._idle[:most] = self._idle[:most], []
        for tab in idle:
            await self.discard(tab)

    async def close(self) -> None:
        """End the browser, and with it all pages."""
        cleaning = list(self._cleaning)
        for task in cleaning:
            task.cancel()
        await self.process.close()
        if cleaning:
            await asyncio.wait(cleaning)

    async def _kept(self, order: PageOrder) -> Tab | None:
        """Return a page that has served the same purpose, when there is one or will soon be."""
        purpose = _purpose(order)
        while True:
            for tab in reversed(self._idle):
                if tab.purpose == purpose and tab.suits(order.url):
                    self._idle.remove(tab)
                    return tab
            coming = [cleaning for cleaning, purposes in self._cleaning.items() if purposes == purpose]
            if len(coming) <= self._waiting[purpose]:
                return None
            # To wait for a page that is about to be ready costs less than to open another one.
            self._waiting[purpose] += 1
            try:
                await asyncio.wait(coming, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._waiting[purpose] -= 1

    async def _clean(self, tab: Tab, purpose: str) -> None:
        if not purpose or self._is_retired or not await reset(tab) or self._is_retired:
            await self.discard(tab)
            return
        tab.purpose = purpose
        tab.idle_since = asyncio.get_running_loop().time()
        self._idle.append(tab)
        # All are taken out before the first of them is closed, so that nobody else is given one, or closes it too.
        too_old = self._too_old()
        self._idle = [kept for kept in self._idle if kept not in too_old]
        for old in too_old:
            await self.discard(old)

    def _too_old(self) -> list[Tab]:
        oldest = asyncio.get_running_loop().time() - LONGEST_IDLE
        too_many = self._idle[: max(0, len(self._idle) - MOST_IDLE)]
        others = self._idle[len(too_many) :]
        return too_many + [tab for tab in others if tab.idle_since < oldest or not tab.is_open]

    def _started(self, event: dict[str, Any]) -> None:
        tab = self._tabs.get(event["targetInfo"].get("browserContextId", ""))
        if tab is not None:
            tab.is_spoiled = True


def _is_plain(order: PageOrder) -> bool:
    """Tell whether a page that did *order* can be cleaned: what it was told and did is known."""
    identity = order.identity
    return not (
        order.session is not None
        or order.html is not None
        or order.leaves_traces
        or order.downloads is not None
        or order.config.simulate_user
        or order.config.magic
        or identity.in_profile
        or identity.storage
        or identity.downloads
    )


def purpose_of(order: PageOrder) -> str:
    """Return what two tasks have in common that can have the same page one after another; ``""`` if none can."""
    return _purpose(order) if _is_plain(order) else ""


def _purpose(order: PageOrder) -> str:
    """Return what two tasks have in common that can have the same page one after another."""
    return json.dumps([repr(order.identity), *order.cookies], default=str, sort_keys=True)
