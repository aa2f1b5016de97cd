"""Chromium's own protocol, for what Playwright has no words for."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import CDPSession, Page


@contextlib.asynccontextmanager
async def protocol(page: Page) -> AsyncIterator[CDPSession]:
    """Give a session of the Chrome DevTools Protocol on *page*."""
    session = await page.context.new_cdp_session(page)
    try:
        yield session
    finally:
        with contextlib.suppress(Exception):  # it goes with the page anyway
            await session.detach()


async def archive(session: CDPSession) -> str:
    """Return the page with all that it shows, as MHTML (RFC 2557)."""
    return str((await session.send("Page.captureSnapshot", {"format": "mhtml"}))["data"])


async def notice_certificates(session: CDPSession) -> None:
    """Have the browser remember the certificates of what is loaded from now on."""
    await session.send("Network.enable", {"maxTotalBufferSize": 1, "maxResourceBufferSize": 1})


async def shown_certificate(session: CDPSession, origin: str) -> str | None:
    """Return the certificate that was noticed of the server at *origin*, DER in base64; None for one without TLS."""
    chain: list[Any] = (await session.send("Network.getCertificate", {"origin": origin}))["tableNames"]
    return str(chain[0]) if chain else None
