"""Takes from a page what its task left behind, or finds that this cannot be done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .tab import origin_of_document

if TYPE_CHECKING:
    from typing import Any

    from playwright.async_api import Request

    from .tab import Tab

LONGEST_RESET = 3.0
"""Seconds that it may take; a page that needs longer is thrown away."""
MOST_USES = 50
"""Tasks after which a page is thrown away with what the browser has gathered for it, such as its cache."""
BLANK = "about:blank"
REQUESTS_KEPT = 100
"""How many requests of a page Playwright remembers."""
ENDS_WITH_PAGE = frozenset(
    ("document", "eventsource", "font", "image", "manifest", "media", "script", "stylesheet", "texttrack", "xhr")
)
"""Types of requests that are given up when their page goes; an answer to others can set cookies afterwards."""


async def reset(tab: Tab) -> bool:
    """Make *tab* what a new page of its identity is, except for its HTTP cache; tell whether that was possible.

    No handler, timer or worker of the old page runs after its scripts were switched off, which comes first; whatever
    could act later without them, such as a service worker or a request that outlives its page, makes it impossible.
    """
    try:
        async with asyncio.timeout(LONGEST_RESET):
            return await _reset(tab)
    except Exception:  # noqa: BLE001 - whatever it was, the page is thrown away
        return False


async def _reset(tab: Tab) -> bool:
    live = {origin for frame in tab.page.frames if (origin := origin_of_document(frame.url))}
    if tab.is_spoiled or tab.uses >= MOST_USES or tab.origins - live:
        return False
    session, scripts = tab.session, tab.identity.java_script
    # The storage of a tab's session can only be cleared where a document of its origin is; what is sent to the page
    # is done in this order.
    steps = [session.send("DOMStorage.clear", {"storageId": _session_storage(origin)}) for origin in live]
    if scripts:
        steps.insert(0, session.send("Emulation.setScriptExecutionDisabled", {"value": True}))
    await asyncio.gather(*steps)
    await tab.page.goto(BLANK)
    steps = [session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"}) for origin in live]
    if scripts:
        steps.append(session.send("Emulation.setScriptExecutionDisabled", {"value": False}))
    *_, lasting = await asyncio.gather(
        session.send("Network.clearBrowserCookies"),
        session.send("Page.resetNavigationHistory"),
        tab.page.evaluate("window.name = ''"),
        *steps,
        _has_lasting_requests(tab),
    )
    tab.forget()
    return not tab.is_spoiled and not lasting


def _session_storage(origin: str) -> dict[str, Any]:
    return {"securityOrigin": origin, "isLocalStorage": False}


async def _has_lasting_requests(tab: Tab) -> bool:
    """Tell whether an answer may come that the page asked for and that does not go with it."""
    requests = await tab.page.requests()
    new = _after(requests, tab.last_request)
    if new is None:
        return True
    if requests:
        tab.last_request = requests[-1]
    return any(request.resource_type not in ENDS_WITH_PAGE and request.existing_response is None for request in new)


def _after(requests: list[Request], last: Request | None) -> list[Request] | None:
    """Return those of *requests* that came after *last*, or None if some are not known any more."""
    if last is None:
        return requests if len(requests) < REQUESTS_KEPT else None
    if last not in requests:
        return None
    return requests[requests.index(last) + 1 :]
