"""What a crawl still has to do, in a file that a killed process leaves behind complete."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Self

from .exceptions import JobError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FILE_NAME = "crawl4.pending"
"""Its name in the job's directory."""

TABLES = """
CREATE TABLE IF NOT EXISTS pending (number INTEGER PRIMARY KEY, request BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS grown (path TEXT PRIMARY KEY, device INTEGER, inode INTEGER, size INTEGER);
CREATE TABLE IF NOT EXISTS run (ended TEXT NOT NULL);
"""


class PendingRequests:
    """Requests that were scheduled and are not done, each a number and bytes.

    Changes count from the next :meth:`commit` on, all of them together. Killing the process at any point leaves the
    state of the last one; a power cut may leave an older one. One process at a time.

    :param folder: the directory of the job, which exists.
    :raises JobError: when another process uses it, or the file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / FILE_NAME, timeout=2)
        try:
            # Without memory shared with others, so that it works on network file systems too.
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode = WAL")
            # Written pages outlive the process; waiting for the disk would only help against power cuts.
            self._database.execute("PRAGMA synchronous = OFF")
            self._database.executescript(TABLES)
        except sqlite3.Error as error:
            self._database.close()
            raise JobError(_refusal(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def ended(self) -> str | None:
        """What the last run said when it ended: its mark, "" when it was killed, None when there was none."""
        row = self._database.execute("SELECT ended FROM run").fetchone()
        return None if row is None else str(row[0])

    @property
    def last_number(self) -> int:
        """The highest number in use; 0 with none."""
        return int(self._database.execute("SELECT coalesce(max(number), 0) FROM pending").fetchone()[0])

    def __len__(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM pending").fetchone()[0])

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Yield numbers and requests, in the order of the numbers."""
        yield from self._database.execute("SELECT number, request FROM pending ORDER BY number")

    def add(self, number: int, request: bytes) -> None:
        """Keep *request* until :meth:`remove`."""
        self._database.execute("INSERT OR REPLACE INTO pending VALUES (?, ?)", (number, request))

    def remove(self, numbers: Iterable[int]) -> None:
        """Forget requests that are done."""
        self._database.executemany("DELETE FROM pending WHERE number = ?", ((number,) for number in numbers))

    def clear(self) -> None:
        """Forget all requests."""
        self._database.execute("DELETE FROM pending")

    def commit(self, grown: Iterable[Path] = (), ended: str = "") -> None:
        """Let all changes count.

        :param grown: files that the crawl only appends to, everything flushed that goes with these changes.
        :param ended: the mark of an orderly end; "" while the run goes on.
        """
        self._database.execute("DELETE FROM grown")
        # One that somebody has moved away is complete.
        measured = [_measured(path) for path in grown if path.exists()]
        self._database.executemany("INSERT OR REPLACE INTO grown VALUES (?, ?, ?, ?)", measured)
        if self.ended != ended:
            self._database.execute("DELETE FROM run")
            self._database.execute("INSERT INTO run VALUES (?)", (ended,))
        self._database.commit()

    def cut_grown(self) -> None:
        """After a killed run, cut the files of its last commit back to their sizes at that time.

        What they have beyond is of requests that are still pending, and its end may be half a record.
        """
        if self.ended != "":
            return
        for path, *identity, size in self._database.execute("SELECT path, device, inode, size FROM grown"):
            try:
                found = os.stat(path)
            except FileNotFoundError:
                continue
            # Another file of that name is not ours to cut.
            if [found.st_dev, found.st_ino] == identity and found.st_size > size:
                os.truncate(path, size)

    def close(self) -> None:
        """Drop what was not committed, and let the file go."""
        self._database.close()


def _measured(path: Path) -> tuple[str, int, int, int]:
    found = path.stat()
    return str(path.absolute()), found.st_dev, found.st_ino, found.st_size


def _refusal(error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return "JOBDIR is in use by another crawl; end that one, or give each crawl a directory of its own."
    return f"{FILE_NAME} in JOBDIR cannot be read ({error}); remove it to go on with what Scrapy itself has kept."
