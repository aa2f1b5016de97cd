"""The sessions of a run that are in flight."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

from .session import Session

if TYPE_CHECKING:
    from .ledger import MemoryLedger
    from .memory import MemorySample
    from .session import Job
    from .statistics import DispatchStatistics

T = TypeVar("T")


class Sessions(Generic[T]):
    """Opens and closes sessions, and their claims on memory with them; its length is how many there are.

    :param ledger: where they claim memory.
    :param statistics: where they are counted.
    """

    def __init__(self, ledger: MemoryLedger, statistics: DispatchStatistics) -> None:
        self._ledger = ledger
        self._statistics = statistics
        self._open: dict[int, Session[T]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, job: Job[T], now: float) -> Session[T]:
        """Return a new session of *job*."""
        stats, memory = self._statistics, self._ledger.memory
        stats.started += 1
        waited = now - job.queued_at
        job.waited += waited
        stats.wait_seconds += waited
        used = memory.process_mb if memory is not None else 0.0
        session = self._open[stats.started] = Session(job, stats.started, now, time.time(), used, used)
        self._ledger.open(session.number, job.kind, job.host, job.size, job.sheds)
        stats.max_in_flight = max(stats.max_in_flight, len(self._open))
        return session

    def close(self, session: Session[T], size: int | None = None) -> None:
        """End *session*. ``ValueError`` if it has ended already.

        :param size: bytes of the body, if the page is there.
        """
        self._ledger.close(session.number, size)
        if self._open.pop(session.number, None) is None:
            raise ValueError(f"Session {session.number} has ended already.")

    def sampled(self, memory: MemorySample | None) -> None:
        """Take in a sample: of the run, and of every session."""
        stats = self._statistics
        stats.samples += 1
        self._ledger.sampled(memory)
        if memory is None:
            return
        stats.memory_peak_mb = max(stats.memory_peak_mb, memory.process_mb)
        for session in self._open.values():
            session.memory_peak = max(session.memory_peak, memory.process_mb)

    def staying(self) -> list[Session[T]]:
        """Return those that can be taken back, the youngest last.

        Closing a page can take longer than one check; what is on its way out is neither chosen nor counted again. Nor
        is one whose page is being worked on: to cancel it would free nothing.
        """
        working = self._ledger.working
        return [each for each in self._open.values() if not each.taken_back and each.number not in working]

    def take_back(self, session: Session[T]) -> None:
        """Give up what *session* claims; it holds its permit until it is closed."""
        session.taken_back = True
        shown = self._ledger.shown(session.number)
        if shown:
            # The next try waits until there is room for that much.
            session.job.size = max(session.job.size or 0, shown)
        self._ledger.take_back(session.number)
