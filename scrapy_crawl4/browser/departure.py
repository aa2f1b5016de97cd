"""A page on its way to another document."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    from playwright.async_api import Page, Request

LONGEST_START = 1.0
"""Seconds until the request for a document is sent; a link that opens a mail program sends none."""


class Departure:
    """Watches the requests for documents of *page*, as long as it is entered."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._started = asyncio.Event()
        self._ended = asyncio.Event()

    def __enter__(self) -> Self:
        self._page.on("request", self._on_start)
        self._page.on("requestfinished", self._on_end)
        self._page.on("requestfailed", self._on_end)
        self._page.on("framenavigated", self._on_document)
        return self

    def __exit__(self, *_: object) -> None:
        self._page.remove_listener("request", self._on_start)
        self._page.remove_listener("requestfinished", self._on_end)
        self._page.remove_listener("requestfailed", self._on_end)
        self._page.remove_listener("framenavigated", self._on_document)

    async def arrived(self) -> None:
        """Wait until a page that has begun to leave its document has another one, or stays after all."""
        try:
            async with asyncio.timeout(LONGEST_START):
                await self._started.wait()
        except TimeoutError:
            pass
        else:
            await self._ended.wait()
        self._started.clear()
        self._ended.clear()
        await self._page.wait_for_load_state("domcontentloaded", timeout=0)

    def _is_document(self, request: Request) -> bool:
        return request.is_navigation_request() and request.frame == self._page.main_frame

    def _on_start(self, request: Request) -> None:
        if self._is_document(request):
            self._started.set()
            self._ended.clear()

    def _on_end(self, request: Request) -> None:
        # Of a file to download, or of an answer without a page: there will be no other document.
        if self._is_document(request):
            self._ended.set()

    def _on_document(self, frame: object) -> None:
        if self._started.is_set() and frame == self._page.main_frame:
            self._ended.set()
