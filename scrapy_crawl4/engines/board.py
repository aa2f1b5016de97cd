"""What an engine process is at, where it can be read after its end, however that came."""

from __future__ import annotations

import mmap
import struct
import tempfile
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from typing import Self

SLOT = struct.Struct("<qq")
SLOTS = 4096
"""Tasks that can be noted; what is begun beyond them is not."""


class Board:
    """Memory that two processes share, with one line for each task that is begun: its run, and its index plus 1.

    To note a task costs a write to memory, no call of the system and no message that could get lost.

    :param descriptor: of the file that :meth:`made` made.
    """

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, SLOT.size * SLOTS)
        self._free = list(range(SLOTS - 1, -1, -1))
        self._slots: dict[tuple[int, int], int] = {}

    @classmethod
    def made(cls) -> tuple[Self, BinaryIO]:
        """Return a new one, and the file to hand to the other process and to close."""
        file = cast("BinaryIO", tempfile.TemporaryFile(prefix="scrapy-crawl4-", buffering=0))  # noqa: SIM115 - the caller's
        file.truncate(SLOT.size * SLOTS)
        return cls(file.fileno()), file

    def begin(self, run: int, index: int) -> None:
        """Note that the task *index* of *run* is begun."""
        if self._free and (run, index) not in self._slots:
            slot = self._slots[run, index] = self._free.pop()
            SLOT.pack_into(self._memory, slot * SLOT.size, run, index + 1)

    def end(self, run: int, index: int) -> None:
        """Note that it is not being worked on any more."""
        slot = self._slots.pop((run, index), None)
        if slot is not None:
            SLOT.pack_into(self._memory, slot * SLOT.size, 0, 0)
            self._free.append(slot)

    def begun(self) -> list[tuple[int, int]]:
        """Return run and index of each task that the other process was at, in no order."""
        return [(run, index - 1) for run, index in SLOT.iter_unpack(self._memory[:]) if index]

    def close(self) -> None:
        """Let go of the memory."""
        self._memory.close()
