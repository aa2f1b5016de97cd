"""What a page says on the browser's console."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import ConsoleMessage, Error, Page

MOST_MESSAGES = 1000
"""Messages of a page; of those that follow, one says that they are not recorded."""
LONGEST_TEXT = 16 * 1024
"""Characters of a message, which ends there."""


class ConsoleLog:
    """Records what a page writes on the console, from the moment it is made until it is closed.

    Messages are dicts with ``type``, ``text``, ``location`` as ``URL:line:column``, counted from 1, or ``""``, and
    ``timestamp``, seconds since the epoch. ``type`` is that of the console: ``log``, ``error``, ``warning``, ... .
    Errors that nothing in the page has caught are of type ``error`` and have a ``stack`` in place of a location.
    """

    def __init__(self, page: Page) -> None:
        self.messages: list[dict[str, Any]] = []
        self._page = page
        self._listens = True
        page.on("console", self._said)
        page.on("pageerror", self._thrown)

    def close(self) -> None:
        """Listen no more."""
        if self._listens:
            self._listens = False
            self._page.remove_listener("console", self._said)
            self._page.remove_listener("pageerror", self._thrown)

    def _said(self, message: ConsoleMessage) -> None:
        self._add(message.type, message.text, location=_place(message))

    def _thrown(self, error: Error) -> None:
        self._add("error", error.message, stack=(error.stack or "")[:LONGEST_TEXT])

    def _add(self, kind: str, text: str, **facts: str) -> None:
        if not self._listens:
            return
        if len(self.messages) >= MOST_MESSAGES:
            kind, facts = "console_capture_error", {}
            text = f"A page wrote more than {MOST_MESSAGES} messages: the others are not recorded."
            self.close()
        self.messages.append({"type": kind, "text": text[:LONGEST_TEXT], **facts, "timestamp": time.time()})


def _place(message: ConsoleMessage) -> str:
    place = message.location
    return f"{place['url']}:{place['lineNumber'] + 1}:{place['columnNumber'] + 1}" if place["url"] else ""
