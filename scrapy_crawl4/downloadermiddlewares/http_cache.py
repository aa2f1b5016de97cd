"""The cache of responses, request by request."""

from __future__ import annotations

import logging
from email.utils import formatdate
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.downloadermiddlewares.httpcache import HttpCacheMiddleware as ScrapyHttpCacheMiddleware
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest, ResponseDataLossError
from scrapy.utils.asyncio import run_in_thread
from scrapy.utils.misc import load_object

from ..cache import SqliteCacheStorage
from ..cache.asking import as_before, ask
from ..cache.hops import add_hop, take_hops, will_be_followed
from ..cache.keep import is_failure, is_worth_keeping
from ..cache.meta import ANSWER, DONT_CACHE, FOUND, ONLY_CACHED, RENDERED
from ..cache.rendered import is_complete, packed, unpacked, use_for
from ..cache.sqlite_storage import TIMESTAMP
from ..cache.storages import as_seen_by_storages, storage_class
from ..cache.use import CacheUse
from ..scrapy_map import CACHE_STATUS

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

logger = logging.getLogger(__name__)

NOT_MODIFIED = 304


class NotInCache(IgnoreRequest):
    """What was to come from the cache alone is not there."""


class HttpCacheMiddleware(ScrapyHttpCacheMiddleware):
    """Scrapy's middleware, with the ``cache_mode`` of the configuration in ``Request.meta["crawl4"]``.

    A request without such a configuration is treated as Scrapy's own middleware would. For the others
    ``HTTPCACHE_POLICY`` and the ``HTTPCACHE_`` settings count too, errors, block pages and incomplete bodies are never
    stored, and ``HTTPCACHE_STORAGE`` is by default :class:`~scrapy_crawl4.cache.SqliteCacheStorage`, unless a project
    turned on ``HTTPCACHE_ENABLED`` and with it Scrapy's.

    The storage is opened when a request first needs it.
    """

    DOWNLOAD_EXCEPTIONS: tuple[type[Exception], ...] = (  # type: ignore[assignment]  # Scrapy lists fewer
        *ScrapyHttpCacheMiddleware.DOWNLOAD_EXCEPTIONS,
        CannotResolveHostError,
        ResponseDataLossError,
    )

    def __init__(self, crawler: Crawler) -> None:
        # Scrapy's constructor refuses to work without HTTPCACHE_ENABLED.
        settings = crawler.settings
        assert crawler.stats is not None
        self.crawler = crawler
        self.stats = crawler.stats
        self.enabled = settings.getbool("HTTPCACHE_ENABLED")
        self.ignore_missing = settings.getbool("HTTPCACHE_IGNORE_MISSING")
        self._storage: Any = None
        self._is_open = False
        if self.enabled:
            _ = self.policy
            self._storage = storage_class(settings)(settings)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make the middleware of *crawler*."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(middleware.spider_closed, signal=signals.spider_closed)
        return middleware

    @cached_property
    def policy(self) -> Any:
        """The policy of the settings; a project without a cache may name one that is not there any more."""
        return load_object(self.crawler.settings["HTTPCACHE_POLICY"])(self.crawler.settings)

    @property
    def storage(self) -> Any:
        """The storage of the settings, opened."""
        if not self._is_open:
            if self._storage is None:
                self._storage = storage_class(self.crawler.settings)(self.crawler.settings)
            self._storage.open_spider(as_seen_by_storages(self.crawler.spider))
            self._is_open = True
        return self._storage

    def spider_opened(self, spider: Spider) -> None:
        """Open the storage if every request uses it."""
        if self.enabled:
            _ = self.storage

    async def spider_closed(self, spider: Spider) -> None:  # type: ignore[override]  # signal handlers may be coroutines
        """Close the storage, if it was opened."""
        if not self._is_open:
            return
        self._is_open = False
        if isinstance(self._storage, SqliteCacheStorage):
            await run_in_thread(self._storage.close)
        else:
            self._storage.close_spider(spider)

    def peek(self, request: Request) -> bool:
        """Return whether *request*, with all its headers, would be answered from the cache without asking its host."""
        use = self._use(request)
        if use is None or not use.read or use.check or not self.policy.should_cache_request(request):
            return False
        try:
            cached = self._head(request)
            return cached is not None and bool(self.policy.is_cached_response_fresh(cached, request))
        except Exception:  # noqa: BLE001 - a storage of somebody else; it is asked again, and told of, when it matters
            return False

    def _head(self, request: Request) -> Response | None:
        storage = self.storage
        if isinstance(storage, SqliteCacheStorage):
            return storage.peek(request)
        found: Response | None = storage.retrieve_response(self.crawler.spider, request)
        return found

    async def process_request(self, request: Request) -> Request | Response | None:  # type: ignore[override]  # Scrapy awaits it
        """Return the cached response, or None where the request is to go to its host.

        :raises NotInCache: when it must not go there.
        :raises IgnoreRequest: for what is not in the cache, with ``HTTPCACHE_IGNORE_MISSING``.
        """
        use = self._use(request)
        if use is None:
            return super().process_request(request) if self.enabled else None
        cached = await self._answer(request, use)
        if cached is None and request.meta.get(ONLY_CACHED):
            raise NotInCache(f"Not in the cache: {request}")
        return cached

    async def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]  # Scrapy awaits it
        """Return *response*, or the cached one where it says that this is still good; store what is to be stored."""
        use = self._use(request)
        if use is None:
            return super().process_response(request, response) if self.enabled else response
        answer = await self._received(request, response, use)
        if not will_be_followed(request, answer, self.crawler):
            hops = take_hops(request)
            if hops and not is_failure(answer):
                for hop in hops:
                    await self._store(*hop)
        return answer

    async def _received(self, request: Request, response: Response, use: CacheUse) -> Response:
        if CACHE_STATUS not in request.meta or "cached" in response.flags:
            return response
        if "Date" not in response.headers:  # what policies count the age from
            response.headers["Date"] = formatdate(usegmt=True)
        cached = request.meta.pop(FOUND, None)
        if cached is None:
            self._count("firsthand")
        elif (status := self._verdict(request, response, cached)) is not None:
            return await self._still_good(request, response, cached, status=status, write=use.write)
        else:
            self._count("invalidate")
            request.meta.pop(TIMESTAMP, None)
        if use.write:
            await self._keep(request, response)
        return response

    def process_exception(self, request: Request, exception: Exception) -> Request | Response | None:  # type: ignore[override]  # Scrapy adds the spider only for those that take one
        """Return the cached response where the host, asked about it, did not answer."""
        checked = as_before(request)
        found = super().process_exception(request, exception)
        if found is not None and CACHE_STATUS in request.meta:
            request.meta[CACHE_STATUS] = "hit_fallback"
            request.meta[ANSWER] = (None, None)
        elif checked:
            request.meta.pop(TIMESTAMP, None)
        return found

    def _use(self, request: Request) -> CacheUse | None:
        return use_for(request, CacheUse.of(request.meta, enabled=self.enabled))

    async def _answer(self, request: Request, use: CacheUse) -> Response | None:
        for name in (CACHE_STATUS, TIMESTAMP, FOUND, ANSWER):
            request.meta.pop(name, None)  # of the request that was redirected here
        wanted = (use.read or use.write) and not request.meta.get(DONT_CACHE)
        if not wanted or not self.policy.should_cache_request(request):
            return None
        request.meta[CACHE_STATUS] = "miss"
        cached = await self._find(request, use) if use.read else None
        if cached is None:
            return None
        cached.flags.append("cached")
        if use.check:
            ask(request, cached, use.timeout)
        elif self.policy.is_cached_response_fresh(cached, request):
            self._count("hit")
            request.meta[CACHE_STATUS] = "hit"
            return cached
        elif RENDERED not in request.meta:
            request.meta[FOUND] = cached
        return None

    async def _find(self, request: Request, use: CacheUse) -> Response | None:
        try:
            cached = unpacked(request, await self._retrieve(request, use))
        except Exception:  # a storage of somebody else
            self._count("retrieve_error")
            logger.warning("Could not read the cache entry of %s: it is fetched.", request, exc_info=True)
            cached = None
        if cached is None:
            self._count("miss")
            if self.ignore_missing:
                self._count("ignore")
                raise IgnoreRequest(f"Ignored request not in cache: {request}")
        return cached

    async def _retrieve(self, request: Request, use: CacheUse) -> Response | None:
        storage = self.storage
        if isinstance(storage, SqliteCacheStorage):
            return await storage.retrieve_response_async(request, touch=use.write)
        found: Response | None = storage.retrieve_response(self.crawler.spider, request)
        return found

    def _verdict(self, request: Request, response: Response, cached: Response) -> str | None:
        """Return what is said of *cached* if it is still good, None if *response* takes its place."""
        if as_before(request):
            good = response.status == NOT_MODIFIED or is_failure(response)
        else:
            good = self.policy.is_cached_response_valid(cached, response, request)
        if not good:
            return None
        return "hit_validated" if response.status == NOT_MODIFIED else "hit_fallback"

    async def _still_good(
        self, request: Request, response: Response, cached: Response, *, status: str, write: bool
    ) -> Response:
        request.meta[CACHE_STATUS] = status
        request.meta[ANSWER] = (response.status, response.headers.get("Retry-After"))
        self._count("revalidate")
        if response.status == NOT_MODIFIED:
            self._freshen_cached_response(cached, response)
            if write:
                await self._keep(request, cached)
        return cached

    async def _keep(self, request: Request, response: Response) -> None:
        worth = is_worth_keeping(response) and is_complete(request)
        if not worth or not self.policy.should_cache_response(response, request):
            self._count("uncacheable")
        elif will_be_followed(request, response, self.crawler):
            add_hop(request, response)  # what it leads to may be an error, which must not come back from the cache
        else:
            await self._store(request, response)

    async def _store(self, request: Request, response: Response) -> None:
        self._count("store")
        storage, response = self.storage, packed(request, response)
        try:
            if isinstance(storage, SqliteCacheStorage):
                await storage.store_response_async(request, response)
            else:
                storage.store_response(self.crawler.spider, request, response)
        except Exception:  # a storage of somebody else: the page is there all the same
            logger.warning("Could not write the cache entry of %s.", request, exc_info=True)

    def _count(self, what: str) -> None:
        self.stats.inc_value(f"httpcache/{what}")
