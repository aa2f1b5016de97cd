"""Shadow roots that a page has closed to scripts, though not to the browser."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from playwright.async_api import CDPSession, Page

LEAVE = "function (mark) { this.host[Symbol.for(mark)] = this }"


async def mark_closed_roots(page: Page, mark: str) -> None:
    """Leave each closed shadow root of the page and its frames on its host, as the property ``Symbol.for(mark)``.

    Frames that the browser runs in another process are left out.
    """
    session = await page.context.new_cdp_session(page)
    try:
        tree = await session.send("DOM.getDocument", {"depth": -1, "pierce": True})
        await asyncio.gather(*(_leave(session, node, mark) for node in _closed(tree["root"])))
    finally:
        with contextlib.suppress(Exception):  # the page is gone
            await session.detach()


def _closed(document: Mapping[str, Any]) -> Iterator[int]:
    """Yield what the browser knows the closed shadow roots below *document* by."""
    todo = [document]
    while todo:
        node = todo.pop()
        if node.get("shadowRootType") == "closed":
            yield node["backendNodeId"]
        todo += [*node.get("children", ()), *node.get("shadowRoots", ())]
        if "contentDocument" in node:
            todo.append(node["contentDocument"])


async def _leave(session: CDPSession, node: int, mark: str) -> None:
    from playwright.async_api import Error

    with contextlib.suppress(Error):  # it went away meanwhile
        root = (await session.send("DOM.resolveNode", {"backendNodeId": node}))["object"]["objectId"]
        call = {"objectId": root, "functionDeclaration": LEAVE, "arguments": [{"value": mark}]}
        await session.send("Runtime.callFunctionOn", call)
