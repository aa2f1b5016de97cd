"""Redirects that wait for the page they lead to, before they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.redirect import RedirectMiddleware

from .meta import HOPS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

REDIRECTS = frozenset({301, 302, 303, 307, 308})


def will_be_followed(request: Request, response: Response, crawler: Crawler) -> bool:
    """Return whether Scrapy's redirect middleware makes another request of *response*."""
    meta, status = request.meta, response.status
    return (
        status in REDIRECTS
        and "Location" in response.headers
        and not meta.get("dont_redirect")
        and not meta.get("handle_httpstatus_all")
        and status not in (meta.get("handle_httpstatus_list") or ())
        and status not in (getattr(crawler.spider, "handle_httpstatus_list", None) or ())
        and crawler.get_downloader_middleware(RedirectMiddleware) is not None
    )


def add_hop(request: Request, response: Response) -> None:
    """Note the redirect *response*, which the requests that follow *request* find in their ``meta``."""
    before = request.meta.pop(HOPS, ())
    # What a queue on disk can take; and a request in its own meta would be a cycle.
    asked = request.replace(callback=None, errback=None)
    request.meta[HOPS] = [*before, (asked, response.replace(request=None, certificate=None))]


def take_hops(request: Request) -> Iterable[tuple[Request, Response]]:
    """Return the redirects that led to *request*, and forget them."""
    hops: Iterable[tuple[Request, Response]] = request.meta.pop(HOPS, ())
    return hops
