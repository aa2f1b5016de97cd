"""What a page is told over the DevTools protocol, beside what its context was made with."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .ads import ADS, is_ad
from .client_hints import override_of

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Page

    from .identity import Identity

BLOCKED = "BlockedByClient"


async def prepare(page: Page, identity: Identity, session: CDPSession, target: str) -> None:
    """Give a new page what *identity* has beyond the options of a context; it stays with the page.

    :param session: speaks to it.
    :param target: its name in the DevTools protocol, which is that of its main frame too.
    """
    for script in identity.scripts:
        await page.add_init_script(script)
    if identity.in_profile and identity.headers:
        await page.set_extra_http_headers(dict(identity.headers))
    if identity.user_agent:
        # Playwright's own override has brands and a platform that need not go with the user agent.
        override = override_of(identity.user_agent) | _languages(identity)
        await session.send("Emulation.setUserAgentOverride", override)
    if patterns := _patterns(identity):
        gate = _Gate(session, identity, target)
        session.on("Fetch.requestPaused", gate.paused)
        await session.send("Fetch.enable", {"patterns": patterns})


def _languages(identity: Identity) -> dict[str, str]:
    return {} if identity.locale is None else {"acceptLanguage": identity.locale}


def _patterns(identity: Identity) -> list[dict[str, str]]:
    """Return which requests are stopped on their way; all others are none of our business and cost nothing."""
    patterns = []
    if identity.credentials and identity.origin:
        patterns.append({"urlPattern": f"{identity.origin}/*"})
    if identity.blocks_ads:
        patterns += [{"urlPattern": f"*://{dots}{host}/*"} for host in sorted(ADS) for dots in ("", "*.")]
    if identity.blocks_css:
        patterns.append({"urlPattern": "*", "resourceType": "Stylesheet"})
    return patterns


class _Gate:
    """Lets requests of a page go, with its credentials where they belong, or not."""

    def __init__(self, session: CDPSession, identity: Identity, main_frame: str) -> None:
        self._main_frame = main_frame
        self._session = session
        self._identity = identity
        self._tasks: set[asyncio.Task[None]] = set()

    def paused(self, event: dict[str, Any]) -> None:
        task = asyncio.ensure_future(self._answer(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, event: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"requestId": event["requestId"]}
        with suppress(Exception):  # the page is gone, or has given the request up
            if self._is_unwanted(event):
                await self._session.send("Fetch.failRequest", answer | {"errorReason": BLOCKED})
                return
            if _origin(event["request"]["url"]) == self._identity.origin:
                answer["headers"] = self._with_credentials(event["request"]["headers"])
            try:
                await self._session.send("Fetch.continueRequest", answer)
            except Exception:  # noqa: BLE001 - whatever it is, a request that is neither sent nor refused never ends
                failed = {"requestId": event["requestId"], "errorReason": "Failed"}
                await self._session.send("Fetch.failRequest", failed)

    def _is_unwanted(self, event: dict[str, Any]) -> bool:
        if self._identity.blocks_css and event["resourceType"] == "Stylesheet":
            return True
        is_the_page = event["resourceType"] == "Document" and event["frameId"] == self._main_frame
        return self._identity.blocks_ads and not is_the_page and is_ad(urlsplit(event["request"]["url"]).hostname or "")

    def _with_credentials(self, headers: dict[str, str]) -> list[dict[str, str]]:
        own = {name for name, _ in self._identity.credentials}
        kept = [(name, value) for name, value in headers.items() if name.lower() not in own]
        return [{"name": name, "value": value} for name, value in (*kept, *self._identity.credentials)]


def _origin(url: str) -> str:
    # As the browser writes it, so that nothing is left to be made alike.
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}"
