"""How much memory is left before something ends this process."""

from __future__ import annotations

import contextlib
import ctypes
from dataclasses import dataclass
from pathlib import Path

import psutil

from ._validate import number
from .cgroups import MemoryGroup, memory_groups

MB = 1024 * 1024
NEARLY_REACHED = 0.8
"""Share of a limit from which on it counts more than how many bytes are left."""
CHILDREN_EVERY = 5
"""Samples between two looks for new child processes, which reads the whole process table."""


@dataclass(frozen=True, slots=True)
class MemorySample:
    """Memory at one moment.

    used_mb: what counts against the limit, in MB (file cache that can be reclaimed does not count).
    limit_mb: the limit that is closest to being reached, in MB.
    process_mb: resident memory of this process and its children, in MB.
    """

    used_mb: float
    limit_mb: float
    process_mb: float

    @property
    def percent(self) -> float:
        """Share of the limit in use, in percent; above 100 where a limit of our own is passed."""
        return 100.0 * self.used_mb / self.limit_mb if self.limit_mb > 0 else 100.0


class MemoryProbe:
    """Measures memory against the tightest limit: the process's control groups, the host, or a limit of its own.

    :param limit_mb: a limit for this process and its children in MB that replaces what the system says.
    :param cgroup_root: where the cgroup file system is mounted.
    :param membership: the file that names this process's control groups.
    :raises ValueError: for a ``limit_mb`` that is not a number above 0.
    """

    def __init__(
        self,
        limit_mb: float | None = None,
        *,
        cgroup_root: Path = Path("/sys/fs/cgroup"),
        membership: Path = Path("/proc/self/cgroup"),
    ) -> None:
        self._limit_mb = None if limit_mb is None else number("limit_mb", limit_mb, above=0)
        self._groups = memory_groups(cgroup_root, _text(membership)) if limit_mb is None else []
        self._process = psutil.Process()
        self._children: list[psutil.Process] = []
        self._samples = 0

    def sample(self) -> MemorySample:
        """Measure now; takes well under a millisecond and never raises for a child or group that just went away."""
        process_mb = self._tree_mb()
        if self._limit_mb is not None:
            return MemorySample(process_mb, self._limit_mb, process_mb)
        used, limit, _ = max(self._limits(), key=_pressure)
        return MemorySample(used / MB, limit / MB, process_mb)

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

    def _tree_mb(self) -> float:
        if self._samples % CHILDREN_EVERY == 0:
            self._children = self._process.children(recursive=True)
        self._samples += 1
        total = self._process.memory_info().rss
        for child in self._children:
            with contextlib.suppress(psutil.Error):
                total += child.memory_info().rss
        return float(total / MB)


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
