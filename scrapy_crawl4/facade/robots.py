"""robots.txt, fetched once for all tasks of its host."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy import Request, signals
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler

from ..browser.landing import landings
from ..browser.pages import PAGE
from ..crawl_delay import crawl_delay
from ..errors import describe
from .recent import Recent

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from scrapy import Spider
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser

logger = logging.getLogger(__name__)

LISTENER = "crawl4_crawl_delay"
"""Meta key: a function that takes a host and the seconds between two starts that its robots.txt asks for."""
HOSTS = 10_000
"""Most hosts whose robots.txt is remembered; that of the one that was not visited longest is fetched again."""
ERROR = 400
SHARE = 0.5
"""Part of a page's time after which its robots.txt counts as missing: the page itself needs some too, and a host that
never answers would otherwise cost each of its pages all of its time, one after the other."""


@dataclass(slots=True, eq=False)
class SharedFetch:
    """A fetch under way and how many tasks wait for it."""

    task: asyncio.Task[RobotParser | None]
    waiting: int = 0


class FacadeRobotsTxtMiddleware(RobotsTxtMiddleware):
    """Scrapy's middleware for tasks that are cancelled one by one, for any number of hosts, each with its own name.

    A robots.txt is fetched as its first visitor would fetch a page: with the same User-Agent and proxy. A host without
    one, or that does not answer in half of the page's time, is remembered as such, unless a proxy may be at fault. The
    rules are looked up by ``ROBOTSTXT_USER_AGENT`` or else by the User-Agent of each request.
    """

    idle_in = RobotsTxtMiddleware

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known: Recent[str, RobotParser | None] = Recent(HOSTS)
        self._fetches: dict[tuple[str, str | None], SharedFetch] = {}

    async def robot_parser(self, request: Request, spider: Spider | None = None) -> RobotParser | None:
        """Return the rules of the request's host, or None where there are none."""
        place = _place(request)
        if place in self._known:
            return self._known[place]
        # Those who come another way may get an answer where this one gets none.
        way = (place, request.meta.get("proxy"))
        shared = self._fetches.get(way)
        if shared is None:
            shared = self._fetches[way] = SharedFetch(asyncio.ensure_future(self._fetch(place, request)))
        shared.waiting += 1
        try:
            return await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if not shared.waiting:
                await self._end(way, shared)

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        """Tell the request's run what pace the host asks for, then judge *request* as Scrapy does."""
        tell = request.meta.get(LISTENER)
        if tell is not None:
            name = self._robotstxt_useragent or request.headers.get(b"User-Agent", self._default_useragent)
            tell(urlparse_cached(request).hostname or "", crawl_delay(rp, name or ""))
        super().process_request_2(rp, request)

    def process_response(self, request: Request, response: Response) -> Response | Awaitable[Response]:
        """Judge the addresses that redirects led the browser to: they were no requests of their own.

        :raises IgnoreRequest: when one of them is forbidden.
        """
        return self._judge_landings(request, response) if PAGE in request.meta else response

    async def _judge_landings(self, request: Request, response: Response) -> Response:
        for landing in landings(request, response):
            await self.process_request(landing)
        return response

    async def _fetch(self, place: str, request: Request) -> RobotParser | None:
        self._stats.inc_value("robotstxt/request_count")
        parser, is_answer = None, True
        # What a proxy makes of it says nothing of the host: the next visitor may take a better one.
        is_direct = not request.meta.get("proxy")
        try:
            response = await self.crawler.engine.download_async(_request_for(request))
            parser = await self._read(response, request)
            is_answer = is_direct or response.status < ERROR
        except IgnoreRequest:
            pass
        except Exception as error:  # noqa: BLE001 - as Scrapy does: without an answer, nothing is forbidden
            is_answer = is_direct
            logger.warning("robots.txt of %s could not be read: %s", place, describe(error))
            self._stats.inc_value(f"robotstxt/exception_count/{type(error)}")
        if is_answer:
            self._known[place] = parser
        return parser

    async def _read(self, response: Response, request: Request) -> RobotParser:
        self._stats.inc_value("robotstxt/response_count")
        self._stats.inc_value(f"robotstxt/response_status_count/{response.status}")
        parser: RobotParser = build_from_crawler(self._parserimpl, self.crawler, response.body)
        await self.crawler.signals.send_catch_log_async(
            signal=signals.robots_parsed, robotparser=parser, request=request
        )
        return parser

    async def _end(self, way: tuple[str, str | None], shared: SharedFetch) -> None:
        """Forget a fetch that nobody waits for any more, and end it if it has not ended."""
        del self._fetches[way]
        if not shared.task.done():
            shared.task.cancel()
            await asyncio.wait({shared.task})


def _place(request: Request) -> str:
    """Return the host and port of *request*, whoever logs in there."""
    return urlparse_cached(request).netloc.rpartition("@")[2].lower()


def _request_for(request: Request) -> Request:
    """Return the request for the robots.txt that counts for *request*."""
    parts = urlparse_cached(request)
    name = request.headers.get(b"User-Agent")
    # Cookies of robots.txt would be kept for as long as the crawler, and sent with nothing else.
    meta: dict[str, Any] = {"dont_obey_robotstxt": True, "dont_merge_cookies": True}
    if "proxy" in request.meta:
        meta["proxy"] = request.meta["proxy"]
    if timeout := request.meta.get("download_timeout"):
        meta["download_timeout"] = timeout * SHARE
    return Request(
        f"{parts.scheme}://{parts.netloc}/robots.txt",
        headers={} if name is None else {"User-Agent": name},
        meta=meta,
        priority=RobotsTxtMiddleware.DOWNLOAD_PRIORITY,
        callback=NO_CALLBACK,
    )
