"""The body of one response while it arrives."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import DownloadCancelledError
from scrapy.utils._download_handlers import check_stop_download, get_maxsize_msg, get_warnsize_msg

from ..listeners import has_listeners
from ..meter import METER

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.exceptions import StopDownload
    from scrapy.http import Headers

logger = logging.getLogger(__name__)


class BodyReader:
    """Takes what arrives, within limits, and tells those of it who want to know.

    :param crawler: whose signals are sent.
    :param request: what is answered.
    :param limit: most bytes, 0 for no limit.
    :param warn_at: bytes above which a warning is logged, 0 for none.
    """

    def __init__(self, crawler: Crawler, request: Request, limit: int, warn_at: int) -> None:
        self._crawler = crawler
        self._request = request
        self._limit = limit
        self._warn_at = warn_at
        self._chunks: list[bytes] = []
        self._size = 0
        self._meter = METER.get()
        self._is_listened_to = has_listeners(crawler, signals.bytes_received)

    @property
    def body(self) -> bytes:
        """What has arrived."""
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    def declare(self, size: int | None, headers: Headers) -> StopDownload | None:
        """Take in the headers, and the size that they tell; return what says that no body is wanted.

        :raises DownloadCancelledError: when it is too large.
        :raises StopDownload: when memory cannot hold it.
        """
        if size:
            self._judge(size, expected=True)
        if self._meter is not None:
            self._meter.declare(size, compressed=b"Content-Encoding" in headers)
        if not has_listeners(self._crawler, signals.headers_received):
            return None
        return check_stop_download(
            signals.headers_received, self._crawler, self._request, headers=headers, body_length=size
        )

    def take(self, chunk: bytes) -> StopDownload | None:
        """Take in more of the body; return what says that this is enough.

        :raises DownloadCancelledError: when it is too large.
        :raises StopDownload: when memory cannot hold it.
        """
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._is_listened_to:
            stop = check_stop_download(signals.bytes_received, self._crawler, self._request, data=chunk)
            if stop is not None:
                return stop
        self._judge(self._size, expected=False)
        if self._meter is not None:
            self._meter.receive(len(chunk))
        return None

    def _judge(self, size: int, *, expected: bool) -> None:
        if 0 < self._limit < size:
            self._chunks.clear()
            message = get_maxsize_msg(size, self._limit, self._request, expected=expected)
            logger.warning(message)
            raise DownloadCancelledError(message)
        if 0 < self._warn_at < size:
            logger.warning(get_warnsize_msg(size, self._warn_at, self._request, expected=expected))
            self._warn_at = 0
