"""How large a page is going to be, told to dispatch while it arrives."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.exceptions import StopDownload

from .exceptions import TaskFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Headers

    from .dispatch import DispatchDriver, Session

EXPANSION = 5
"""How much larger a compressed page is expected to be once it is decoded."""
STEP = 64 * 1024
"""Bytes that arrive between two reports."""


METER: ContextVar[PageMeter | None] = ContextVar("scrapy_crawl4_meter", default=None)
"""The meter of the transfer that the current task does, for handlers that tell it themselves."""


class PageTooLarge(TaskFailed):
    """A page that memory cannot hold even alone; the text says what it needs and what the limit is."""


class PageMeter:
    """Reports the size of one session's page: as declared, while it arrives, and when it is complete.

    :param driver: takes the reports.
    :param session: whose page it is.
    """

    def __init__(self, driver: DispatchDriver[Any], session: Session[Any]) -> None:
        self._driver = driver
        self._session = session
        self._received = 0
        self._reported = 0
        self._too_large = ""

    def declare(self, size: int | None, *, compressed: bool) -> None:
        """Take in the headers of a response: a new one begins.

        :raises StopDownload: when the page cannot fit.
        """
        self._received = self._reported = 0
        if size is not None and size > 0:
            self._judge(self._driver.declare(self._session, size * EXPANSION if compressed else size))

    def receive(self, count: int) -> None:
        """Take in *count* more bytes of body.

        :raises StopDownload: when the page cannot fit.
        """
        self._received += count
        if self._received - self._reported >= STEP:
            self._reported = self._received
            self._judge(self._driver.receive(self._session, self._received))

    def complete(self, size: int) -> None:
        """Take in the size of the whole decoded body.

        :raises PageTooLarge: when the work on it cannot fit.
        """
        self._too_large = self._driver.declare(self._session, size) or self._too_large
        self.refuse_too_large()

    def refuse_too_large(self) -> None:
        """Raise :class:`PageTooLarge` if that is why the download was stopped."""
        if self._too_large:
            raise PageTooLarge(self._too_large)

    def _judge(self, sentence: str) -> None:
        if sentence:
            self._too_large = sentence
            raise StopDownload(fail=True)


@contextmanager
def told_directly(meter: PageMeter) -> Iterator[None]:
    """Let *meter* follow the transfer in the block, whose handler has ``measures`` and tells it by :data:`METER`.

    :raises PageTooLarge: when memory cannot hold the page even alone.
    """
    before = METER.set(meter)
    try:
        yield
    except Exception:
        meter.refuse_too_large()
        raise
    finally:
        METER.reset(before)


class Meters:
    """The meters of requests in transfer; not in ``Request.meta``, which may be stored on disk.

    :param crawler: whose signals are listened to.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._meters: dict[Request, PageMeter] = {}
        crawler.signals.connect(self._headers_received, signals.headers_received)
        crawler.signals.connect(self._bytes_received, signals.bytes_received)

    @contextmanager
    def measured(self, request: Request, meter: PageMeter) -> Iterator[None]:
        """Let *meter* follow the transfer of *request*, which is the block.

        :raises PageTooLarge: when memory cannot hold the page even alone.
        """
        self._meters[request] = meter
        try:
            yield
        except Exception:
            meter.refuse_too_large()
            raise
        finally:
            del self._meters[request]

    def _headers_received(self, headers: Headers, body_length: int | str | None, request: Request) -> None:
        meter = self._meters.get(request)
        if meter is not None:
            # Handlers that are made of Twisted say by a string that the length is unknown.
            known = body_length if isinstance(body_length, int) else None
            meter.declare(known, compressed=b"Content-Encoding" in headers)

    def _bytes_received(self, data: bytes, request: Request) -> None:
        meter = self._meters.get(request)
        if meter is not None:
            meter.receive(len(data))
