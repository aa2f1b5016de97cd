"""Requests made again when a host says "too many requests"."""

from __future__ import annotations

import time
from random import Random
from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import sleep
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.response import response_status_message

from .. import stats
from ..dispatch import HostPace, parse_retry_after
from ..dispatch.loading import make_dispatcher
from ..downloader import DispatchDownloader

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from ..dispatch import RateLimiter


class RateLimitMiddleware:
    """Turns rate-limit statuses into delayed retries, until a request was retried ``CRAWL4_MAX_RETRIES`` times.

    The retry goes back to the scheduler and then waits for its host, without a permit, until ``Retry-After`` or the
    back-off has passed: :class:`~scrapy_crawl4.DispatchDownloader` reported the status to its rate limiter before it
    started anything else. With another ``DOWNLOADER`` the wait is here. After the last retry the response goes on to
    the spider as it is. Retries are counted as those of Scrapy's RetryMiddleware are, together with them, in its stats
    and in the meta key ``retry_times``; ``dont_retry``, ``max_retry_times`` and ``priority_adjust`` mean what they mean
    to it. Responses from the cache are left alone.

    :raises NotConfigured: when the dispatcher has no rate limiter.
    """

    def __init__(self, crawler: Crawler) -> None:
        limiter = make_dispatcher(crawler.settings).rate_limiter
        if limiter is None or not limiter.rate_limit_codes:
            raise NotConfigured("no status is retried for its rate")
        self._crawler = crawler
        self._limiter: RateLimiter = limiter
        self._paces: dict[str, HostPace] = {}
        self._random = Random()  # noqa: S311 - jitter, not secrets

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make the middleware of *crawler*."""
        return cls(crawler)

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        """Return the request to make again, or *response* where nothing is to be retried."""
        if not self._limiter.is_rate_limit(response.status) or "cached" in response.flags:
            return response
        if request.meta.get("dont_retry"):
            return response
        assert self._crawler.spider is not None
        again = get_retry_request(
            request,
            spider=self._crawler.spider,
            reason=response_status_message(response.status),
            max_retry_times=request.meta.get("max_retry_times", self._limiter.max_retries),
            priority_adjust=request.meta.get("priority_adjust"),
        )
        if again is None:
            self._count(stats.GAVE_UP)
            return response
        self._count(stats.RETRIED)
        if not isinstance(self._crawler.engine.downloader, DispatchDownloader):
            await sleep(self._wait(request, response))
        return again

    def _count(self, name: str) -> None:
        if self._crawler.stats is not None:
            self._crawler.stats.inc_value(name)

    def _wait(self, request: Request, response: Response) -> float:
        """Return the seconds that the host asked for, or its back-off: what the dispatch controller would do."""
        now = time.monotonic()
        host = urlparse_cached(request).hostname or ""
        pace = self._paces.setdefault(host, HostPace(self._limiter))
        retry_after = parse_retry_after(response.headers.get(b"Retry-After"), time.time())
        started = now - request.meta.get("download_latency", 0.0)
        pace.refused(now, started, retry_after, self._random)
        return max(0.0, pace.next_start - now)
