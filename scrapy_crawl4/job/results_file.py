"""The results of a job, appended to one file, and where in it each one is."""

from __future__ import annotations

import os
from array import array
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, BinaryIO

from .disk import data_sync, open_file, write_all
from .folder import LONGEST_ECHO, sync_folder
from .record import Record, decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

RESULTS = "results.jsonl"
INDEX = "index.bin"
ENTRY = 16
"""Bytes of an entry of the index."""
LEAST = 4096
"""Bytes of the index that are written at a time; what a process that is killed leaves out is found by reading."""
CHUNK = 1 << 16
"""Entries that are read at a time."""
MOST = 1 << 34
"""Positions of elements that are believed."""


class ResultsFile:
    """``results.jsonl``, a line for each finished element, and ``index.bin``, which says where the lines are.

    The index has two numbers of eight bytes for each line, the element's position and the line's. It saves reading
    all the results again; where it does not fit them, it is made anew. In memory there are eight bytes for each
    element.

    :param folder: of the job.
    :raises OSError: when one of them cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self._places = array("Q")
        """For each position, one more than where its line begins; 0 for none."""
        self._index_works = True
        self._is_kept = False
        self._entries = array("Q")
        """Of the index, still to be written."""
        self._path = folder / RESULTS
        with ExitStack() as stack:
            self._fd = open_file(self._path)
            stack.callback(os.close, self._fd)
            self._index = open_file(folder / INDEX)
            stack.callback(os.close, self._index)
            self._reader = stack.enter_context(self._path.open("rb"))
            self._end = 0
            """Where the next line goes."""
            self._load()
            self._opened = stack.pop_all()

    def has(self, index: int) -> bool:
        """Whether the element at the position *index* is finished; may be called from any thread."""
        return index < len(self._places) and self._places[index] != 0

    def append(self, lines: Iterable[tuple[int, list[bytes]]]) -> None:
        """Write *lines*, each a position and the pieces of its line; all of them, or none.

        Returns when they outlast a power cut.

        :raises OSError: when that is not possible; what was written before is kept.
        """
        written: list[tuple[int, int]] = []
        try:
            os.lseek(self._fd, self._end, os.SEEK_SET)
            for index, pieces in lines:
                # One by one: what is in the processor's cache is made a line, and written, several times as fast.
                line = b"".join(pieces)
                write_all(self._fd, line)
                written.append((index, len(line)))
            data_sync(self._fd)
            self._keep_name()
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, self._end)
            raise
        for index, size in written:
            self._note(index, self._end)
            self._entries.extend((index, self._end))
            self._end += size
        if len(self._entries) * self._entries.itemsize >= LEAST:
            self._extend_index()

    def read(self, index: int) -> Record | None:
        """Return the record of the finished element at *index*; None when the file was changed from outside.

        :raises OSError: when it cannot be read.
        """
        record = self._record_at(self._reader, self._places[index] - 1)
        return record if record is not None and record.index == index else None

    def url(self, index: int) -> str | None:
        """Return the URL of the finished element at *index*, as far as a sentence repeats it; None if it is unreadable.

        May be called from any thread.
        """
        try:
            with self._path.open("rb") as file:
                record = self._record_at(file, self._places[index] - 1)
        except OSError:
            return None
        url = None if record is None else record.fields.get("url")
        return url[:LONGEST_ECHO] if isinstance(url, str) else None

    def close(self) -> None:
        """Close both files."""
        self._extend_index()
        self._opened.close()

    def _load(self) -> None:
        self._end = start = self._load_index()
        self._reader.seek(start)
        for line in self._reader:
            if not line.endswith(b"\n"):  # the process or the system ended while it was written
                break
            record = decode(line)
            if record is not None and not self.has(record.index):
                self._note(record.index, self._end)
                self._entries.extend((record.index, self._end))
            self._end += len(line)
        os.ftruncate(self._fd, self._end)
        self._extend_index()

    def _load_index(self) -> int:
        """Read the index; return where the first line begins that is not in it."""
        size, place, index = os.fstat(self._fd).st_size, -1, 0
        for index, following in _entries(self._index):
            if not place < following < size or index > MOST:
                return self._forget_index()
            place = following
            self._note(index, place)
        if place < 0:
            return 0
        record = self._record_at(self._reader, place)
        return self._reader.tell() if record is not None and record.index == index else self._forget_index()

    def _forget_index(self) -> int:
        os.ftruncate(self._index, 0)
        os.lseek(self._index, 0, os.SEEK_SET)
        self._places = array("Q")
        return 0

    def _keep_name(self) -> None:
        """See to it once that the file itself outlasts a power cut, and its folder."""
        if not self._is_kept:
            sync_folder(self._path.parent)
            sync_folder(self._path.parent.parent)
            self._is_kept = True

    def _note(self, index: int, place: int) -> None:
        missing = index + 1 - len(self._places)
        if missing > 0:
            self._places.frombytes(bytes(missing * self._places.itemsize))
        self._places[index] = place + 1

    def _extend_index(self) -> None:
        """Write the entries; an index that cannot be written ends there, and is completed next time."""
        if self._index_works and self._entries:
            try:
                write_all(self._index, self._entries.tobytes())
            except OSError:
                self._index_works = False
        self._entries = array("Q")

    @staticmethod
    def _record_at(file: BinaryIO, place: int) -> Record | None:
        file.seek(place)
        line = file.readline()
        return decode(line) if line.endswith(b"\n") else None


def _entries(fd: int) -> Iterator[tuple[int, int]]:
    """Yield the entries of the index, which is left standing behind the last whole one."""
    whole = os.fstat(fd).st_size // ENTRY * ENTRY
    os.ftruncate(fd, whole)
    os.lseek(fd, 0, os.SEEK_SET)
    while whole > 0 and (chunk := os.read(fd, min(whole, CHUNK * ENTRY))):
        whole -= len(chunk)
        numbers = array("Q", chunk)
        yield from zip(numbers[::2], numbers[1::2], strict=True)
