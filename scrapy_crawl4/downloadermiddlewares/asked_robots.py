"""robots.txt for the requests that ask for it, in a project that does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.robotstxt import RobotParser


class AskedRobotsTxtMiddleware(RobotsTxtMiddleware):
    """Scrapy's middleware, whatever ``ROBOTSTXT_OBEY`` says.

    Of several requests that wait for one file at a time, Scrapy's own tells only the first what the file says; the
    others pass.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(_Obedient(crawler))  # type: ignore[arg-type]  # stands in for the crawler
        self.crawler = crawler

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """Return the rules of the request's host, or None where there are none."""
        host = urlparse_cached(request).netloc
        fetched = self._parsers.get(host)
        if not isinstance(fetched, Deferred):
            return await super().robot_parser(request)
        waiting: Deferred[None] = Deferred()

        def tell(rules: RobotParser | None) -> RobotParser | None:
            waiting.callback(None)
            return rules  # for whoever waits behind this one

        fetched.addCallback(tell)
        await maybe_deferred_to_future(waiting)
        return await super().robot_parser(request)


class _Obedient:
    """A crawler as Scrapy's middleware has to see it when it is made."""

    def __init__(self, crawler: Crawler) -> None:
        self.settings = crawler.settings.copy()
        self.settings.frozen = False
        self.settings.set("ROBOTSTXT_OBEY", True, "cmdline")
        self._crawler = crawler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crawler, name)
