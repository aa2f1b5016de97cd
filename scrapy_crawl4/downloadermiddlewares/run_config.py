"""The configuration that a request carries, put into effect on that request."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest

from ..config import META_KEY, CrawlerRunConfig, config_in
from ..config.proxy_rotation import most_retries
from ..config.supported import RUN_FETCH
from ..errors import describe
from ..exceptions import Crawl4Error, UnsupportedOption
from ..pipelines import CrawlResultPipeline
from ..scrapy_map import DESKS
from ..user_agents import user_agent_of
from .asked_robots import AskedRobotsTxtMiddleware
from .http_cache import HttpCacheMiddleware
from .rendering import Rendering
from .request_proxy import ProxyChoice, through_another

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

logger = logging.getLogger(__name__)

EFFECTIVE = frozenset(
    {
        "cache_mode",  # by HttpCacheMiddleware, which reads it and the next two itself
        "cache_validation_timeout",
        "check_cache_freshness",
        "check_robots_txt",
        "fetch_ssl_certificate",  # by the result, which reads the response
        "match_mode",
        "max_retries",
        "method",
        "page_timeout",
        "proxy_config",
        "proxy_rotation_strategy",
        "proxy_session_auto_release",
        "proxy_session_id",
        "proxy_session_ttl",
        "render",
        "session_id",
        "shared_data",  # the user's own, as is url
        "url",
        "url_matcher",
        "user_agent",
        "user_agent_generator_config",
        "user_agent_mode",
    }
)
"""Options of the fetch that a single request can have; the others are refused."""

ELSEWHERE = {
    "max_range": "use the setting CRAWL4_BASE_DELAY",
    "mean_delay": "use the setting CRAWL4_BASE_DELAY",
    "semaphore_count": "use the setting CRAWL4_MAX_SESSION_PERMIT",
    "stream": "the results of a spider come one by one anyway",
    "verbose": "use the setting LOG_LEVEL",
}
"""What does the work of an option that is refused."""

NEEDS = {
    "max_retries": "RETRY_ENABLED",
    "proxy_config": "HTTPPROXY_ENABLED",
    "proxy_rotation_strategy": "HTTPPROXY_ENABLED",
    "session_id": "COOKIES_ENABLED",
}
"""Scrapy's switches of what an option works by."""


CACHED = frozenset({"cache_mode", "check_cache_freshness"})
"""Options of the cache."""


class RequestConfigError(Crawl4Error, IgnoreRequest):
    """A request was not made because its ``meta["crawl4"]`` is no configuration, or asks for what cannot be had."""


class RunConfigMiddleware:
    """Gives ``meta["crawl4"]`` of a request, a ``CrawlerRunConfig`` or a dict of its parameters, its effect.

    Requests without that key stay as they are, and so does what a request says itself: its other meta keys and its
    headers go before the configuration. Parameters that were not given change nothing. Those that were:

    - ``user_agent``, ``user_agent_mode`` with ``user_agent_generator_config``: the User-Agent header.
    - ``proxy_config``, ``proxy_rotation_strategy`` and the options of its sessions: ``meta["proxy"]`` of each try. With
      several proxies, a status by which a host may refuse one of them is retried too.
    - ``page_timeout``: ``meta["download_timeout"]``, for each download.
    - ``session_id``: ``meta["cookiejar"]``.
    - ``max_retries``: ``meta["max_retry_times"]``, which bounds the retries after a rate-limit status too; of a list of
      proxies, tries for all of them.
    - ``method``: of a GET request.
    - ``check_robots_txt``: True asks robots.txt even without ``ROBOTSTXT_OBEY``, False sets ``dont_obey_robotstxt``.
    - ``cache_mode``, ``check_cache_freshness``: by ``HttpCacheMiddleware`` of this package, where it is used.
    - ``url_matcher``, ``match_mode``: have to accept the URL.
    - ``render``, and options that only a browser can serve: the browser shows the page. Where a request says nothing
      of that, the setting ``CRAWL4_RENDER`` does, but not for files of pipelines and for robots.txt.

    A value that cannot be honoured fails that request alone: its errback gets a :class:`RequestConfigError` with one
    sentence, which is logged too. It notes for responses where the crawl has content work done.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._robots: RobotsTxtMiddleware | None = None
        self._desk: CrawlResultPipeline | None = None
        self._looked_for_desk = False
        self._proxies = ProxyChoice()
        self._rendering = Rendering(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make the middleware of *crawler*."""
        return cls(crawler)

    async def process_request(self, request: Request) -> Request | None:
        """Return None when *request* may go on as its configuration wants it, or the request to make in its place.

        :raises RequestConfigError: for a configuration that cannot be honoured.
        :raises IgnoreRequest: when robots.txt, asked because of ``check_robots_txt``, forbids the URL.
        """
        if request.meta.get(META_KEY) is None:
            if self._rendering.concerns(request):
                self._route(request, None)
            return None
        config = self._config_of(request)
        # A redirect may have made a GET of it.
        if request.method == "GET" != config.method and "redirect_times" not in request.meta:
            # A new one, because the fingerprint of this one is known already, by which it would be cached.
            return request.replace(method=config.method, dont_filter=True)
        self._route(request, config)
        _apply(config, request)
        self._proxies.put(config, request)
        if config.check_robots_txt:
            await self._ask_robots(request)
        return None

    def process_response(
        self, request: Request, response: Response
    ) -> Request | Response | Coroutine[Any, Any, Request | Response]:
        """Note where content work on *response* is done, for :meth:`CrawlResult.from_response`.

        A request that another proxy may get a page for is returned in place of *response*, and one for the browser
        where that has to show the page.
        """
        config, spider = config_in(request.meta), self._crawler.spider
        if config is not None and spider is not None:
            again = through_another(config, request, response, spider)
            if again is not None:
                return again
        if not self._looked_for_desk:
            self._desk = self._crawler.get_item_pipeline(CrawlResultPipeline)
            self._looked_for_desk = True
        if self._desk is not None:
            DESKS[response] = self._desk
        if self._rendering.looks_at(request, config):
            return self._rendering.judged(request, response)
        return response

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Return the request over HTTP in place of one that only might have needed the browser."""
        return self._rendering.failed(request, exception)

    def _config_of(self, request: Request) -> CrawlerRunConfig:
        try:
            config = config_in(request.meta) or CrawlerRunConfig()
            self._check(request, config)
        except (TypeError, ValueError) as error:
            raise self._refused(request, error) from error
        return config

    def _refused(self, request: Request, error: Exception) -> RequestConfigError:
        logger.error("%s is not made: %s", request, error, extra={"spider": self._crawler.spider})
        return RequestConfigError(str(error))

    def _route(self, request: Request, config: CrawlerRunConfig | None) -> None:
        try:
            self._rendering.route(request, config)
        except UnsupportedOption as error:
            raise self._refused(request, error) from error

    def _check(self, request: Request, config: CrawlerRunConfig) -> None:
        url = request.meta.get("redirect_urls", [request.url])[0]
        try:
            is_match = config.is_match(url)
        except Exception as error:
            raise ValueError(f"url_matcher failed: {describe(error)}") from error
        if not is_match:
            raise ValueError(f"No matching configuration found for URL: {url}")
        given = {name for name in RUN_FETCH if config.is_given(name) and not _is_default(config, name)}
        for name in sorted(given - EFFECTIVE):
            hint = ELSEWHERE.get(name, "leave it out")
            raise UnsupportedOption(f"{name} has no effect in meta[{META_KEY!r}] of a single request: {hint}.")
        needed = {name: NEEDS[name] for name in sorted(given & NEEDS.keys())}
        if isinstance(config.proxy_config, list):
            needed["proxy_config with several proxies"] = "RETRY_ENABLED"
        for name, setting in needed.items():
            if not self._crawler.settings.getbool(setting):
                raise UnsupportedOption(f"{name} has no effect while the setting {setting} is off.")
        if given & CACHED and self._crawler.get_downloader_middleware(HttpCacheMiddleware) is None:
            raise UnsupportedOption(
                f"{min(given & CACHED)} has no effect without the HttpCacheMiddleware of this package."
            )

    async def _ask_robots(self, request: Request) -> None:
        if self._robots is None:
            own = self._crawler.get_downloader_middleware(RobotsTxtMiddleware)
            self._robots = own or AskedRobotsTxtMiddleware.from_crawler(self._crawler)
        # Where the project obeys robots.txt, its own middleware comes next.
        if isinstance(self._robots, AskedRobotsTxtMiddleware):
            await self._robots.process_request(request)


def _is_default(config: CrawlerRunConfig, name: str) -> bool:
    return bool(getattr(config, name) == getattr(type(config), name))


def _apply(config: CrawlerRunConfig, request: Request) -> None:
    for key, value in _meta(config).items():
        request.meta.setdefault(key, value)
    agent = user_agent_of(config, config.session_id or uuid4().hex)
    if agent:
        request.headers.setdefault("User-Agent", agent)


def _meta(config: CrawlerRunConfig) -> dict[str, Any]:
    meta: dict[str, Any] = {}
    if config.is_given("page_timeout"):
        meta["download_timeout"] = config.page_timeout / 1000
    if config.session_id:
        meta["cookiejar"] = config.session_id
    if config.is_given("max_retries") or isinstance(config.proxy_config, list):
        meta["max_retry_times"] = most_retries(config)
    if config.is_given("check_robots_txt") and not config.check_robots_txt:
        meta["dont_obey_robotstxt"] = True
    return meta
