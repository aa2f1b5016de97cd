"""What is kept of a page beside its HTML."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...ssl_certificate import SSLCertificate
from .listening import Heard, listen
from .picture import screenshot, window_screenshot
from .protocol import archive, protocol, shown_certificate

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Page

    from ...config import CrawlerRunConfig

__all__ = ["Heard", "captures", "listen"]


async def captures(page: Page, config: CrawlerRunConfig) -> dict[str, Any]:
    """Return the fields of the result that *config* asks to be made of the page as it stands.

    :raises playwright.async_api.Error: for what the browser could not do.
    """
    fields: dict[str, Any] = {}
    if config.pdf:
        fields["pdf"] = await page.pdf(print_background=True)
    if config.capture_mhtml or config.screenshot or config.fetch_ssl_certificate:
        async with protocol(page) as session:
            await _by_protocol(page, session, config, fields)
    return fields


async def _by_protocol(page: Page, session: CDPSession, config: CrawlerRunConfig, fields: dict[str, Any]) -> None:
    if config.fetch_ssl_certificate:
        fields["ssl_certificate"] = await _certificate(session, page.url)
    if config.capture_mhtml:
        fields["mhtml"] = await archive(session)
    if config.screenshot:
        await asyncio.sleep(config.screenshot_wait_for or 0)
        if config.force_viewport_screenshot:
            fields["screenshot"] = await window_screenshot(page, session)
        else:
            fields["screenshot"] = await screenshot(page, session, config.screenshot_height_threshold)


async def _certificate(session: CDPSession, url: str) -> SSLCertificate | None:
    parts = urlsplit(url)
    shown = await shown_certificate(session, f"{parts.scheme}://{parts.netloc}") if parts.scheme == "https" else None
    return None if shown is None else SSLCertificate.from_der(b64decode(shown))
