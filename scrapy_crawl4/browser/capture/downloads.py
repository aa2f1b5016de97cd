"""Files that a page downloads."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from ...finish import finish
from ...kept_files import give_name, partial_file, safe_name
from ..errors import PageFailed, first_line

if TYPE_CHECKING:
    from playwright.async_api import Download, Page, Request, Response

STARTS_WITHIN = 0.5
"""Seconds that a download has to begin when a script has been run or a navigation came to nothing."""
LONGEST_CANCEL = 5.0
"""Seconds that a download has to end when nobody waits for it any more."""


class Downloading:
    """Keeps what a page downloads, from the moment it is made until it is closed.

    :param folder: for the files; made when the first one comes.
    """

    def __init__(self, page: Page, folder: str) -> None:
        self.kept: list[str] = []
        """Paths of the files."""
        self._page = page
        self._folder = folder
        self._begun: list[Download] = []
        self._changed = asyncio.Event()
        self._leaving: set[Request] = set()
        """Navigations of the page that have no answer yet."""
        self._aborted = False
        """Whether a navigation came to nothing, as one does that becomes a download."""
        page.on("download", self._begins)
        page.on("request", self._leaves)
        page.on("response", self._answered)
        page.on("requestfailed", self._failed)

    def close(self) -> None:
        """Listen no more."""
        self._page.remove_listener("download", self._begins)
        self._page.remove_listener("request", self._leaves)
        self._page.remove_listener("response", self._answered)
        self._page.remove_listener("requestfailed", self._failed)

    async def files(self, within: float | None = 0) -> list[str]:
        """Wait for all downloads that have begun, and return the paths of all files.

        :param within: seconds that one has to begin where none has; None waits for it.
        :raises PageFailed: when one fails.
        :raises TaskFailed: when a file cannot be written.
        """
        if within is not None:
            within = STARTS_WITHIN if await self._navigations() else within
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not self._begun:
                    await self._change()
        while self._begun:
            self.kept.append(await _keep(self._begun.pop(0), self._folder))
        return self.kept

    async def _navigations(self) -> bool:
        """Wait for the answer to what the page is on its way to; tell whether that may be a download."""
        on_its_way = bool(self._leaving)
        while self._leaving:
            await self._change()
        return on_its_way or self._aborted

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _begins(self, download: Download) -> None:
        self._begun.append(download)
        self._changed.set()

    def _leaves(self, request: Request) -> None:
        if _is_of_page(request, self._page):
            self._leaving.add(request)

    def _answered(self, response: Response) -> None:
        self._leaving.discard(response.request)
        self._changed.set()

    def _failed(self, request: Request) -> None:
        self._aborted = self._aborted or _is_of_page(request, self._page)
        self._leaving.discard(request)
        self._changed.set()


def _is_of_page(request: Request, page: Page) -> bool:
    return request.is_navigation_request() and request.frame == page.main_frame


async def _keep(download: Download, folder: str) -> str:
    from playwright.async_api import Error

    with partial_file(folder) as partial:
        saving = asyncio.ensure_future(download.save_as(partial))
        try:
            await asyncio.shield(saving)
        except Error as error:
            raise PageFailed(f"The download failed: {first_line(str(error)).rstrip('. ')}.") from error
        finally:
            if not saving.done():
                await finish(_cancelled(download, saving))
        return give_name(partial, safe_name(download.suggested_filename) or "download")


async def _cancelled(download: Download, saving: asyncio.Task[None]) -> None:
    """End *saving*, so that it writes nothing any more."""
    with contextlib.suppress(Exception):  # it may have gone with its page
        async with asyncio.timeout(LONGEST_CANCEL):
            await download.cancel()
            await saving
