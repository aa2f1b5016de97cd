"""What a task wants of the browser, and what the browser brings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .hooks import NO_HOOKS, Hooks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from playwright.async_api import Page

    from ..config import CrawlerRunConfig
    from .identity import Identity


@dataclass(frozen=True, slots=True)
class PageOrder:
    """One page to be shown.

    url: ``http``, ``https`` or ``file``; for a page that is given, what its links are relative to, or ``""``.
    config: how it is loaded, and what is captured.
    identity: what the page says of itself.
    cookies: as Playwright's ``add_cookies()`` takes them.
    session: name of the page that tasks go on with; None for a page of its own.
    html: a page that is given instead of fetched.
    hooks: what is called meanwhile.
    downloads: folder for what the page downloads; None downloads nothing.
    referer: of the page itself, not of what it loads.
    keeps_cookies: whether the cookies that are there in the end are captured.
    admit: takes how many bytes the page is going to have, and raises if it may not come.
    """

    url: str
    config: CrawlerRunConfig
    identity: Identity
    cookies: Sequence[Mapping[str, Any]] = ()
    session: str | None = None
    html: str | None = None
    hooks: Hooks = NO_HOOKS
    downloads: str | None = None
    referer: str | None = None
    keeps_cookies: bool = False
    admit: Callable[[int], object] = bool

    async def tell(self, name: str, page: Page, **arguments: Any) -> None:
        """Call the hook *name*, if there is one.

        :raises TaskFailed: when it fails.
        """
        if name in self.hooks:
            await self.hooks.call(name, page, context=page.context, config=self.config, **arguments)

    async def tell_created(self, page: Page) -> None:
        """Call the hooks for a new *page*.

        :raises TaskFailed: when one fails.
        """
        await self.tell("on_page_context_created", page)
        if self.identity.user_agent is not None:
            await self.tell("on_user_agent_updated", page, user_agent=self.identity.user_agent)

    @property
    def leaves_traces(self) -> bool:
        """Whether something may stay on its page that no reset takes away.

        It is what hooks leave there, or a download that begins late, which no other task may see.
        """
        return self.hooks.touch_pages or self.downloads is not None


@dataclass(slots=True)
class Captured:
    """One page that was shown.

    url: where it ended.
    status: of the final response; 200 where there was none, as for files.
    headers: of the final response, names as the server wrote them.
    body: the page as it stands, or the file as it was sent if that was no page.
    is_page: whether *body* is what the browser made of a page, in UTF-8.
    redirects: ``{"url", "status_code"}`` of each hop before *url*.
    fields: of the result: screenshot, pdf and the like.
    cookies: that the browser has for the page and others in the end, where they are wanted.
    error: a sentence when something that was asked of the page failed.
    """

    url: str
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    is_page: bool = True
    redirects: list[dict[str, Any]] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    cookies: list[Mapping[str, Any]] = field(default_factory=list)
    error: str = ""
