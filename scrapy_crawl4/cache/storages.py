"""Which storage there is, and what storages see of the crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.utils.misc import load_object

from ..config import META_KEY
from .keys import cache_key
from .sqlite_storage import SqliteCacheStorage

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.settings import BaseSettings


def storage_class(settings: BaseSettings) -> Any:
    """Return what ``HTTPCACHE_STORAGE`` names: the class that was chosen, or Scrapy's where Scrapy's cache is on."""
    is_chosen = bool(settings.getpriority("HTTPCACHE_STORAGE"))  # 0 is Scrapy's default
    if is_chosen or settings.getbool("HTTPCACHE_ENABLED"):
        return load_object(settings["HTTPCACHE_STORAGE"])
    return SqliteCacheStorage


def as_seen_by_storages(spider: Any) -> Any:
    """Return *spider* with a crawler whose fingerprints are our keys, for requests with a configuration of ours.

    Scrapy's storages take their keys from ``spider.crawler.request_fingerprinter``, which leaves out headers.
    """
    crawler = spider.crawler
    return _Seen(spider, crawler=_Seen(crawler, request_fingerprinter=_Keys(crawler.request_fingerprinter)))


class _Seen:
    """Another object with some attributes replaced."""

    def __init__(self, other: object, **replaced: object) -> None:
        self.__dict__.update(replaced)
        self._other = other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._other, name)


class _Keys:
    """A request fingerprinter."""

    def __init__(self, usual: Any) -> None:
        self._usual = usual

    def fingerprint(self, request: Request) -> bytes:
        """Return the key of *request*."""
        if META_KEY in request.meta:
            return cache_key(request)
        key: bytes = self._usual.fingerprint(request)
        return key
