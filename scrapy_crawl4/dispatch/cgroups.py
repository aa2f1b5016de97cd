"""Memory limits of control groups, version 2 and version 1.

Files and their meaning: "Control Group v2" and "Memory Resource Controller", Linux kernel documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

V1_UNLIMITED = 1 << 60
"""A v1 limit at or above this is the kernel's way to say "none"."""


@dataclass(frozen=True, slots=True)
class GroupFiles:
    """Names of the memory files of one version."""

    limits: tuple[str, ...]
    usage: str
    reclaimable: str
    """Line of ``memory.stat`` that counts file cache which is dropped under pressure."""
    inherited: str = ""
    """Line of ``memory.stat`` with the tightest limit of a group and all above it, also those out of sight."""


V2 = GroupFiles(("memory.max", "memory.high"), "memory.current", "inactive_file")
V1 = GroupFiles(("memory.limit_in_bytes",), "memory.usage_in_bytes", "total_inactive_file", "hierarchical_memory_limit")


@dataclass(frozen=True, slots=True)
class MemoryGroup:
    """One control group that this process lives in."""

    path: Path
    files: GroupFiles

    def limit(self) -> int | None:
        """Return the tightest limit of this group in bytes; None where it has none."""
        limits = [_number(self.path / name) for name in self.files.limits]
        limits.append(self._stat(self.files.inherited))
        return min((limit for limit in limits if limit is not None and limit < V1_UNLIMITED), default=None)

    def used(self) -> int:
        """Return the bytes in use that can't be reclaimed without loss."""
        return max(0, (_number(self.path / self.files.usage) or 0) - (self._stat(self.files.reclaimable) or 0))

    def _stat(self, wanted: str) -> int | None:
        if not wanted:
            return None
        for line in _read(self.path / "memory.stat").splitlines():
            name, _, value = line.partition(" ")
            if name == wanted and value.isdigit():
                return int(value)
        return None


def memory_groups(root: Path, membership: str) -> list[MemoryGroup]:
    """Return the groups whose memory files can limit this process, the innermost first.

    :param root: where the cgroup file system is mounted, ``/sys/fs/cgroup`` as a rule.
    :param membership: the text of ``/proc/self/cgroup``.
    """
    groups: list[MemoryGroup] = []
    for line in membership.splitlines():
        _, controllers, path = ([*line.split(":", 2), "", "", ""])[:3]
        if controllers == "":
            groups += _chain(root, path, V2)
            groups += _chain(root / "unified", path, V2)
        elif "memory" in controllers.split(","):
            groups += _chain(root / controllers, path, V1)
            groups += _chain(root / "memory", path, V1)
    return list(dict.fromkeys(groups))


def _chain(mount: Path, path: str, files: GroupFiles) -> Iterator[MemoryGroup]:
    """Yield the group *path* and its ancestors up to *mount*.

    Inside a container *path* may name what only the host sees; the mount is the container's own group then.
    """
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    for depth in range(len(parts), -1, -1):
        folder = mount.joinpath(*parts[:depth])
        if (folder / files.usage).is_file():
            yield MemoryGroup(folder, files)


def _number(path: Path) -> int | None:
    text = _read(path).strip()
    return int(text) if text.isdigit() else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        # A group can vanish between two samples, and not every kernel has every file.
        return ""
