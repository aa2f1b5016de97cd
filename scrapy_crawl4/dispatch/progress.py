from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from .base import Load
    from .statistics import DispatchStatistics


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands at one moment: a snapshot, safe to keep and to hand to another thread.

    Every task that was read and has not finished is either in flight or waiting, so
    ``done + waiting + in_flight`` is the number of tasks read so far.
    """

    done: int = 0
    """Tasks that have finished, failed ones included."""

    failed: int = 0
    """Those of the finished tasks whose result has ``success=False``."""

    waiting: int = 0
    """Tasks that were read and hold no permit: they wait for their host, for memory or for a permit."""

    in_flight: int = 0
    """Tasks that hold a permit now."""

    retried: int = 0
    """Attempts made again so far, over all tasks; a retried task counts in ``done`` once, when it ends."""

    bytes_received: int = 0
    """Bytes of all response bodies so far, as they came over the wire where that is known."""

    elapsed: float = 0.0
    """Seconds since the run started."""

    permits: int = 0
    """How many tasks the dispatcher allows in flight now."""

    memory_mb: float = 0.0
    """Memory in use by the whole process tree at the last sample, in MB (1024 * 1024 bytes)."""

    memory_limit_mb: float = 0.0
    """The tightest memory limit of the process in MB; 0 when it is not known."""

    @classmethod
    def of(cls, load: Load, counted: DispatchStatistics, permits: int) -> Self:
        """Return where the run stands whose *load* this is, and which *counted* that and has so many *permits*."""
        memory = load.memory
        return cls(
            done=counted.done,
            failed=counted.failed,
            waiting=load.waiting,
            in_flight=load.in_flight,
            retried=counted.retried,
            bytes_received=counted.bytes_received,
            elapsed=load.elapsed,
            permits=permits,
            memory_mb=memory.process_mb if memory else 0.0,
            memory_limit_mb=memory.limit_mb if memory else 0.0,
        )

    @property
    def succeeded(self) -> int:
        """Finished tasks that did not fail."""
        return self.done - self.failed

    @property
    def pages_per_second(self) -> float:
        """Finished tasks for each second of the run so far; 0 before any time has passed."""
        return self.done / self.elapsed if self.elapsed > 0 else 0.0
