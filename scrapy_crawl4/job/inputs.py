"""What elements a job began with, in eight bytes each."""

from __future__ import annotations

import os
from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING

from .disk import data_sync, open_file, write_all

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 8
"""Bytes of a digest."""
END = b"\xff" * WIDTH
"""Stands behind the digest of the last element, once that is known."""
LOST = b"\x00" * WIDTH
"""What a power cut may leave in place of a digest."""


class Known(Enum):
    """What an earlier run says of an element."""

    SAME = auto()
    OTHER = auto()
    NEW = auto()
    """It did not come so far."""
    BEYOND = auto()
    """It came to its end before."""


class InputsFile:
    """Digests of the elements in the order of the input, compared as they are read again.

    :meth:`read` and :meth:`read_to_end` are for one thread, the others for one that may be another.

    :raises OSError: when the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._fd = open_file(path)
        try:
            known, self.ended = _sound_part(self._fd)
            os.ftruncate(self._fd, (known + self.ended) * WIDTH)
            self._earlier = path.open("rb")
        except BaseException:
            os.close(self._fd)
            raise
        self.known = known
        """Elements that earlier runs read."""
        self.count = 0
        """Elements that this run read."""
        self._new: deque[bytes] = deque()
        self._unwritten = bytearray()
        self._written = 0

    def read(self, digest: bytes) -> Known:
        """Take in the digest of the next element, and say whether it is what it was."""
        if self.count >= self.known:
            if self.ended:
                return Known.BEYOND
            self._new.append(digest)
            self.count += 1
            return Known.NEW
        earlier = self._earlier.read(WIDTH)
        self.count += 1
        return Known.SAME if earlier in (digest, LOST) else Known.OTHER

    def read_to_end(self) -> bool:
        """Take in that there are no more elements; False if an earlier run had more of them."""
        if self.count < self.known:
            return False
        if not self.ended:
            self.ended = True
            self._new.append(END)
        return True

    def flush(self) -> None:
        """Write what was taken in; raise ``OSError`` when there is no room."""
        while self._new:
            self._unwritten += self._new.popleft()
        if self._unwritten:
            # Not where an earlier try may have ended, which wrote a part.
            os.lseek(self._fd, self.known * WIDTH + self._written, os.SEEK_SET)
            write_all(self._fd, self._unwritten)
            self._written += len(self._unwritten)
            self._unwritten.clear()

    def sync(self) -> None:
        """Return when what was written outlasts a power cut."""
        if self._written:
            data_sync(self._fd)

    def close(self) -> None:
        """Close the file."""
        self._earlier.close()
        os.close(self._fd)


def _sound_part(fd: int) -> tuple[int, bool]:
    """Return how many digests there are, and whether the end is behind them."""
    count = os.fstat(fd).st_size // WIDTH

    def last() -> bytes:
        os.lseek(fd, (count - 1) * WIDTH, os.SEEK_SET)
        return os.read(fd, WIDTH)

    while count and last() == LOST:
        count -= 1
    ended = count > 0 and last() == END
    return count - ended, ended
