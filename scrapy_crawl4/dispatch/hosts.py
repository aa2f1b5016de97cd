"""Waiting tasks by host, and which host may start one next."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from math import ceil
from typing import TYPE_CHECKING, Generic, TypeVar

from .host import LOCAL, Host
from .rate_limiter import HostPace

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from .base import BaseDispatcher
    from .host import HostLimits
    from .session import Job

T = TypeVar("T")


class HostQueues(Generic[T]):
    """All hosts of a run: a heap of the times at which each may start its next task.

    Every host with waiting tasks and room stands in the heap once. Taking a task is O(log hosts), adding one to a
    queued host O(1). Hosts that could start longest ago go first, so no host starves; ties go in the order they came.

    :param dispatcher: the policy. Its ``rate_limiter`` sets the pace of each host; a task that may start and has waited
        ``fairness_timeout`` seconds goes before all that could start since less than that: as nothing overtakes a host
        for longer, no host starves.
    :param host_limits: limits of a host beyond the policy's, by host key; None where there are none.
    :param random: source of jitter.
    """

    def __init__(
        self, dispatcher: BaseDispatcher, host_limits: Callable[[str], HostLimits | None] | None, random: Random
    ) -> None:
        self._dispatcher = dispatcher
        self._patience = dispatcher.fairness_timeout
        self._host_limits = host_limits
        self._random = random
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

    def slow_down(self, key: str, seconds: float, now: float) -> None:
        """Let at least *seconds* pass between two starts on *key*, also after :meth:`forget` dropped its state."""
        host = self._hosts.get(key)
        if seconds > self._least_intervals.get(key, 0.0):
            self._least_intervals[key] = seconds
            if host is not None:
                host.least_interval = seconds
                if host.in_flight:
                    # Those started before this was known.
                    host.next_start = max(host.next_start, now + host.interval(self._random))
        if host is not None:
            # Whatever learnt this may have raised the host's limits.
            self.offer(host, now)

    def recheck(self, now: float) -> None:
        """Look again at the hosts that had no room: their limits may have been raised. O(hosts without room)."""
        full, self._full = self._full, {}
        for host in full.values():
            self.offer(host, now)

    def peek(self, now: float) -> Job[T] | None:
        """Return the job that may start next at *now*, without starting it, or None."""
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

    def take(self, now: float) -> Job[T] | None:
        """Start the job that :meth:`peek` gives and return it; the next start of its host is reserved with it."""
        if self.peek(now) is None:
            return None
        host = self._pop()
        host.queued = False
        self.waiting -= 1
        job = host.jobs.popleft()
        host.next_start = now + host.interval(self._random)
        host.in_flight += 1
        self.offer(host, now)
        return job

    def leave(self, key: str, now: float) -> None:
        """Take in that a job of the host *key* runs no longer."""
        host = self.host(key)
        host.in_flight -= 1
        self.offer(host, now)
        self._rest(host, now)

    def refused(self, key: str, now: float, started_at: float, retry_after: float | None) -> bool:
        """Take in that the host *key* refused the rate of a start; return False where nobody minds its pace."""
        host = self.host(key)
        if host.pace is None:
            return False
        host.pace.refused(now, started_at, retry_after, self._random)
        self._rest(host, now)
        return True

    def accepted(self, key: str, started_at: float) -> None:
        """Take in that the host *key* answered a start without refusing its rate."""
        host = self._hosts.get(key)
        if host is not None and host.pace is not None:
            host.pace.accepted(started_at)

    def next_time(self) -> float | None:
        """Return the clock time at which :meth:`peek` may give something; None while it can't by itself."""
        return self._ready[0][0] if self._ready else None

    def drain(self, now: float) -> list[Job[T]]:
        """Remove and return every waiting job, first come first within a host."""
        self._ready.clear()
        self.waiting = 0
        drained: list[Job[T]] = []
        for host in self._hosts.values():
            host.queued = False
            if host.jobs:
                drained += host.jobs
                host.jobs.clear()
                self._rest(host, now)
        return drained

    def discard(self, task: T, key: str, now: float) -> bool:
        """Remove a waiting *task*; return False if it does not wait. O(tasks of the host): for cancellation only."""
        host = self._hosts.get(key)
        job = next((job for job in host.jobs if job.task is task), None) if host else None
        if host is None or job is None:
            return False
        host.jobs.remove(job)
        self.waiting -= 1
        self._rest(host, now)
        return True

    def forget(self, now: float) -> None:
        """Drop the hosts whose time is over, so that memory follows the hosts at work, not those ever seen."""
        while self._cooling_ends and self._cooling_ends[0] <= now:
            self.moves += 1
            for host in self._cooling.pop(heappop(self._cooling_ends)):
                self._forget(host, now)

    def _make_host(self, key: str) -> Host[T]:
        if key == LOCAL:
            return Host(key, None, None)
        limiter, limits = self._dispatcher.rate_limiter, self._host_limits
        return Host(key, HostPace(limiter) if limiter is not None else None, limits(key) if limits else None)

    def _rest(self, host: Host[T], now: float) -> None:
        """Keep an idle host only for as long as its pace matters."""
        if host.idle:
            pace = host.pace
            patience = pace.limiter.max_delay if pace is not None and pace.backoff else 0.0
            self._cool(host, max(host.may_start_at, now + patience))

    def _cool(self, host: Host[T], until: float) -> None:
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

    def _forget(self, host: Host[T], now: float) -> None:
        host.cooling = False
        # The host may have been at work since, and have got a later time.
        until = max(host.keep_until, host.may_start_at)
        if host.idle and until > now:
            self._cool(host, until)
        elif host.idle:
            del self._hosts[host.key]

    def _pop(self) -> Host[T]:
        self.moves += 1
        return heappop(self._ready)[2]

    def _push(self, host: Host[T], when: float) -> None:
        self.moves += 1
        heappush(self._ready, (when, next(self._order), host))
