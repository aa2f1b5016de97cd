"""The least time that any schedule needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .load import MB

if TYPE_CHECKING:
    from .load import Hosts, Task
    from .world import Machine


class Ideal:
    """Adds up what tasks need of each resource; the scarcest one bounds every schedule from below.

    - permits: a page holds one from its start to the end of its content work, which is at least its latency, its body
      at the full width of the link, and its content work; a failing host costs one for each of its tries.
    - content: one page at a time.
    - link: all bodies at its full width.
    - hosts: one host's tasks stand at least the crawler's own delay, or what the host allows, apart.
    - memory: a page holds ``hold`` times what has come while it comes, and ``work`` times its size during content work;
      the sum over time is at most what the limit leaves.
    - longest: no task is faster than itself.

    A page that can't fit costs its latency. All the bounds are those of a perfect crystal ball without queues, refusals
    or a last task to wait for, so that no policy reaches 100 %.
    """

    def __init__(self, machine: Machine, hosts: Hosts, permits: int, delay: float) -> None:
        self._machine = machine
        self._delay = delay
        self._hosts = hosts
        self._permits = permits
        self._per_host = [0] * len(hosts.keys)
        self._session = self._content = self._longest = 0.0
        self._bytes = 0
        self._byte_seconds = 0.0

    def add(self, task: Task) -> None:
        machine = self._machine
        self._per_host[task.host] += 1
        if task.host in self._hosts.failing:
            session = machine.refused_after * machine.tries
        elif not machine.fits(task.size):
            session = task.latency
        else:
            content = machine.content(task.size)
            arrival = task.size / (machine.width_mb * MB)
            session = task.latency + arrival + content
            self._content += content
            self._bytes += task.size
            self._byte_seconds += task.size * (machine.hold * arrival / 2 + machine.work * content)
        self._session += session
        self._longest = max(self._longest, session)

    def bounds(self) -> dict[str, float]:
        """Return the least seconds by resource."""
        machine = self._machine
        gaps = zip(self._per_host, self._hosts.gap, strict=True)
        return {
            "permits": self._session / self._permits,
            "content": self._content,
            "link": self._bytes / (machine.width_mb * MB),
            "hosts": max((tasks - 2) * max(self._delay, gap) for tasks, gap in gaps),
            "memory": self._byte_seconds / MB / (machine.limit_mb - machine.base_mb),
            "longest": self._longest,
        }

    @property
    def seconds(self) -> float:
        """The least seconds of any schedule."""
        return max(self.bounds().values())
