"""The tables of the cache, and what is done in them."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from .record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

APPLICATION_ID = 0x63346361
"""Says in the file's header that it is ours."""
VERSION = 1

TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    vary TEXT NOT NULL,
    variant BLOB NOT NULL,
    url TEXT NOT NULL,
    status INTEGER NOT NULL,
    head TEXT NOT NULL,
    packed INTEGER NOT NULL,
    size INTEGER NOT NULL,
    stored REAL NOT NULL,
    checked REAL NOT NULL,
    used REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_used ON entries (used);
-- Apart, so that neither a hit, which writes when it was, nor eviction has to move bodies.
CREATE TABLE IF NOT EXISTS bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
PRAGMA application_id = {application_id};
PRAGMA user_version = {version};
COMMIT;
"""
COLUMNS = "key, vary, variant, url, status, head, packed, size, stored, checked, used"
PUT = """
INSERT INTO entries (key, vary, variant, url, status, head, packed, size, stored, checked, used)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    vary = excluded.vary, variant = excluded.variant, url = excluded.url, status = excluded.status,
    head = excluded.head, packed = excluded.packed, size = excluded.size, stored = excluded.stored,
    checked = excluded.checked, used = excluded.used
"""
VACUUM_PAGES = 10_000
OLDEST_AT_A_TIME = 64


class ForeignFileError(sqlite3.DatabaseError):
    """A database that is somebody else's, or that of another version of this package."""


def check_owner(connection: sqlite3.Connection) -> bool:
    """Return whether the tables are there; False for a new file.

    :raises ForeignFileError: for a file with tables of somebody else.
    """
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables:
        return False
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, version) != (APPLICATION_ID, VERSION):
        raise ForeignFileError("it is no cache of this version")
    return True


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in a new file, unless another process has done so by now; one at a time may try."""
    if check_owner(connection):
        return
    # Both only take effect in a file without tables.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(TABLES.format(application_id=APPLICATION_ID, version=VERSION))


def find(connection: sqlite3.Connection, key: bytes, body_up_to: int) -> tuple[int, Record] | None:
    """Return the number and the record of *key*, with its body if that has at most so many bytes."""
    row = connection.execute(
        f"SELECT id, {COLUMNS}, CASE WHEN size <= ? THEN (SELECT body FROM bodies WHERE bodies.id = entries.id) END "  # noqa: S608 - no input
        "FROM entries WHERE key = ?",
        (body_up_to, key),
    ).fetchone()
    if row is None:
        return None
    number, key, vary, variant, url, status, head, packed, size, stored, checked, used, body = row
    record = Record(key, vary, variant, url, status, head, body, bool(packed), size, stored, checked, used)
    return number, record


def body_of(connection: sqlite3.Connection, number: int) -> bytes | None:
    """Return the body of the entry *number*; None if it has gone."""
    row = connection.execute("SELECT body FROM bodies WHERE id = ?", (number,)).fetchone()
    return None if row is None else row[0]


def write(connection: sqlite3.Connection, records: Iterable[Record], touched: Mapping[bytes, float]) -> None:
    """Put *records*, and note when the entries *touched* were used, in one transaction."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for record in records:
            _put(connection, record)
        connection.executemany(
            "UPDATE entries SET used = max(used, ?) WHERE key = ?", [(when, key) for key, when in touched.items()]
        )


def _put(connection: sqlite3.Connection, record: Record) -> None:
    values = [getattr(record, name) for name in COLUMNS.split(", ")]
    connection.execute(PUT, values)
    connection.execute(
        "INSERT OR REPLACE INTO bodies (id, body) SELECT id, ? FROM entries WHERE key = ?",
        (record.body or b"", record.key),
    )


def evict(connection: sqlite3.Connection, most_bytes: int) -> None:
    """Take the least recently used entries off until what is left has at most so many bytes in the file.

    Sizes are whole pages of the file, indexes and all; pages that become free go back to the file system where the
    file is larger than it may be.
    """
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    while _pages(connection, free=False) * page > most_bytes:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            excess = _pages(connection, free=False) * page - most_bytes
            if not _drop_oldest(connection, excess):
                break
    if _pages(connection, free=True) * page > most_bytes:
        # execute() would free one page: the statement gives no rows, and is not stepped to its end.
        connection.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")


def _drop_oldest(connection: sqlite3.Connection, excess: int) -> bool:
    """Drop entries of *excess* bytes in all, some at a time; return False when there are none."""
    oldest = connection.execute("SELECT id, size FROM entries ORDER BY used LIMIT ?", (OLDEST_AT_A_TIME,)).fetchall()
    for number, size in oldest:
        connection.execute("DELETE FROM bodies WHERE id = ?", (number,))
        connection.execute("DELETE FROM entries WHERE id = ?", (number,))
        excess -= size
        if excess <= 0:
            break
    return bool(oldest)


def _pages(connection: sqlite3.Connection, *, free: bool) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (unused,) = connection.execute("PRAGMA freelist_count").fetchone()
    return int(pages) if free else int(pages) - int(unused)
