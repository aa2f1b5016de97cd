"""What is to be written into the cache, done by a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from . import schema
from .record import pack

if TYPE_CHECKING:
    import sqlite3

    from .file import CacheFile
    from .record import Record

logger = logging.getLogger(__name__)

PAUSE = 0.1
"""Seconds for which records are collected into one transaction."""
ENOUGH = 4 * 1024 * 1024
"""Bytes with which no more is waited for."""
MOST = 64 * 1024 * 1024
"""Bytes that may wait; whoever puts more waits too."""


class CacheWriter:
    """Writes records behind the back of those who put them, who find them here until they are in the file.

    :param file: where to; used by no other thread.
    :param most_bytes: what the file may hold; the least recently used entries go.
    :param packs: whether bodies are packed.
    """

    def __init__(self, file: CacheFile, most_bytes: int, *, packs: bool) -> None:
        self._file = file
        self._most_bytes = most_bytes
        self._packs = packs
        self._changed = threading.Condition()
        self._records: dict[bytes, Record] = {}
        self._under_way: dict[bytes, Record] = {}
        self._touched: dict[bytes, float] = {}
        self._bytes = 0
        self._hurry = 0
        self._ending = False
        self._thread: threading.Thread | None = None

    @property
    def is_full(self) -> bool:
        """Whether so much waits that the next should wait with :meth:`flush`."""
        return self._bytes > MOST

    def find(self, key: bytes) -> Record | None:
        """Return what was put last under *key* and may not be in the file yet."""
        with self._changed:
            return self._records.get(key) or self._under_way.get(key)

    def put(self, record: Record) -> None:
        """Write *record* soon."""
        with self._changed:
            self._records[record.key] = record
            self._bytes += record.size
            self._wake(only_if=len(self._records) == 1 or self._bytes > ENOUGH)

    def touch(self, key: bytes, when: float) -> None:
        """Note soon that the entry of *key* was used at *when*, seconds since the epoch."""
        with self._changed:
            self._touched[key] = when
            self._wake(only_if=len(self._touched) == 1)

    def flush(self) -> None:
        """Return when what was put before is in the file, or given up."""
        with self._changed:
            self._hurry += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._thread is None or not (self._waiting or self._under_way))
            self._hurry -= 1

    def close(self) -> None:
        """Write what waits and end the thread; a later :meth:`put` starts one again."""
        with self._changed:
            thread, self._ending = self._thread, True
            self._changed.notify_all()
        if thread is not None:
            thread.join()
        self._ending = False
        self._file.close()

    @property
    def _waiting(self) -> bool:
        return bool(self._records or self._touched)

    def _wake(self, *, only_if: bool) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="crawl4-cache", daemon=True)
            self._thread.start()
        elif only_if:
            self._changed.notify_all()

    def _run(self) -> None:
        while self._collect():
            try:
                self._write(list(self._under_way.values()))
            except Exception:  # whoever flushes waits for this thread, and a cache may forget
                logger.exception("Some pages could not be written into the cache")
            with self._changed:
                self._under_way = {}
                self._changed.notify_all()

    def _collect(self) -> bool:
        """Wait for something to write and take it; False when there is nothing and the thread is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ending)
            ends = time.monotonic() + PAUSE
            while not self._ending and not self._hurry and self._bytes <= ENOUGH:
                if (left := ends - time.monotonic()) <= 0:
                    break
                self._changed.wait(left)
            if not self._waiting:
                self._thread = None
                return False
            self._under_way, self._records = self._records, {}
            self._bytes = 0
            return True

    def _write(self, records: list[Record]) -> None:
        with self._changed:
            touched, self._touched = self._touched, {}
        if self._packs:
            records = [_packed(record) for record in records]

        def work(connection: sqlite3.Connection) -> bool:
            schema.write(connection, records, touched)
            if records:
                schema.evict(connection, self._most_bytes)
            return True

        # A second time where the file had to be replaced.
        self._file.run(work, default=False) or self._file.run(work, default=False)


def _packed(record: Record) -> Record:
    body, packed = pack(record.body or b"")
    return replace(record, body=body, packed=packed, size=len(body))
