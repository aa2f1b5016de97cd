"""The proxy of each try of a request that has a configuration."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

from scrapy.downloadermiddlewares.retry import get_retry_request

from ..config import ProxyConfig
from ..config.proxy import shown
from ..config.proxy_rotation import ProxyTurn, is_blocked, proxy_of

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.http import Response

    from ..config import CrawlerRunConfig

CHOSEN = "crawl4_proxy"
"""Meta key: number of the task, and the proxy that was chosen for the last try, without password; None is none."""


class ProxyChoice:
    """What the choices of a crawl are made from."""

    def __init__(self) -> None:
        self._numbers = count()
        self._made_at = time.monotonic()
        self._run = uuid4().hex

    def put(self, config: CrawlerRunConfig, request: Request) -> None:
        """Set ``meta["proxy"]`` as *config* wants it for this try, unless it is there and not from here."""
        meta = request.meta
        number, last = meta.get(CHOSEN, (None, None))
        if "proxy" in meta and (number is None or last != (meta["proxy"] and shown(meta["proxy"]))):
            return
        if config.proxy_config is None and config.proxy_rotation_strategy is None:
            return
        if number is None:
            number = next(self._numbers)
        turn = ProxyTurn(index=number, attempt=meta.get("retry_times", 0))
        proxy = proxy_of(config, turn, elapsed=time.monotonic() - self._made_at, run=self._run)
        if proxy is not None:
            meta["proxy"] = proxy.url if isinstance(proxy, ProxyConfig) else None
            meta[CHOSEN] = (number, meta["proxy"] and shown(meta["proxy"]))


def through_another(config: CrawlerRunConfig, request: Request, response: Response, spider: Spider) -> Request | None:
    """Return the next try of a request that a host refused to this proxy; None if there is none."""
    if CHOSEN not in request.meta or not is_blocked(config, response.status) or request.meta.get("dont_retry"):
        return None
    return get_retry_request(request, spider=spider, reason=f"HTTP {response.status} through a proxy")
