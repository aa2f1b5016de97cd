"""One user of a folder at a time, whatever becomes of the process."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from pathlib import Path


class FileLock:
    """Holds the exclusive lock of a file, which the system lets go of when the process ends, however it ends.

    It also keeps out others of the same process.

    :param path: the file; made when it is not there, and never removed, since another may be about to lock it.
    :raises BlockingIOError: when somebody holds the lock.
    :raises OSError: when the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self._lock()
        except BaseException:
            os.close(self._fd)
            raise

    def _lock(self) -> None:
        if sys.platform == "win32":
            try:
                msvcrt.locking(self._fd, msvcrt.LK_NBLCK, 1)
            except PermissionError as error:
                raise BlockingIOError(*error.args) from None
        else:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Let go of the lock."""
        if sys.platform != "win32":
            fcntl.flock(self._fd, fcntl.LOCK_UN)  # a forked child may have the descriptor too
        os.close(self._fd)
