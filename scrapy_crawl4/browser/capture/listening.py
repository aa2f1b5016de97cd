"""What is heard of a page while it is visited; nothing is listened to that was not asked for."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...exceptions import TaskFailed
from .console import ConsoleLog
from .downloads import STARTS_WITHIN, Downloading
from .network import NetworkLog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Page

    from ..order import Captured, PageOrder


@dataclass(frozen=True, slots=True)
class Heard:
    """What a visit listens to, None for what it does not.

    scripted: whether a script of the user's may have begun a download just now.
    """

    network: NetworkLog | None = None
    console: ConsoleLog | None = None
    downloads: Downloading | None = None
    scripted: bool = False

    async def write(self, captured: Captured) -> None:
        """Write what was heard up to now on *captured*; a download that failed is an error there."""
        if self.downloads is not None:
            try:
                await self.downloads.files(STARTS_WITHIN if self.scripted else 0)
            except TaskFailed as error:
                captured.error = captured.error or str(error)
            if self.downloads.kept:
                captured.fields["downloaded_files"] = self.downloads.kept
        if self.network is not None:
            captured.fields["network_requests"] = await self.network.complete()
        if self.console is not None:
            captured.fields["console_messages"] = self.console.messages


@contextmanager
def listen(page: Page, order: PageOrder) -> Iterator[Heard]:
    """Listen to what *order* asks for, before the page is loaded, until the end of the visit."""
    config = order.config
    heard = Heard(
        NetworkLog(page) if config.capture_network_requests else None,
        ConsoleLog(page) if config.capture_console_messages else None,
        Downloading(page, order.downloads) if order.downloads else None,
        scripted=bool(config.js_code),
    )
    try:
        yield heard
    finally:
        for listener in (heard.network, heard.console, heard.downloads):
            if listener is not None:
                listener.close()
