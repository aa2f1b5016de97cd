"""One page in a context of its own."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urldefrag, urlsplit

from ..finish import end, finish
from .errors import BrowserGone, PageCrashed, is_aborted
from .page_rules import prepare

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping
    from typing import Any, Self

    from playwright.async_api import Browser, BrowserContext, CDPSession, Frame, Page, Request, Response

    from .identity import Identity

T = TypeVar("T")
BLANK = "about:blank"

CRASHED_BEFORE = "The page crashed in the browser before anything was loaded."
LATEST_CRASH = 0.5
"""Seconds after the end of a load in which it may turn out that a crash ended it."""
LONGEST_CLOSE = 5.0
"""Seconds that a page has to close; one that has not, in a browser that hangs, is left to the browser's end."""


class Tab:
    """A page of one identity, whose cookies, storage, cache and workers no other page sees.

    When its task or session ends, it is thrown away with all of these, or made clean for another task.

    :param context: its browser context.
    :param page: its only page; others that it opens are closed at once.
    :param identity: what the context was made for.
    :param session: speaks to the page.
    :param context_id: the browser's own name of the context, or of the page where it shares a context with others.
    """

    def __init__(
        self, context: BrowserContext, page: Page, identity: Identity, session: CDPSession, context_id: str
    ) -> None:
        self.page = page
        self.identity = identity
        self.session = session
        self.context_id = context_id
        self.purpose = ""
        """What the tasks have in common that it was cleaned for."""
        self.idle_since = 0.0
        """When it was cleaned, on the loop's clock."""
        self.uses = 0
        """Tasks that had it."""
        self.is_blank = True
        """Whether nothing of its task is in it so far."""
        self.is_spoiled = False
        """Whether it cannot be cleaned."""
        self.origins: set[str] = set()
        """Where documents of its task came from."""
        self.given: set[tuple[str, str]] = set()
        """Names and values of the cookies that its task has brought along."""
        self.last_request: Request | None = None
        """The last one of the tasks before."""
        self.documents: list[Response] = []
        """Responses that the page's own documents came with, in order, redirects included."""
        self.crashed = asyncio.get_running_loop().create_future()
        """Done when the page has crashed."""
        self.left: asyncio.Future[None] | None = None
        """Done when the page has gone to the empty one, where somebody waits for that."""
        self._context = context
        self._visited: set[str] = set()
        self._popups: set[asyncio.Task[None]] = set()
        page.on("response", self._responded)
        page.on("framenavigated", self._navigated)
        page.on("frameattached", self._framed)
        page.on("crash", self._crashed)
        # The driver is told of the first listener and of the end of the last one: this one saves that for each load.
        page.on("requestfailed", _ignore)
        if identity.in_profile:  # whose context has pages of other tasks too
            page.on("popup", self._opened)
        else:
            context.on("page", self._opened)

    @classmethod
    async def open(cls, browser: Browser, identity: Identity, state: Any = None) -> Self:
        """Open a page.

        :param state: cookies and local storage of an earlier page, in place of those of *identity*.
        """
        if identity.in_profile:
            return await cls._open_in(browser.contexts[0], identity)
        options = identity.context_options()
        if state is not None:
            options["storage_state"] = state
        opening = asyncio.ensure_future(browser.new_context(**options))
        context = None
        try:
            # A context that is made for somebody who does not wait any more would stay.
            context = await asyncio.shield(opening)
            return await cls._of(context, await context.new_page(), identity)
        except BaseException:
            await finish(_close_context(opening))
            raise

    @classmethod
    async def _open_in(cls, profile: BrowserContext, identity: Identity) -> Self:
        """Open a page that shares cookies and storage with others."""
        opening = asyncio.ensure_future(profile.new_page())
        try:
            return await cls._of(profile, await asyncio.shield(opening), identity)
        except BaseException:
            await finish(_close_context(opening))
            raise

    @classmethod
    async def _of(cls, context: BrowserContext, page: Page, identity: Identity) -> Self:
        session = await context.new_cdp_session(page)
        told = (await session.send("Target.getTargetInfo"))["targetInfo"]
        await prepare(page, identity, session, told["targetId"])
        name = told["targetId"] if identity.in_profile else told["browserContextId"]
        return cls(context, page, identity, session, name)

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        return not (self.page.is_closed() or self.crashed.done())

    def begin(self, url: str) -> None:
        """Note that a task has it, to load *url*."""
        self.uses += 1
        self.is_blank = True
        self._visited.add(urldefrag(url).url)

    def suits(self, url: str) -> bool:
        """Whether a task can have it for *url*: a page that was loaded before would come from its cache."""
        return self.is_open and not self.is_spoiled and urldefrag(url).url not in self._visited

    def forget(self) -> None:
        """Forget the task before."""
        self.documents.clear()
        self.origins.clear()
        self.given.clear()

    async def unless_crashed(self, step: Coroutine[Any, Any, T]) -> T:
        """Await *step*, which waits for something in the page; it may not notice itself that the page has crashed.

        :raises PageCrashed: when the page has.
        :raises BrowserGone: when it has before anything of the task's was in it.
        """
        task = asyncio.ensure_future(step)
        try:
            await asyncio.wait({task, self.crashed}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await end(task)
            raise
        if not task.done():
            await end(task)
        has_crashed = self.crashed.done()
        if self.is_blank and not has_crashed and is_aborted(task.exception()):
            # A load that a crash ends may be told before the crash is; others lead to no page.
            await asyncio.wait({self.crashed}, timeout=LATEST_CRASH)
            has_crashed = self.crashed.done()
        if has_crashed:
            raise BrowserGone(CRASHED_BEFORE) if self.is_blank else PageCrashed
        return task.result()

    async def add_cookies(self, cookies: Iterable[Mapping[str, Any]]) -> None:
        """Let the page have *cookies*, which are its task's."""
        cookies = list(cookies)
        self.given |= {(cookie["name"], cookie["value"]) for cookie in cookies}
        await self._context.add_cookies([dict(cookie) for cookie in cookies])  # type: ignore[misc]  # as the user wrote them

    async def cookies(self) -> list[Mapping[str, Any]]:
        """Return the cookies that it has, of all hosts."""
        return [dict(cookie) for cookie in await self._context.cookies()]

    async def state(self) -> Any:
        """Return cookies and local storage, for a context that is to have them too."""
        return await self._context.storage_state()

    async def close(self) -> None:
        """Close it; returns when it is closed, however often the caller is cancelled meanwhile."""
        await finish(_close(self.page if self.identity.in_profile else self._context, self._popups))

    def _crashed(self, page: Page) -> None:
        if not self.crashed.done():
            self.crashed.set_result(None)

    def _responded(self, response: Response) -> None:
        request = response.request
        if request.is_navigation_request() and response.frame == self.page.main_frame:
            self.documents.append(response)
            self._visited.add(urldefrag(response.url).url)

    def _framed(self, frame: Frame) -> None:
        # What a frame asks for at its end, Playwright does not tell.
        self.is_spoiled = True

    def _navigated(self, frame: Frame) -> None:
        origin = origin_of_document(frame.url)
        if origin is None:
            self.is_spoiled = True
        elif origin:
            self.origins.add(origin)
        if frame == self.page.main_frame:
            if frame.url != BLANK:
                self.is_blank = False
            elif self.left is not None and not self.left.done():
                self.left.set_result(None)

    def _opened(self, popup: Page) -> None:
        self.is_spoiled = True
        task = asyncio.ensure_future(_close_popup(popup))
        self._popups.add(task)
        task.add_done_callback(self._popups.discard)


def origin_of_document(url: str) -> str | None:
    """Return the origin of a document, ``""`` if it has none, or None if it has one whose storage has no name."""
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"} and parts.username is None:
        return f"{parts.scheme}://{parts.netloc}"
    return "" if parts.scheme in {"", "about", "data", "chrome-error"} else None


def _ignore(_: Request) -> None:
    pass


async def _close(context: BrowserContext | Page, popups: set[asyncio.Task[None]]) -> None:
    with contextlib.suppress(Exception):  # gone already, or so far gone that only the browser's end helps
        async with asyncio.timeout(LONGEST_CLOSE):
            await context.close()
    if popups:
        await asyncio.wait(popups, timeout=LONGEST_CLOSE)


async def _close_context(opening: asyncio.Future[BrowserContext] | asyncio.Future[Page]) -> None:
    closing = asyncio.ensure_future(_close_opened(opening))
    # What is opened later than that, it closes by itself.
    await asyncio.wait({closing}, timeout=LONGEST_CLOSE)


async def _close_opened(opening: asyncio.Future[BrowserContext] | asyncio.Future[Page]) -> None:
    with contextlib.suppress(Exception):  # it was not made, or is gone
        await (await opening).close()


async def _close_popup(popup: Page) -> None:
    with contextlib.suppress(Exception):  # closed by itself, or with its context
        await popup.close()
