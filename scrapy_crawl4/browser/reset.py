"""Takes from a page what its task left behind, or finds that this cannot be done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .tab import BLANK, origin_of_document
from .weight import is_heavy

if TYPE_CHECKING:
    from typing import Any

    from playwright.async_api import CDPSession, Request

    from .tab import Tab

LONGEST_RESET = 10.0
"""Seconds that it may take; a page that needs longer is thrown away."""
PAUSES = (0.0, 0.01, 0.05, 0.2, 0.5, 1.0, 2.0)
"""Seconds to wait before the browser is asked again."""
MOST_USES = 50
"""Tasks after which a page is thrown away with what the browser has gathered for it, such as its cache."""
LEAVE = f"location.replace('{BLANK}')"
"""Navigates as the page itself can: handlers of its end have run when the empty page is there. Where the browser
navigates, the empty page may be in another process, and they run when they like."""
REQUESTS_KEPT = 100
"""How many requests of a page Playwright remembers."""
KEPT = frozenset(("document", "font", "image", "media", "script", "stylesheet", "texttrack"))
"""Types of requests whose answers may stay in the cache, where no cookie made them; documents are not asked for again
with the same page."""
ENDS_WITH_PAGE = frozenset(
    ("document", "eventsource", "font", "image", "manifest", "media", "script", "stylesheet", "texttrack", "xhr")
)
"""Types of requests that are given up when their page goes; an answer to others can set cookies afterwards."""


async def reset(tab: Tab) -> bool:
    """Make *tab* what a new page of its identity is, except for its HTTP cache; tell whether that was possible.

    Of the cache only that stays which any new page would have got: style sheets, scripts and pictures that were asked
    for without a cookie of the page's own.

    Its scripts end first, then what they left is cleared. Whatever could act later, such as a service worker or a
    request that outlives its page, makes it impossible, as do frames and documents of several origins.
    """
    try:
        async with asyncio.timeout(LONGEST_RESET):
            return await tab.unless_crashed(_reset(tab))
    except Exception:  # noqa: BLE001 - whatever it was, the page is thrown away
        return False


async def _reset(tab: Tab) -> bool:
    origin = origin_of_document(tab.page.url)
    # The storage of a tab's session can only be cleared where a document of its origin is.
    if tab.is_spoiled or tab.uses >= MOST_USES or origin is None or tab.origins - {origin}:
        return False
    session = tab.session
    scripts = ("Emulation.setScriptExecutionDisabled",) if tab.identity.java_script else ()
    # No timer runs any more, and nothing that waits for an answer; handlers of the page's end do.
    steps = [session.send(method, {"value": True}) for method in scripts]
    left = tab.left = asyncio.get_running_loop().create_future()
    cookies, *_ = await asyncio.gather(
        tab.cookies(), session.send("Runtime.evaluate", {"expression": LEAVE}), left, *steps
    )
    requests = await _new_requests(tab)
    if requests is None or any(map(_outlives_page, requests)):
        return False
    is_own = {(cookie["name"], cookie["value"]) for cookie in cookies} <= tab.given
    if not (is_own and KEPT.issuperset(request.resource_type for request in requests)):
        await session.send("Network.clearBrowserCache")
    # The empty page is of the old one's origin, so that what handlers of its end left can still be cleared.
    steps = [session.send(method, arguments) for method, arguments in _storage(origin)]
    steps += [session.send(method, {"value": False}) for method in scripts]
    heavy, *_ = await asyncio.gather(
        is_heavy(session),
        session.send("Network.clearBrowserCookies"),
        _forget_history(session),
        session.send("Runtime.evaluate", {"expression": "window.name = ''"}),
        *steps,
    )
    tab.forget()
    return not (heavy or tab.is_spoiled)


def _storage(origin: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the calls that clear the storage of *origin*, ``""`` for a page that has none."""
    if not origin:
        return []
    return [
        ("DOMStorage.clear", {"storageId": {"securityOrigin": origin, "isLocalStorage": False}}),
        ("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"}),
    ]


async def _forget_history(session: CDPSession) -> None:
    """Leave the page nothing to go back to; the browser learns of the empty page a little later than Playwright."""
    from playwright.async_api import Error

    for pause in PAUSES:
        try:
            await session.send("Page.resetNavigationHistory")
        except Error as error:
            if "active page" not in str(error):
                raise
            await asyncio.sleep(pause)
        else:
            return
    raise TimeoutError


async def _new_requests(tab: Tab) -> list[Request] | None:
    """Return what the page has asked for since the last task, or None if some of it is not known any more."""
    requests = await tab.page.requests()
    new = _after(requests, tab.last_request)
    if new:
        tab.last_request = requests[-1]
    return new


def _outlives_page(request: Request) -> bool:
    """Tell whether an answer may come that does not go with the page."""
    return request.resource_type not in ENDS_WITH_PAGE and request.existing_response is None


def _after(requests: list[Request], last: Request | None) -> list[Request] | None:
    """Return those of *requests* that came after *last*, or None if some are not known any more."""
    if last is None:
        return requests if len(requests) < REQUESTS_KEPT else None
    if last not in requests:
        return None
    return requests[requests.index(last) + 1 :]
