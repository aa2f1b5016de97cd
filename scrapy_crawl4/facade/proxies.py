"""What is told of the proxy of a try."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiohttp import ClientConnectorDNSError, ClientHttpProxyError, ClientProxyConnectionError

from ..config.proxy import shown
from ..scrapy_map import status_error

if TYPE_CHECKING:
    from scrapy import Request

LOGIN_WANTED = 407


def proxy_used(request: Request, status: int | None) -> dict[str, Any]:
    """Return the record of a try: its proxy, without log-in, and the status it gave; None where there was none."""
    proxy = request.meta.get("proxy")
    return {"proxy": shown(proxy) if proxy else None, "status_code": status}


def status_of(error: BaseException) -> int | None:
    """Return the status with which a proxy refused to connect to a server; None for other failures."""
    cause = error.__cause__
    return cause.status if isinstance(cause, ClientHttpProxyError) else None


def proxy_failure(request: Request, error: BaseException) -> str:
    """Return the sentence for a download that failed at its proxy, not behind it; ``""`` for others."""
    proxy = request.meta.get("proxy")
    cause = error.__cause__
    if not proxy:
        return ""
    name = f"The proxy {shown(proxy)}"
    if isinstance(cause, ClientHttpProxyError):
        hint = ", check user name and password" if cause.status == LOGIN_WANTED else ""
        return f"{name} refused to connect: {status_error(cause.status) or f'HTTP {cause.status}'}{hint}."
    if isinstance(cause, ClientConnectorDNSError) and cause.host == urlsplit(proxy).hostname:
        return f"{name} cannot be reached: its host name cannot be resolved."
    if isinstance(cause, ClientProxyConnectionError):
        return f"{name} cannot be reached: {os.strerror(cause.errno).lower() if cause.errno else 'no connection'}."
    return ""
