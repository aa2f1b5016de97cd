"""What is told of the proxy of a try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import ClientHttpProxyError

from ..config.proxy import shown

if TYPE_CHECKING:
    from scrapy import Request


def proxy_used(request: Request, status: int | None) -> dict[str, Any]:
    """Return the record of a try: its proxy, without log-in, and the status it gave; None where there was none."""
    proxy = request.meta.get("proxy")
    return {"proxy": shown(proxy) if proxy else None, "status_code": status}


def status_of(error: BaseException) -> int | None:
    """Return the status with which a proxy refused to connect to a server; None for other failures."""
    cause = error.__cause__
    return cause.status if isinstance(cause, ClientHttpProxyError) else None
