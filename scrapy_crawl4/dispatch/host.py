"""One host of a run: its waiting tasks, and when the next may start."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from random import Random

    from .rate_limiter import HostPace
    from .session import Job

T = TypeVar("T")

LOCAL = ""
"""The host of tasks that need no network; they wait for nobody's pace."""
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
