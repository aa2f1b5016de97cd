"""What a page asks of the network, and what it is answered."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from .charset import UTF_8, decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from playwright.async_api import Page, Request, Response

MOST_EVENTS = 5000
"""Events of a page; of those that follow, one says that they are not recorded."""
LONGEST_TEXT = 2**20
"""Bytes of a body that is recorded; of longer ones, there is none."""
MOST_TEXT = 2**25
"""Characters of all bodies, URLs and headers of a page; of bodies that follow, there is none."""
LONGEST_URL = 2**16
"""Characters of a URL, which ends there."""
LONGEST_HEADERS = 2**18
"""Characters of the headers of a request or an answer; of longer ones, there are none."""
SHORT = 2**11
"""Characters of a URL, and of headers, that are recorded however many there were before; other words end there."""
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
            method=request.method[:SHORT],
            headers=self._headers(request.headers),
            post_data=self._text(post_data, UTF_8) if post_data else None,
            resource_type=request.resource_type,
            is_navigation_request=request.is_navigation_request(),
        )

    def _answered(self, response: Response) -> None:
        request = response.request
        event = self._add(
            "response",
            request,
            status=response.status,
            status_text=response.status_text[:SHORT],
            headers=self._headers(response.headers),
            from_service_worker=response.from_service_worker,
            request_timing=dict(request.timing),
            body={"text": None},
        )
        self._responses[request] = response, event
        self._later(self._complete_headers(response, self._requests.get(request, {}), event))

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
            method=request.method[:SHORT],
            resource_type=request.resource_type,
            failure_text=request.failure or "unknown failure",
        )

    def _add(self, kind: str, request: Request, **facts: Any) -> dict[str, Any]:
        event = {"event_type": kind, "url": self._url(request.url), **facts, "timestamp": time.time()}
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
        event["body"]["text"] = self._text(await response.body(), response.headers["content-type"])

    async def _complete_headers(self, response: Response, sent: dict[str, Any], event: dict[str, Any]) -> None:
        """Write all headers as they went over the network; what Playwright says at once lacks cookies."""
        for of, headers in ((sent, await response.request.all_headers()), (event, await response.all_headers())):
            self._left += _size(of.get("headers", {}))
            of["headers"] = self._headers(headers)

    def _text(self, body: bytes, content_type: str) -> str | None:
        if len(body) > min(LONGEST_TEXT, self._left):
            return None
        self._left -= len(body)
        return decoded(body, content_type)

    def _url(self, url: str) -> str:
        kept = url[: max(SHORT, min(LONGEST_URL, self._left))]
        self._left -= len(kept)
        return kept

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        size = _size(headers)
        if size > max(SHORT, min(LONGEST_HEADERS, self._left)):
            return {}
        self._left -= size
        return headers

    def _later(self, step: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(_unless_gone(step))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _size(headers: dict[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in headers.items())


async def _unless_gone(step: Coroutine[Any, Any, None]) -> None:
    from playwright.async_api import Error

    try:
        await step
    except Error:  # the page has gone on, and the browser forgotten what was asked for
        return
