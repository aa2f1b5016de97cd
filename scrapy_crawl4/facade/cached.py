"""Tasks whose pages are in the cache, and need not wait for their hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.downloadermiddlewares.defaultheaders import DefaultHeadersMiddleware
from scrapy.downloadermiddlewares.httpauth import HttpAuthMiddleware
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.useragent import UserAgentMiddleware

from ..cache.use import CacheUse
from ..config import META_KEY
from .pages import page_request
from .requests import make_request, obeys_robots, session_key

if TYPE_CHECKING:
    from .engine import Engine
    from .plan import Plan
    from .tasks import Work

HEADERS: tuple[type[Any], ...] = (
    HttpAuthMiddleware,
    DefaultHeadersMiddleware,
    UserAgentMiddleware,
    HttpCompressionMiddleware,
    CookiesMiddleware,
)
"""Scrapy's middlewares that say what a request has when it reaches the cache, in their order."""


def is_in_cache(work: Work, plan: Plan, engine: Engine) -> bool:
    """Return whether the page of *work* is there, and may be taken without asking its host for anything.

    It may have gone when the task starts, and a middleware of the user's may make another request of it: so a request
    that did not wait for its host must not leave the cache.
    """
    middleware = engine.cache
    if middleware is None or work.kind != "http" or obeys_robots(work) or isinstance(session_key(work), str):
        return False
    use = CacheUse.of({META_KEY: work.config}, enabled=middleware.enabled)
    if use is None or not use.read:
        return False
    try:
        request = page_request(work, plan, engine.browser, 0)[0] if work.rendered else make_request(work, plan)
        for kind in HEADERS:
            if (found := engine.crawler.get_downloader_middleware(kind)) is not None:
                found.process_request(request)
        return middleware.peek(request)
    except Exception:  # noqa: BLE001 - what a user gave makes no request: the task's own session meets and tells it
        return False
    finally:
        engine.forget_cookies(session_key(work))
