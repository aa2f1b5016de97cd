"""What is kept of a page beside its HTML."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...ssl_certificate import SSLCertificate
from ..scripts import is_ours, said
from .listening import Heard, listen
from .picture import screenshot, window_screenshot
from .protocol import archive, notice_certificates, protocol, shown_certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

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

    async def write(self, captured: Captured) -> None:
        """Write what is made of the page as it stands on *captured*; what fails is an error there.

        :param captured: what was read of it.
        :raises playwright.async_api.Error: when the page or the browser is gone.
        """
        from playwright.async_api import Error

        captured.fields |= self.own_print(captured)
        for name, make in self._wanted():
            if name in captured.fields:
                continue
            try:
                captured.fields[name] = await make()
            except Error as error:
                if is_ours(error):
                    raise
                captured.error = captured.error or f"{name} failed: {said(error)}."

    def own_print(self, captured: Captured) -> dict[str, Any]:
        """Return the print of what is one: the page that shows a PDF cannot be printed, and need not be."""
        is_pdf = captured.body.startswith(PDF_START) and not captured.is_page
        return {"pdf": captured.body} if self._config.pdf and is_pdf else {}

    def _wanted(self) -> Iterator[tuple[str, Callable[[], Awaitable[Any]]]]:
        """Yield the names of the fields that are asked for, and what makes them."""
        config, session = self._config, self._session
        if config.pdf:
            yield "pdf", partial(self._page.pdf, print_background=True)
        if session is None:
            return
        if config.fetch_ssl_certificate:
            yield "ssl_certificate", partial(self._certificate, session)
        if config.capture_mhtml:
            yield "mhtml", partial(archive, session)
        if config.screenshot:
            yield "screenshot", partial(self._picture, session)

    async def _picture(self, session: CDPSession) -> str:
        config = self._config
        await asyncio.sleep(config.screenshot_wait_for or 0)
        if config.force_viewport_screenshot:
            return await window_screenshot(self._page, session)
        return await screenshot(self._page, session, config.screenshot_height_threshold)

    async def _certificate(self, session: CDPSession) -> SSLCertificate | None:
        parts = urlsplit(self._page.url)
        if parts.scheme != "https":
            return None
        shown = await shown_certificate(session, f"https://{parts.netloc}")
        return None if shown is None else SSLCertificate.from_der(b64decode(shown))
