"""Waiting tasks by host, and which host may start one next."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from itertools import count
from math import ceil
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from .rate_limiter import HostPace
    from .session import Job

T = TypeVar("T")

LONGEST_INTERVAL = 60.0
"""Seconds that a host may ask for between two starts where no rate limiter says how long is too long."""


class HostLimits(Protocol):
    """What somebody else, a Scrapy downloader slot say, demands of one host; asked anew for every start."""

    @property
    def concurrency(self) -> int:
        """Sessions of this host in flight at most."""

    def download_delay(self) -> float:
        """Return the seconds between this start and the next."""


class Host(Generic[T]):
    """One host's tasks in the order they came, and its state."""

    __slots__ = (
        "cooling",
        "in_flight",
        "jobs",
        "keep_until",
        "key",
        "least_interval",
        "limits",
        "next_start",
        "pace",
        "queued",
    )

    def __init__(self, key: str, pace: HostPace | None, limits: HostLimits | None) -> None:
        self.key = key
        self.pace = pace
        self.limits = limits
        self.jobs: deque[Job[T]] = deque()
        self.in_flight = 0
        self.next_start = 0.0
        self.least_interval = 0.0
        """Seconds between two starts that the host itself asked for, not yet capped."""
        self.queued = False
        self.cooling = False
        self.keep_until = 0.0

    @property
    def may_start_at(self) -> float:
        """Clock time before which nothing of this host starts."""
        return self.next_start if self.pace is None else max(self.next_start, self.pace.next_start)

    def interval(self, random: Random) -> float:
        """Return the seconds that must pass between this start and the next: the most that anybody asks for."""
        longest = LONGEST_INTERVAL if self.pace is None else self.pace.limiter.max_delay
        paced = 0.0 if self.pace is None else self.pace.interval(random)
        limited = 0.0 if self.limits is None else self.limits.download_delay()
        return max(paced, limited, min(self.least_interval, longest))

    @property
    def has_room(self) -> bool:
        """Whether the host's own limit leaves room for one more session."""
        return self.limits is None or self.in_flight < self.limits.concurrency

    @property
    def idle(self) -> bool:
        """Whether nothing waits or runs on this host."""
        return not self.jobs and not self.in_flight


class HostQueues(Generic[T]):
    """All hosts of a run: a heap of the times at which each may start its next task.

    Every host with waiting tasks and room stands in the heap once. Taking a task is O(log hosts), adding one to a
    queued host O(1). Hosts that could start longest ago go first, so no host starves; ties go in the order they came.

    :param make_host: makes a host's state on first use.
    :param patience: seconds after which a waiting task that may start goes before all that could start since less
        than that; as nothing overtakes a host for longer, no host starves.
    """

    def __init__(self, make_host: Callable[[str], Host[T]], patience: float) -> None:
        self._make_host = make_host
        self._patience = patience
        self._hosts: dict[str, Host[T]] = {}
        self._ready: list[tuple[float, int, Host[T]]] = []
        self._cooling: dict[int, list[Host[T]]] = {}
        self._cooling_ends: list[int] = []
        self._full: dict[str, Host[T]] = {}
        self._least_intervals: dict[str, float] = {}
        self._order = count()
        self.waiting = 0
        """Tasks in all queues."""
        self.moves = 0
        """Heap operations so far: what a task costs, whatever the size of the run."""

    def __len__(self) -> int:
        return len(self._hosts)

    def host(self, key: str) -> Host[T]:
        """Return the host *key*, made on first use."""
        host = self._hosts.get(key)
        if host is None:
            host = self._hosts[key] = self._make_host(key)
            host.least_interval = self._least_intervals.get(key, 0.0)
        return host

    def find(self, key: str) -> Host[T] | None:
        """Return the host *key* if it has any state."""
        return self._hosts.get(key)

    def add(self, job: Job[T], now: float, *, front: bool = False) -> None:
        """Queue *job* at the end, or at the *front*, of its host's line."""
        host = self.host(job.host)
        if front:
            host.jobs.appendleft(job)
        else:
            host.jobs.append(job)
        job.queued_at = now
        self.waiting += 1
        self.offer(host, now)

    def offer(self, host: Host[T], now: float) -> None:
        """Put *host* in the heap if it has something to start and is not there yet."""
        if not host.jobs or host.queued:
            return
        if not host.has_room:
            self._full[host.key] = host
            return
        host.queued = True
        when = max(now, host.may_start_at)
        if when == now and host.jobs[0].queued_at < now - self._patience:
            # As if it could start since then: before all that wait less, in turns with those that wait as long.
            when -= self._patience
        self._push(host, when)

    def slow_down(self, key: str, seconds: float, now: float, random: Random) -> None:
        """Let at least *seconds* pass between two starts on *key*, also after :meth:`forget` dropped its state."""
        host = self._hosts.get(key)
        if seconds > self._least_intervals.get(key, 0.0):
            self._least_intervals[key] = seconds
            if host is not None:
                host.least_interval = seconds
                if host.in_flight:
                    # Those started before this was known.
                    host.next_start = max(host.next_start, now + host.interval(random))
        if host is not None:
            # Whatever learnt this may have raised the host's limits.
            self.offer(host, now)

    def recheck(self, now: float) -> None:
        """Look again at the hosts that had no room: their limits may have been raised. O(hosts without room)."""
        full, self._full = self._full, {}
        for host in full.values():
            self.offer(host, now)

    def peek(self, now: float) -> Job[T] | None:
        """Return the job that :meth:`take` would give, without taking it."""
        while self._ready and self._ready[0][0] <= now:
            host = self._ready[0][2]
            if host.may_start_at <= now and host.jobs and host.has_room:
                return host.jobs[0]
            self._pop()
            if host.may_start_at > now:
                # The host asked for patience after it was queued.
                self._push(host, host.may_start_at)
            else:
                host.queued = False
                self.offer(host, now)
        return None

    def take(self, now: float) -> tuple[Host[T], Job[T]] | None:
        """Return the next job that may start at *now* with its host, or None."""
        if self.peek(now) is None:
            return None
        host = self._pop()
        host.queued = False
        self.waiting -= 1
        return host, host.jobs.popleft()

    def next_time(self) -> float | None:
        """Return the clock time at which :meth:`take` may have something; None while it can't by itself."""
        return self._ready[0][0] if self._ready else None

    def drain(self) -> Iterator[Job[T]]:
        """Remove and yield every waiting job, first come first within a host."""
        self._ready.clear()
        self.waiting = 0
        for host in self._hosts.values():
            host.queued = False
            while host.jobs:
                yield host.jobs.popleft()

    def discard(self, job: Job[T]) -> None:
        """Remove a waiting *job*. O(jobs of the host): for cancellation only."""
        self._hosts[job.host].jobs.remove(job)
        self.waiting -= 1

    def cool(self, host: Host[T], until: float) -> None:
        """Let :meth:`forget` drop *host* once the clock says *until* and it is idle."""
        host.keep_until = until
        if not host.cooling:
            host.cooling = True
            # Whole seconds are exact enough to forget by, and let all hosts of one second share a place in a heap.
            end = ceil(until)
            if end not in self._cooling:
                self.moves += 1
                heappush(self._cooling_ends, end)
            self._cooling.setdefault(end, []).append(host)

    def forget(self, now: float) -> None:
        """Drop the hosts whose time is over, so that memory follows the hosts at work, not those ever seen."""
        while self._cooling_ends and self._cooling_ends[0] <= now:
            self.moves += 1
            for host in self._cooling.pop(heappop(self._cooling_ends)):
                self._forget(host, now)

    def _forget(self, host: Host[T], now: float) -> None:
        host.cooling = False
        # The host may have been at work since, and have got a later time.
        until = max(host.keep_until, host.may_start_at)
        if host.idle and until > now:
            self.cool(host, until)
        elif host.idle:
            del self._hosts[host.key]

    def _pop(self) -> Host[T]:
        self.moves += 1
        return heappop(self._ready)[2]

    def _push(self, host: Host[T], when: float) -> None:
        self.moves += 1
        heappush(self._ready, (when, next(self._order), host))
