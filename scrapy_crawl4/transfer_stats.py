"""What ``DownloaderStats`` counts, reckoned instead of written out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlunparse

from scrapy.downloadermiddlewares.stats import get_status_size
from scrapy.statscollectors import StatsCollector
from scrapy.utils.httpobj import urlparse_cached

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Headers, Response

LINE_END = 2
AROUND_NAME = 2
"""A colon and a blank."""

PLAIN = ("__getattribute__", "get_stats", "inc_value")
"""What a collector has from Scrapy's own if counting is adding to a dict."""


class TransferStats:
    """Counts requests and responses, and their bytes, as Scrapy's ``DownloaderStats`` does.

    :param stats: of the crawler.
    """

    def __init__(self, stats: StatsCollector) -> None:
        self._stats = stats
        self._is_plain = all(getattr(type(stats), name) is getattr(StatsCollector, name) for name in PLAIN)

    def process_request(self, request: Request) -> None:
        """Count *request*."""
        self._add(
            ("downloader/request_count", 1),
            (f"downloader/request_method_count/{request.method}", 1),
            ("downloader/request_bytes", request_size(request)),
        )

    def process_response(self, request: Request, response: Response) -> Response:
        """Count *response*."""
        size = len(response.body) + _response_headers_size(response.headers) + get_status_size(response.status) + 4
        self._add(
            ("downloader/response_count", 1),
            (f"downloader/response_status_count/{response.status}", 1),
            ("downloader/response_bytes", size),
        )
        return response

    def _add(self, *counts: tuple[str, int]) -> None:
        if not self._is_plain:  # somebody else's collector sees every count
            for name, count in counts:
                self._stats.inc_value(name, count)
            return
        counted = self._stats.get_stats()
        for name, count in counts:
            counted[name] = counted.get(name, 0) + count


def request_size(request: Request) -> int:
    """Return the length of what ``scrapy.utils.request.request_httprepr`` returns, in bytes."""
    parts = urlparse_cached(request)
    if parts.path.startswith("//"):
        place = len(urlunparse(("", "", parts.path, parts.params, parts.query, "")))
    else:
        place = len(parts.path) or 1
        place += sum(1 + len(part) for part in (parts.params, parts.query) if part)
    first = len(request.method) + 1 + place + len(" HTTP/1.1\r\n")
    host = len("Host: ") + len(parts.hostname or "") + LINE_END
    headers = _request_headers_size(request.headers) + LINE_END if request.headers else 0
    return first + host + headers + LINE_END + len(request.body)


def _request_headers_size(headers: Headers) -> int:
    lines = [len(name) + AROUND_NAME + len(value) for name, values in dict.items(headers) for value in values]
    return sum(lines) + LINE_END * max(0, len(lines) - 1)


def _response_headers_size(headers: Headers) -> int:
    # Between the names, and not between all values of a name: so does Scrapy.
    lines = [len(name) + AROUND_NAME + len(value) for name, values in dict.items(headers) for value in values]
    return sum(lines) + LINE_END * (len(headers) - 1)
