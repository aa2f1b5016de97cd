"""What a controller counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class DispatchStatistics:
    """What a controller counted so far."""

    started: int = 0
    done: int = 0
    failed: int = 0
    retried: int = 0
    shed: int = 0
    rate_limited: int = 0
    gave_up: int = 0
    max_in_flight: int = 0
    samples: int = 0
    throttled_checks: int = 0
    throttled_seconds: float = 0.0
    memory_peak_mb: float = 0.0
    bytes_received: int = 0
    wait_seconds: float = 0.0
