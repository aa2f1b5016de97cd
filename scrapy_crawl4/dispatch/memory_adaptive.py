"""As many sessions as memory allows."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from ._validate import number, permit_count
from .base import BaseDispatcher
from .rate_limiter import check_rate_limiter

if TYPE_CHECKING:
    from .base import Load
    from .memory import MemorySample
    from .rate_limiter import RateLimiter


LEAST_CRITICAL_PERCENT = 95.0
FULL_PERCENT = 100.0


@dataclass(frozen=True, init=False)
class MemoryAdaptiveDispatcher(BaseDispatcher):
    """A dispatcher that keeps memory under a threshold by lowering and raising the number of sessions.

    It predicts: a session starts only if what is used, what the pages in flight are still going to need and what this
    one is expected to need stay below ``memory_threshold_percent``. Sizes of pages are learned for each host; a page
    that turns out larger than expected takes its place at once, and the youngest sessions are taken back, to be
    started again later, if the sum passes ``critical_threshold_percent``.

    Whatever is predicted, permits fall step by step between ``recovery_threshold_percent`` and the threshold; above it
    one session at a time keeps the run moving, if it fits; above critical none starts. Permits come back by a quarter
    of ``max_session_permit`` at each check, so that they do not swing between none and all. The answer depends on the
    memory of the moment and on the last number granted, so no pressure outlives its cause.

    :param memory_threshold_percent: above this share of the memory limit no session is added, in percent.
    :param critical_threshold_percent: above this share sessions are taken back; half-way from the threshold to 100,
        at least 95, unless given.
    :param recovery_threshold_percent: below this share permits are full; 5 points below the threshold unless given.
    :param check_interval: seconds between two samples of memory.
    :param max_session_permit: the most sessions in flight; at least 1.
    :param fairness_timeout: seconds after which a waiting task that could start goes before all others.
    :param memory_wait_timeout: seconds without any permit after which the remaining tasks fail; None waits for ever.
    :param rate_limiter: pace of each host; None starts as fast as permits allow.
    :param monitor: a :class:`~scrapy_crawl4.CrawlerMonitor` that draws the runs of this dispatcher.
    :raises ValueError: for thresholds out of order or a number out of range.
    """

    memory_threshold_percent: float
    critical_threshold_percent: float
    recovery_threshold_percent: float
    check_interval: float
    max_session_permit: int
    fairness_timeout: float
    memory_wait_timeout: float | None
    rate_limiter: RateLimiter | None
    monitor: Any

    def __init__(
        self,
        memory_threshold_percent: float = 90.0,
        critical_threshold_percent: float | None = None,
        recovery_threshold_percent: float | None = None,
        check_interval: float = 1.0,
        max_session_permit: int = 20,
        fairness_timeout: float = 600.0,
        memory_wait_timeout: float | None = 600.0,
        rate_limiter: RateLimiter | None = None,
        monitor: Any = None,
    ) -> None:
        wait = memory_wait_timeout
        check_rate_limiter(rate_limiter)
        values = {
            **_thresholds(recovery_threshold_percent, memory_threshold_percent, critical_threshold_percent),
            "check_interval": number("check_interval", check_interval, above=0),
            "max_session_permit": permit_count("max_session_permit", max_session_permit),
            "fairness_timeout": number("fairness_timeout", fairness_timeout, above=0),
            "memory_wait_timeout": None if wait is None else number("memory_wait_timeout", wait, above=0),
            "rate_limiter": rate_limiter,
            "monitor": monitor,
        }
        for name, value in values.items():
            # A frozen dataclass is written this way while it is made.
            object.__setattr__(self, name, value)

    def permits(self, load: Load) -> int:
        """Return how many sessions memory allows; between 0 (critical) and ``max_session_permit``."""
        memory = load.memory
        if memory is None:
            return self._rising(load, self.max_session_permit)
        if memory.percent >= self.critical_threshold_percent:
            return 0
        if load.in_flight == 0 and memory.used_mb + load.session_mb > memory.limit_mb:
            return 0
        if memory.percent >= self.memory_threshold_percent:
            return 1
        return max(1, min(self._rising(load, self._by_share(memory.percent)), self._by_prediction(load, memory)))

    def _by_share(self, percent: float) -> int:
        """Return the permits for the share in use: all below recovery, then step by step fewer."""
        if percent <= self.recovery_threshold_percent:
            return self.max_session_permit
        room = self.memory_threshold_percent - percent
        width = self.memory_threshold_percent - self.recovery_threshold_percent
        return ceil(self.max_session_permit * room / width)

    def _by_prediction(self, load: Load, memory: MemorySample) -> int:
        """Return the sessions that fit under the threshold once all of them have grown as expected."""
        room = memory.limit_mb * self.memory_threshold_percent / 100 - memory.used_mb - load.reserved_mb
        if load.session_mb <= 0:
            return self.max_session_permit
        return load.in_flight + floor(room / load.session_mb)

    def _rising(self, load: Load, target: int) -> int:
        step = max(1, self.max_session_permit // 4)
        return min(target, load.permits + step)

    def sheds(self, load: Load) -> bool:
        """Return True while memory is, or is going to be, critical; for the last session, if it would not fit."""
        expected = load.expected_percent
        if expected is None:
            return False
        return expected >= (self.critical_threshold_percent if load.in_flight > 1 else FULL_PERCENT)


def _thresholds(recovery: float | None, threshold: float, critical: float | None) -> dict[str, float]:
    """Return the three thresholds, those not given derived from the middle one."""
    threshold = number("memory_threshold_percent", threshold, above=0)
    if critical is None:
        critical = max(LEAST_CRITICAL_PERCENT, (threshold + FULL_PERCENT) / 2)
    if recovery is None:
        # A threshold of a few percent still needs a recovery above 0.
        recovery = max(threshold - 5.0, threshold / 2)
    critical = number("critical_threshold_percent", critical)
    recovery = number("recovery_threshold_percent", recovery)
    if not 0 < recovery < threshold < critical <= FULL_PERCENT:
        raise ValueError(
            "Memory thresholds must rise from recovery_threshold_percent over memory_threshold_percent to "
            f"critical_threshold_percent within 0 to 100, got {recovery:g}, {threshold:g}, {critical:g}."
        )
    return {
        "memory_threshold_percent": threshold,
        "critical_threshold_percent": critical,
        "recovery_threshold_percent": recovery,
    }
