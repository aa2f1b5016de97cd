"""Bytes on the disk."""

from __future__ import annotations

import os

data_sync = getattr(os, "fdatasync", os.fsync)
"""Returns when what was written to a file descriptor outlasts a power cut."""


def write_all(fd: int, data: bytes | bytearray) -> None:
    """Write *data* where the file descriptor *fd* stands; raise ``OSError`` when there is no room for all of it."""
    with memoryview(data) as whole:
        written = 0
        while written < len(data):
            written += os.write(fd, whole[written:])


def open_file(path: str | os.PathLike[str]) -> int:
    """Open *path* to read and write, made when it is not there."""
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
