"""One connection to the file of the cache, which outlives whatever happens to the file."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from . import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

T = TypeVar("T")

COMPANIONS = ("", "-wal", "-shm")
"""What SQLite keeps of a database, by the end of its name."""
DAMAGED = (sqlite3.DatabaseError, schema.ForeignFileError)
"""What SQLite raises for a file that is damaged or no database; subclasses are for what passes, or for one entry."""
WAL_BYTES = 32 * 1024 * 1024


class CacheFile:
    """A connection that opens the file when it is first needed, and anew when the file was replaced or deleted.

    A cache may forget, and must not disturb: what cannot be read is a miss and what cannot be written is dropped, with
    one warning. A file that is damaged or somebody else's is moved aside, and a new one begun.

    :param path: of the file; its folder is made with it.
    :param create: whether a file that is not there is made; without it there is nothing to find then.
    :param patience: seconds to wait for other processes.
    """

    def __init__(self, path: Path, *, create: bool, patience: float) -> None:
        self._path = path
        self._create = create
        self._patience = patience
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._complained = False
        self._lock = threading.RLock()

    def run(self, work: Callable[[sqlite3.Connection], T], default: T) -> T:
        """Return what *work* makes of the connection, or *default* where there is no file, or none that serves."""
        with self._lock:
            try:
                connection = self._current()
                return default if connection is None else work(connection)
            except (sqlite3.Error, OSError) as error:
                if type(error) in DAMAGED:
                    self._replace(error)
                else:
                    self._complain(error)
                return default

    def close(self) -> None:
        """Close the connection; the next :meth:`run` opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _current(self) -> sqlite3.Connection | None:
        identity = _identity(self._path)
        if self._connection is not None and identity == self._identity:
            return self._connection
        self.close()
        if identity is None and not self._create:
            return None
        self._connection = self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        if self._create:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None, check_same_thread=False)
        try:
            if not schema.check_owner(connection):
                with _alone(self._path.with_suffix(".lock")):
                    schema.create(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        except BaseException:
            connection.close()
            raise
        self._identity = _identity(self._path)
        return connection

    def _replace(self, error: Exception) -> None:
        """Move the file aside, unless another process has done so since it was opened here."""
        damaged = self._identity if self._connection is not None else _identity(self._path)
        self.close()
        try:
            with _alone(self._path.with_suffix(".lock")):
                if damaged is None or damaged != _identity(self._path):
                    return
                aside = f"{self._path}.broken-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
                for end in COMPANIONS:
                    with contextlib.suppress(FileNotFoundError):
                        os.replace(f"{self._path}{end}", f"{aside}{end}")
        except OSError as failure:
            self._complain(failure)
            return
        logger.warning(
            "The cache could not be read (%s), so its file was moved aside as %s and a new one is begun.",
            _reason(error),
            Path(aside).name,
        )

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            logger.warning("The cache cannot be used: %s; pages are fetched without it.", _reason(error))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes out of the block."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _reason(error: Exception) -> str:
    return str((isinstance(error, OSError) and error.strerror) or error).lower().rstrip(".")
