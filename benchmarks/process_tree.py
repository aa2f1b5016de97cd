"""What a process and all its descendants take: processor time and memory, looked at while they run."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERVAL = 0.25


@dataclass
class Tree:
    """Looks at a process and its descendants while it runs.

    :param process: the first of them.
    :param interval: seconds between two looks; what a process did after the last one is missed.
    """

    process: psutil.Process
    interval: float = INTERVAL
    peak: float = 0.0
    """Most memory of all at once, in MB: the sum of proportional set sizes."""
    seconds: dict[tuple[int, float], tuple[str, float]] = field(default_factory=dict)
    """Kind and processor time of each process, as last seen."""
    _ended: threading.Event = field(default_factory=threading.Event)

    def by_process(self) -> Counter[str]:
        """Return the processor time of each kind of process, in seconds."""
        found: Counter[str] = Counter()
        for kind, seconds in self.seconds.values():
            found[kind] += seconds
        return found

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look from a thread while the block runs."""
        watching = threading.Thread(target=self._watch)
        watching.start()
        try:
            yield
        finally:
            self._ended.set()
            watching.join()

    def kill(self) -> None:
        """End every process that is left."""
        for process in self._processes():
            try:
                process.kill()
            except psutil.Error:
                continue

    def _watch(self) -> None:
        while not self._ended.wait(self.interval):
            memory = sum(self._look(process) for process in self._processes())
            self.peak = max(self.peak, memory)

    def _processes(self) -> list[psutil.Process]:
        try:
            return [self.process, *self.process.children(recursive=True)]
        except psutil.Error:
            return []

    def _look(self, process: psutil.Process) -> float:
        try:
            times = process.cpu_times()
            self.seconds[process.pid, process.create_time()] = (kind_of(process), times.user + times.system)
            return memory_of(process.pid)
        except (psutil.Error, OSError):
            return 0.0


def kind_of(process: psutil.Process) -> str:
    arguments = process.cmdline()
    for argument in arguments:
        if argument.startswith("--utility-sub-type="):
            return argument.rpartition(".")[2]
        if argument.startswith("--type=") and argument != "--type=utility":
            return argument.partition("=")[2]
    name = process.name()
    return "browser" if name.startswith(("chrom", "headless")) else name


def memory_of(pid: int) -> float:
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
