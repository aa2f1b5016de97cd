"""What is kept of a page beside its HTML."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...ssl_certificate import SSLCertificate
from .listening import Heard, listen
from .picture import screenshot, window_screenshot
from .protocol import archive, notice_certificates, protocol, shown_certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import CDPSession, Page

    from ...config import CrawlerRunConfig
    from ..order import Captured

__all__ = ["Captures", "Heard", "listen"]

PDF_START = b"%PDF-"


class Captures:
    """Makes what a task asks to be made of its page.

    :param page: the page.
    :param config: says what is asked for.
    """

    def __init__(self, page: Page, config: CrawlerRunConfig) -> None:
        self._page = page
        self._config = config
        self._session: CDPSession | None = None

    @asynccontextmanager
    async def prepared(self) -> AsyncIterator[None]:
        """Get ready for a page that is loaded meanwhile."""
        config = self._config
        if not (config.capture_mhtml or config.screenshot or config.fetch_ssl_certificate):
            yield
            return
        async with protocol(self._page) as self._session:
            if config.fetch_ssl_certificate:
                await notice_certificates(self._session)
            yield

    async def fields(self, captured: Captured) -> dict[str, Any]:
        """Return the fields of the result that are made of the page as it stands.

        :param captured: what was read of it.
        :raises playwright.async_api.Error: for what the browser could not do.
        """
        fields: dict[str, Any] = {}
        if self._config.pdf:
            fields |= self.own_print(captured) or {"pdf": await self._page.pdf(print_background=True)}
        if self._session is not None:
            await self._by_protocol(self._session, fields)
        return fields

    def own_print(self, captured: Captured) -> dict[str, Any]:
        """Return the print of what is one: the page that shows a PDF cannot be printed, and need not be."""
        is_pdf = captured.body.startswith(PDF_START) and not captured.is_page
        return {"pdf": captured.body} if self._config.pdf and is_pdf else {}

    async def _by_protocol(self, session: CDPSession, fields: dict[str, Any]) -> None:
        config = self._config
        if config.fetch_ssl_certificate:
            fields["ssl_certificate"] = await self._certificate(session)
        if config.capture_mhtml:
            fields["mhtml"] = await archive(session)
        if config.screenshot:
            await asyncio.sleep(config.screenshot_wait_for or 0)
            if config.force_viewport_screenshot:
                fields["screenshot"] = await window_screenshot(self._page, session)
            else:
                fields["screenshot"] = await screenshot(self._page, session, config.screenshot_height_threshold)

    async def _certificate(self, session: CDPSession) -> SSLCertificate | None:
        parts = urlsplit(self._page.url)
        if parts.scheme != "https":
            return None
        shown = await shown_certificate(session, f"https://{parts.netloc}")
        return None if shown is None else SSLCertificate.from_der(b64decode(shown))
