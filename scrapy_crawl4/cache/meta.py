"""Keys of ``Request.meta`` about the cache."""

from __future__ import annotations

ONLY_CACHED = "crawl4_only_cached"
"""True for a request that must not go to its host: what is not in the cache raises
:class:`~scrapy_crawl4.downloadermiddlewares.http_cache.NotInCache`."""

CHECK = "crawl4_cache_check"
"""What the request was before it was made to ask whether the cached response is fresh."""

ANSWER = "crawl4_cache_answer"
"""Status and ``Retry-After`` by which the host answered that question, where the cached response is used instead."""

FOUND = "cached_response"
"""Scrapy's: the cached response that may turn out to be good."""

DONT_CACHE = "dont_cache"
"""Scrapy's: True keeps a request out of the cache."""

RENDERED = "crawl4_cache_look"
"""A :class:`~scrapy_crawl4.cache.rendered.Look`, of a request whose page the browser shows and the cache may keep."""

HOPS = "crawl4_cache_hops"
"""The redirects that led to a request, which are kept when the page they lead to has come."""
