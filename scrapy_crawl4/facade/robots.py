"""robots.txt, fetched once for all tasks that wait for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.utils.httpobj import urlparse_cached

from ..crawl_delay import crawl_delay

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.robotstxt import RobotParser

LISTENER = "crawl4_crawl_delay"
"""Meta key: a function that takes a host and the seconds between two starts that its robots.txt asks for."""


@dataclass(slots=True, eq=False)
class SharedFetch:
    """A fetch under way and how many tasks wait for it."""

    task: asyncio.Task[RobotParser | None]
    waiting: int = 0


class FacadeRobotsTxtMiddleware(RobotsTxtMiddleware):
    """Scrapy's middleware for tasks that are cancelled one by one.

    With Scrapy's own, whoever waits for the file after a task that was cancelled while it fetched it waits for ever,
    and of several that wait at the same time only the first learns what the file says.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fetches: dict[str, SharedFetch] = {}

    async def robot_parser(self, request: Request, spider: Spider | None = None) -> RobotParser | None:
        """Return the rules of the request's host, or None where there are none."""
        place = urlparse_cached(request).netloc
        shared = self._fetches.get(place)
        if shared is None:
            if place in self._parsers:
                return await super().robot_parser(request)
            shared = self._fetches[place] = SharedFetch(asyncio.ensure_future(super().robot_parser(request)))
        shared.waiting += 1
        try:
            return await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if not shared.waiting:
                await self._end(place, shared)

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Tell the request's run what pace the host asks for, then judge *request* as Scrapy does."""
        tell = request.meta.get(LISTENER)
        if tell is not None:
            name = self._robotstxt_useragent or request.headers.get(b"User-Agent", self._default_useragent)
            tell(urlparse_cached(request).hostname or "", crawl_delay(rp, name or ""))
        super().process_request_2(rp, request)

    async def _end(self, place: str, shared: SharedFetch) -> None:
        """Forget a fetch that nobody waits for any more, and end it if it has not ended."""
        del self._fetches[place]
        if not shared.task.done():
            self._parsers.pop(place, None)
            shared.task.cancel()
            await asyncio.wait({shared.task})
