"""Keeps a batch whose finished results outgrow memory from being killed."""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
from collections import Counter, deque
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from .. import stats
from ..dispatch.memory import MB, MemoryProbe, give_back_memory
from ..spill import TEXTS, SpillFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..dispatch import BaseDispatcher
    from ..results import CrawlResult

logger = logging.getLogger(__name__)

RECOVERY_PERCENT = 85.0
"""Share of the memory limit up to which results stay in memory, where the dispatcher names none."""
LOOK_EVERY = 4 * MB
"""Bytes of new results between two looks at memory."""
GOAL = 0.75
"""Share of the threshold to which memory falls once it is above: pages need room to arrive in, more than one at a time.
"""
MOST_AT_ONCE = 64 * MB
"""Bytes that one call moves at most: the thread has other work to do."""
MEMORY_FILE_SYSTEMS = frozenset({"tmpfs", "ramfs"})


class Spilling:
    """Moves the oldest finished results of a batch to a file while memory is above the recovery threshold.

    :param dispatcher: names the threshold.
    :param memory_limit_mb: a limit of our own; None takes the system's.
    :param needed_mb: tells how much memory is still going to be needed, in MB; called on any thread.
    """

    def __init__(
        self, dispatcher: BaseDispatcher, memory_limit_mb: float | None, needed_mb: Callable[[], float] = lambda: 0.0
    ) -> None:
        self.counts: Counter[str] = Counter()
        """Statistics, by the names of Scrapy's collector."""
        own = getattr(dispatcher, "recovery_threshold_percent", None)
        self._threshold = own if isinstance(own, (int, float)) else RECOVERY_PERCENT
        self._limit_mb = memory_limit_mb
        self._needed_mb = needed_mb
        self._results: deque[CrawlResult] = deque()
        self._unseen = 0
        self._falling = False
        self._probe: MemoryProbe | None = None
        self._file: SpillFile | None = None
        self._busy = threading.Lock()

    def add(self, result: CrawlResult) -> None:
        """Take in a finished result, which nobody changes from now on until the end of the batch."""
        self._results.append(result)
        self._unseen += _weight(result)

    @property
    def due(self) -> bool:
        """Whether so much was added that it is time to :meth:`look`."""
        return self._unseen >= LOOK_EVERY

    def notice(self, percent: float | None) -> bool:
        """Take in how much memory is or will be used; return True if that is too much and :meth:`look` can help."""
        if percent is None or percent <= self._threshold or not self._results:
            return False
        self._unseen = LOOK_EVERY
        return True

    def look(self) -> None:
        """Measure memory if much was added or it was too much, and move results as needed; on a thread that may wait.

        Never raises. It ends when memory is below the threshold or a good deal is moved.
        """
        if self._unseen < LOOK_EVERY or not self._results or not self._busy.acquire(blocking=False):
            return
        try:
            self._relieve()
        except Exception:
            logger.exception("Results could not be moved out of memory")
        finally:
            self._busy.release()

    def close(self) -> None:
        """Let go of the results: they belong to whoever takes the batch."""
        self._results.clear()
        self._file = None

    def _relieve(self) -> None:
        self._unseen = 0
        if not self._falling and self._above(self._threshold) > 0:
            # What the content stages left over is worth nothing to anybody: it goes first.
            give_back_memory()
            self._falling = self._above(self._threshold) > 0
        moved = 0
        while self._falling and moved < MOST_AT_ONCE:
            excess = self._above(self._threshold * GOAL)
            self._falling = excess > 0 and bool(self._results)
            if self._falling:
                moved += self._move(min(excess, MOST_AT_ONCE - moved))
                give_back_memory()
        if self._falling:
            self._unseen = LOOK_EVERY

    def _above(self, percent: float) -> float:
        """Return how many bytes are in use, or are going to be, above that share of the limit."""
        if self._probe is None:
            self._probe = MemoryProbe(self._limit_mb)
        sample = self._probe.sample()
        return (sample.used_mb + self._needed_mb() - sample.limit_mb * percent / 100) * MB

    def _move(self, wanted: float) -> int:
        file = self._file = self._file or SpillFile(disk_folder())
        moved = 0
        while moved < wanted and (result := self._oldest()) is not None:
            size = result.spill(file)
            moved += size
            self.counts[stats.SPILLED] += size > 0
            self.counts[stats.SPILLED_BYTES] += size
        return moved

    def _oldest(self) -> CrawlResult | None:
        try:
            return self._results.popleft()
        except IndexError:  # perhaps since this one is closed, from another thread
            return None


def _weight(result: CrawlResult) -> int:
    fields = result.__dict__
    return sum(sys.getsizeof(fields[name]) for name in TEXTS if name in fields) + result.packed_size


def disk_folder() -> str | None:
    """Return the folder for a file that is to save memory: the usual one, unless that is memory itself.

    Many systems keep ``/tmp`` in memory, and ``/var/tmp`` on a disk.
    """
    usual = Path(tempfile.gettempdir())
    if _is_memory(usual) and (other := Path("/var/tmp")).is_dir() and not _is_memory(other):  # noqa: S108 - no name
        return str(other)
    return None


def _is_memory(folder: Path) -> bool:
    try:
        mounts = {Path(mount.mountpoint): mount.fstype for mount in psutil.disk_partitions(all=True)}
    except (OSError, psutil.Error):
        return False
    path = folder.resolve()
    return next((mounts[each] for each in (path, *path.parents) if each in mounts), "") in MEMORY_FILE_SYSTEMS
