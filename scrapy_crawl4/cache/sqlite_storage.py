"""The cache in one SQLite file."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.utils.asyncio import run_in_thread
from scrapy.utils.project import data_path

from ..config.settings import Crawl4Settings
from . import schema
from .file import CacheFile
from .keys import cache_key, variant, vary_names
from .record import Record, head_of
from .writer import CacheWriter

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.http import Response
    from scrapy.settings import BaseSettings

NAME = "responses.sqlite"
MB = 1024 * 1024
LARGE = 256 * 1024
"""Bytes from which a body is read in a thread."""
TOUCH_AFTER = 60.0
"""Seconds for which a use that was noted counts for further ones."""
READ_PATIENCE = 0.5
WRITE_PATIENCE = 30.0
TIMESTAMP = "cache_timestamp"
"""Scrapy's meta key: when the response that was found in the cache was stored, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is opened when it is first needed: connections for the loop and for threads, so that neither waits."""

    reader: CacheFile
    large: CacheFile
    writer: CacheWriter


class SqliteCacheStorage:
    """``HTTPCACHE_STORAGE = "scrapy_crawl4.cache.SqliteCacheStorage"``: one file, for any number of processes.

    The file is ``responses.sqlite`` in ``HTTPCACHE_DIR``, made when the first response is stored. It survives the end
    of a process at any point, grows to ``CRAWL4_CACHE_MAX_MB`` and then loses what was not used for longest.
    ``HTTPCACHE_EXPIRATION_SECS`` counts as in Scrapy's storages, and with ``HTTPCACHE_GZIP`` bodies are packed (by
    zlib's fastest level). Requests have the same entry when :func:`~scrapy_crawl4.cache.keys.cache_key` and the
    headers named in the response's ``Vary`` are the same.

    Writing is done by a thread that collects what comes within a tenth of a second; what was stored is found at once.

    :raises ValueError: for a ``CRAWL4_`` setting that breaks its rule.
    """

    def __init__(self, settings: BaseSettings) -> None:
        self.expiration_secs: float = settings.getfloat("HTTPCACHE_EXPIRATION_SECS")
        self._folder: str = settings["HTTPCACHE_DIR"]
        self._packs = settings.getbool("HTTPCACHE_GZIP")
        self._most_bytes = Crawl4Settings.from_settings(settings).cache_max_mb * MB
        self._opened: _Parts | None = None

    def open_spider(self, spider: Spider) -> None:
        """Do nothing: the file is opened when it is first needed."""

    def close_spider(self, spider: Spider) -> None:
        """Write what waits and close the file."""
        self.close()

    def close(self) -> None:
        """Do the same; whatever comes later opens it again."""
        if self._opened is not None:
            for part in (self._opened.writer, self._opened.reader, self._opened.large):
                part.close()

    def retrieve_response(self, spider: Spider | None, request: Request) -> Response | None:
        """Return the response that is kept for *request*, with the time it was stored in its meta; None without one."""
        _, record = self._find(request, sys.maxsize)
        return self._used(request, record)

    async def retrieve_response_async(self, request: Request, *, touch: bool = True) -> Response | None:
        """Do the same, reading a large body in a thread.

        :param touch: whether this use counts when the least recently used entries have to go.
        """
        number, record = self._find(request, LARGE)
        if record is not None and record.body is None:
            body = await run_in_thread(self._body, number)
            record = None if body is None else replace(record, body=body)
        return self._used(request, record, touch=touch)

    def peek(self, request: Request) -> Response | None:
        """Return the response that is kept for *request*, without its body and without saying that it was used."""
        _, record = self._find(request, -1)
        return None if record is None else replace(record, body=None).response()

    def store_response(self, spider: Spider | None, request: Request, response: Response) -> None:
        """Keep *response*. Where *request* found it in the cache before, the host has just said that it is good."""
        record = self._record(request, response)
        if record is None:
            return
        writer = self._parts().writer
        writer.put(record)
        if writer.is_full:
            writer.flush()

    async def store_response_async(self, request: Request, response: Response) -> None:
        """Do the same, waiting for the disk without holding anybody up where much is to be written."""
        record = self._record(request, response)
        if record is None:
            return
        writer = self._parts().writer
        writer.put(record)
        if writer.is_full:
            await run_in_thread(writer.flush)

    def flush(self) -> None:
        """Return when everything that was stored is in the file."""
        if self._opened is not None:
            self._opened.writer.flush()

    def _parts(self) -> _Parts:
        if self._opened is None:
            path = Path(data_path(self._folder), NAME)
            written = CacheFile(path, create=True, patience=WRITE_PATIENCE)
            self._opened = _Parts(
                reader=CacheFile(path, create=False, patience=READ_PATIENCE),
                large=CacheFile(path, create=False, patience=WRITE_PATIENCE),
                writer=CacheWriter(written, self._most_bytes, packs=self._packs),
            )
        return self._opened

    def _find(self, request: Request, body_up_to: int) -> tuple[int, Record | None]:
        parts = self._parts()
        key = cache_key(request)
        number, record = 0, parts.writer.find(key)
        if record is None:
            found = parts.reader.run(lambda connection: schema.find(connection, key, body_up_to), None)
            number, record = found or (0, None)
        if record is None or self._has_expired(record) or record.variant != variant(record.names, request):
            return 0, None
        return number, record

    def _has_expired(self, record: Record) -> bool:
        return 0 < self.expiration_secs < time.time() - record.checked

    def _body(self, number: int) -> bytes | None:
        return self._parts().large.run(lambda connection: schema.body_of(connection, number), None)

    def _used(self, request: Request, record: Record | None, *, touch: bool = True) -> Response | None:
        if record is None:
            # A redirect copies the meta of the request before.
            request.meta.pop(TIMESTAMP, None)
            return None
        now = time.time()
        if touch and now - record.used > TOUCH_AFTER:
            self._parts().writer.touch(record.key, now)
        request.meta[TIMESTAMP] = record.stored
        return record.response()

    def _record(self, request: Request, response: Response) -> Record | None:
        names = vary_names(response, request)
        if names is None or len(response.body) > self._most_bytes:
            return None
        now = time.time()
        return Record(
            key=cache_key(request),
            vary=",".join(names),
            variant=variant(names, request),
            url=response.url,
            status=response.status,
            head=head_of(response),
            body=response.body,
            packed=False,
            size=len(response.body),
            stored=request.meta.get(TIMESTAMP, now),
            checked=now,
            used=now,
        )
