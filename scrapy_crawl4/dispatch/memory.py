"""How much memory is left before something ends this process."""

from __future__ import annotations

import contextlib
import ctypes
import time
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from ._validate import number
from .cgroups import MemoryGroup, memory_groups

MB = 1024 * 1024
NEARLY_REACHED = 0.8
"""Share of a limit from which on it counts more than how many bytes are left."""
CHILDREN_EVERY = 5
"""Samples between two looks for the first child process, which read the whole process table."""
CHILDREN_AFTER = 0.25
"""Seconds between two such looks once there are some."""


@dataclass(frozen=True, slots=True)
class MemorySample:
    """Memory at one moment.

    used_mb: what counts against the limit, in MB (file cache that can be reclaimed does not count).
    limit_mb: the limit that is closest to being reached, in MB.
    process_mb: memory of this process and its children, in MB; what programs and libraries map counts once.
    children_mb: of that, what only the children have, in MB.
    largest_child_mb: what the largest child has, in MB.
    """

    used_mb: float
    limit_mb: float
    process_mb: float
    children_mb: float = 0.0
    largest_child_mb: float = 0.0

    @property
    def percent(self) -> float:
        """Share of the limit in use, in percent; above 100 where a limit of our own is passed."""
        return 100.0 * self.used_mb / self.limit_mb if self.limit_mb > 0 else 100.0


class MemoryProbe:
    """Measures memory against the tightest limit: the process's control groups, the host, or a limit of its own.

    :param limit_mb: a limit for this process and its children in MB that replaces what the system says.
    :param cgroup_root: where the cgroup file system is mounted.
    :param membership: the file that names this process's control groups.
    :param root: the process whose tree counts; None is this one. Children are counted as children of this one only.
    :raises ValueError: for a ``limit_mb`` that is not a number above 0.
    """

    def __init__(
        self,
        limit_mb: float | None = None,
        *,
        cgroup_root: Path = Path("/sys/fs/cgroup"),
        membership: Path = Path("/proc/self/cgroup"),
        root: int | None = None,
    ) -> None:
        self._limit_mb = None if limit_mb is None else number("limit_mb", limit_mb, above=0)
        self._groups = memory_groups(cgroup_root, _text(membership)) if limit_mb is None else []
        self._own = _Tree(psutil.Process())
        self._whole = self._own if root is None else _Tree(psutil.Process(root))
        self._last = MemorySample(0.0, 0.0, 0.0)

    def sample(self) -> MemorySample:
        """Measure now; takes about a millisecond, and never raises for a child or group that just went away."""
        process_mb, *children = self._own.measure()
        if self._whole is not self._own:
            with contextlib.suppress(psutil.Error):  # it has just ended
                process_mb = self._whole.measure()[0]
        used, limit = self._used_of_limit(process_mb)
        self._last = MemorySample(used, limit, process_mb, *children)
        return self._last

    def glance(self) -> MemorySample:
        """Measure only what counts against the limit; the rest is that of the last :meth:`sample`."""
        if self._limit_mb is not None:
            return self.sample()
        used, limit = self._used_of_limit(0.0)
        return replace(self._last, used_mb=used, limit_mb=limit)

    def _used_of_limit(self, process_mb: float) -> tuple[float, float]:
        if self._limit_mb is not None:
            return process_mb, self._limit_mb
        used, limit, _ = max(self._limits(), key=_pressure)
        return used / MB, limit / MB

    @property
    def limit_source(self) -> str:
        """What the limit is that of, as the end of a sentence."""
        if self._limit_mb is not None:
            return "this probe"
        *_, group = max(self._limits(), key=_pressure)
        return "this machine" if group is None else f"the control group {group.path}"

    def _limits(self) -> list[tuple[int, int, MemoryGroup | None]]:
        """Return bytes used and allowed for the machine and each control group with a limit."""
        host = psutil.virtual_memory()
        limits: list[tuple[int, int, MemoryGroup | None]] = [(host.total - host.available, host.total, None)]
        for group in self._groups:
            limit = group.limit()
            if limit is not None and limit < host.total:
                limits.append((group.used(), max(limit, 1), group))
        return limits

    def look_again(self) -> None:
        """Let the next sample look for new children, unless one has just done so: a browser makes some."""
        self._own.looks = self._whole.looks = True


class _Tree:
    """A process and its children."""

    def __init__(self, process: psutil.Process) -> None:
        self.looks = False
        self._process = process
        self._children: list[psutil.Process] = []
        self._samples = 0
        self._looked_at = 0.0

    def measure(self) -> tuple[float, float, float]:
        """Return MB of the whole tree, of all children and of the largest one.

        Processes of a browser show the same mapped files each: their resident sizes add up to four times what they
        take (measured), and what tells exactly, a look at each mapping, takes 40 ms for each of them.
        """
        now = time.monotonic()
        is_due = (self.looks or bool(self._children)) and now - self._looked_at >= CHILDREN_AFTER
        if self._samples % CHILDREN_EVERY == 0 or is_due:
            self.looks = False
            self._children = self._process.children(recursive=True)
            self._looked_at = now
        self._samples += 1
        own, mapped = [], [0]
        for child in self._children:
            with contextlib.suppress(psutil.Error):
                memory = child.memory_info()
                shared = getattr(memory, "shared", 0)
                own.append(memory.rss - shared)
                mapped.append(shared)
        total = self._process.memory_info().rss + sum(own) + max(mapped)
        return total / MB, sum(own) / MB, max(own, default=0) / MB


def give_back_memory() -> None:
    """Let the C library return freed memory to the system; worth its tenth of a millisecond after a large page.

    glibc keeps freed memory of large pages for itself, up to several times their size (``malloc_trim(3)``). Does
    nothing where the C library has no such function.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _pressure(candidate: tuple[int, int, object]) -> tuple[float, int]:
    """Rank bytes used and limit: nearly reached limits by their share, the others by the room they leave."""
    used, limit, _ = candidate
    return max(NEARLY_REACHED, used / limit), used - limit


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
