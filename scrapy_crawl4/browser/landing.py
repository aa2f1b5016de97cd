"""Where the browser went on its way to a page: addresses that nobody has judged yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.utils.httpobj import urlparse_cached

from ..scrapy_map import CAPTURES

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

JUDGED = frozenset({"http", "https"})


def landings(request: Request, response: Response) -> list[Request]:
    """Return a request for each address behind that of *request* that the browser asked for, *response*'s own last.

    They are for whoever judges addresses, and not made. Of a page from the cache there is the last one only.
    """
    captured = CAPTURES.get(request)
    hops = [] if captured is None else [hop["url"] for hop in captured.redirects]
    urls = dict.fromkeys([*hops, response.url])
    urls.pop(request.url, None)
    found = (request.replace(url=url) for url in urls)
    return [landing for landing in found if urlparse_cached(landing).scheme in JUDGED]
