"""What dispatch counted, under the keys of Scrapy's stats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import stats

if TYPE_CHECKING:
    from .dispatch import DispatchController


def dispatch_stats(controller: DispatchController[Any]) -> dict[str, float]:
    """Return the stats of dispatch so far; those that stayed 0 are for the caller to leave out."""
    counted, memory = controller.statistics, controller.memory
    return {
        stats.STARTED: counted.started,
        stats.FINISHED: counted.done - counted.failed,
        stats.FAILED: counted.failed,
        stats.SHED: counted.shed,
        stats.MAX_IN_FLIGHT: counted.max_in_flight,
        stats.BYTES_RECEIVED: counted.bytes_received,
        stats.RATE_LIMITED: counted.rate_limited,
        stats.WAIT_SECONDS: counted.wait_seconds,
        stats.MEMORY_PEAK_MB: counted.memory_peak_mb,
        stats.MEMORY_LIMIT_MB: memory.limit_mb if memory is not None else 0.0,
        stats.THROTTLED_CHECKS: counted.throttled_checks,
        stats.THROTTLED_SECONDS: counted.throttled_seconds,
    }
