"""Memory of the simulated process and of its neighbour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy_crawl4.dispatch import MemorySample

from .load import MB
from .loop import START

if TYPE_CHECKING:
    from .link import Link
    from .loop import Loop


@dataclass(frozen=True)
class Neighbour:
    """Another process under the same limit: grows by ``size_mb`` from ``begins``, stays, and shrinks again.

    Times are seconds from the beginning of the run; ``ramp`` is how long growing and shrinking take.
    """

    size_mb: float = 0.0
    begins: float = 0.0
    stays: float = 0.0
    ramp: float = 30.0

    def mb(self, elapsed: float) -> float:
        since = elapsed - self.begins
        left = self.begins + 2 * self.ramp + self.stays - elapsed
        return self.size_mb * max(0.0, min(1.0, since / self.ramp, left / self.ramp))


class Memory:
    """Adds up what is held, and keeps the peak; a probe for the driver.

    Bodies on their way hold ``hold`` times what has come, and so do those that wait for content work; the one in
    content work has ``work`` times its size. Between two such ends the process only grows, and so the peak is
    right if :meth:`note` is called before anything is given back, and wherever a neighbour may have shrunk.

    :param limit_mb: what must not be passed.
    :param base_mb: the process without any page.
    :param retained: sizes of a body that its finished result keeps for as long as the run lasts (a batch).
    """

    def __init__(
        self,
        loop: Loop,
        limit_mb: float,
        base_mb: float,
        hold: float,
        work: float,
        retained: float,
        neighbour: Neighbour,
    ) -> None:
        self.limit_mb = limit_mb
        self.base_mb = base_mb
        self.hold = hold
        self.work = work
        self.retained = retained
        self.neighbour = neighbour
        self.link: Link | None = None
        self.peak_mb = 0.0
        self.samples = 0
        self._alone = not neighbour.size_mb
        self.waiting = 0
        """Bytes of the bodies that are complete and wait for content work."""
        self.working = 0
        """Bytes of the body in content work."""
        self.finished = 0
        """Bytes of all bodies whose results are kept."""
        self._loop = loop

    def process_mb(self) -> float:
        held = self.waiting + (self.link.received() if self.link is not None else 0.0)
        kept = self.retained * self.finished if self.retained else 0.0
        return self.base_mb + (self.hold * held + self.work * self.working + kept) / MB

    def used_mb(self) -> float:
        if self._alone:
            return self.process_mb()
        return self.process_mb() + self.neighbour.mb(self._loop.now - START)

    def note(self) -> None:
        used = self.used_mb()
        if used > self.peak_mb:  # noqa: PLR1730 - called twice for every task
            self.peak_mb = used

    def sample(self) -> MemorySample:
        self.samples += 1
        self.note()
        return MemorySample(self.used_mb(), self.limit_mb, self.process_mb())
