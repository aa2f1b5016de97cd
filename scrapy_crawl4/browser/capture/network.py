"""What a page asks of the network, and what it is answered."""

from __future__ import annotations

import asyncio
import time
from email.message import Message
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from playwright.async_api import Page, Request, Response

MOST_EVENTS = 5000
"""Events of a page; of those that follow, one says that they are not recorded."""
LONGEST_TEXT = 2**20
"""Bytes of a body that is recorded; of longer ones, there is none."""
MOST_TEXT = 2**25
"""Characters of all bodies of a page; of those that follow, there is none."""
LONGEST_WAIT = 2.0
"""Seconds that bodies which have arrived in the browser have to come from there in the end."""
INTERNAL = ("chrome:", "chrome-extension:", "devtools:")
"""Schemes of what the browser's own pages are made of, such as the one that shows a PDF."""
TEXTUAL = ("text/", "json", "javascript", "ecmascript", "xml", "x-www-form-urlencoded")
"""Parts of the media types whose bodies are text."""
REDIRECTS = range(300, 400)


class NetworkLog:
    """Records the requests of a page, from the moment it is made until it is closed.

    Events are dicts with ``event_type``, ``url`` and ``timestamp``, seconds since the epoch:

    - ``request``: ``method``, ``headers``, ``post_data``, ``resource_type``, ``is_navigation_request``;
    - ``response``: ``status``, ``status_text``, ``headers``, ``from_service_worker``, ``request_timing`` in
      milliseconds, and ``body``, ``{"text": ...}`` with None for what is no text, too long or gone;
    - ``request_failed``: ``method``, ``resource_type``, ``failure_text``;
    - ``request_capture_error``: ``error``, when there are more events than are recorded.

    Header names are in lower case; the headers of what was answered are those that were sent, with cookies.
    """

    def __init__(self, page: Page) -> None:
        self.events: list[dict[str, Any]] = []
        self._page = page
        self._requests: dict[Request, dict[str, Any]] = {}
        self._responses: dict[Request, tuple[Response, dict[str, Any]]] = {}
        self._left = MOST_TEXT
        self._tasks: set[asyncio.Task[None]] = set()
        self._handlers: dict[Any, Callable[..., None]] = {
            "request": self._sent,
            "response": self._answered,
            "requestfinished": self._finished,
            "requestfailed": self._failed,
        }
        for name, handler in self._handlers.items():
            page.on(name, handler)

    async def complete(self) -> list[dict[str, Any]]:
        """Return the events up to now, with the bodies of what has arrived."""
        self._stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LONGEST_WAIT)
        return self.events

    def close(self) -> None:
        """Listen no more; what is still asked for ends with the page."""
        self._stop()

    def _stop(self, *kept: str) -> None:
        for name in self._handlers.keys() - {*kept}:
            self._page.remove_listener(name, self._handlers.pop(name))

    def _sent(self, request: Request) -> None:
        post_data = request.post_data_buffer or b""
        self._requests[request] = self._add(
            "request",
            request,
            method=request.method,
            headers=request.headers,
            post_data=self._text(post_data, "utf-8") if post_data else None,
            resource_type=request.resource_type,
            is_navigation_request=request.is_navigation_request(),
        )

    def _answered(self, response: Response) -> None:
        request = response.request
        event = self._add(
            "response",
            request,
            status=response.status,
            status_text=response.status_text,
            headers=response.headers,
            from_service_worker=response.from_service_worker,
            request_timing=dict(request.timing),
            body={"text": None},
        )
        self._responses[request] = response, event
        self._later(_complete_headers(response, self._requests.get(request, {}), event))

    def _finished(self, request: Request) -> None:
        if request not in self._responses:
            return
        response, event = self._responses.pop(request)
        event["request_timing"] = dict(request.timing)
        media_type = response.headers.get("content-type", "")
        if response.status not in REDIRECTS and any(part in media_type for part in TEXTUAL):
            self._later(self._read_body(response, event))

    def _failed(self, request: Request) -> None:
        self._add(
            "request_failed",
            request,
            method=request.method,
            resource_type=request.resource_type,
            failure_text=request.failure or "unknown failure",
        )

    def _add(self, kind: str, request: Request, **facts: Any) -> dict[str, Any]:
        event = {"event_type": kind, "url": request.url, **facts, "timestamp": time.time()}
        if request.url.startswith(INTERNAL) or "request" not in self._handlers:
            return event
        if len(self.events) >= MOST_EVENTS:
            told = f"A page has more than {MOST_EVENTS} events: the others are not recorded."
            self.events.append({**event, "event_type": "request_capture_error", "error": told})
            self._stop("requestfinished")
            return event
        self.events.append(event)
        return event

    async def _read_body(self, response: Response, event: dict[str, Any]) -> None:
        sizes = await response.request.sizes()
        if sizes["responseBodySize"] > LONGEST_TEXT:
            return
        message = Message()
        message["Content-Type"] = response.headers["content-type"]
        event["body"]["text"] = self._text(await response.body(), message.get_content_charset("utf-8"))

    def _text(self, body: bytes, charset: str) -> str | None:
        if len(body) > min(LONGEST_TEXT, self._left):
            return None
        self._left -= len(body)
        try:
            return body.decode(charset, "replace")
        except LookupError:  # a charset that is none
            return body.decode("utf-8", "replace")

    def _later(self, step: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(_unless_gone(step))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _complete_headers(response: Response, sent: dict[str, Any], event: dict[str, Any]) -> None:
    """Write all headers as they went over the network; what Playwright says at once lacks cookies."""
    sent["headers"] = await response.request.all_headers()
    event["headers"] = await response.all_headers()


async def _unless_gone(step: Coroutine[Any, Any, None]) -> None:
    from playwright.async_api import Error

    try:
        await step
    except Error:  # the page has gone on, and the browser forgotten what was asked for
        return
