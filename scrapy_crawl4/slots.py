"""The downloader's slots: what Scrapy's settings and AutoThrottle demand of one host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy.core.downloader import Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self


class SemaphoreSlot(Slot):
    """A downloader slot whose room is also bounded by the dispatcher.

    ``concurrency``, ``delay`` and ``jitter`` are the slot's own, from the settings of its domain, and may be changed
    while the crawl runs; ``active``, ``transferring`` and ``lastseen`` say what Scrapy's slots say. ``queue`` stays
    empty: requests wait in the dispatch controller. ``lastseen`` is the time of the last start.

    :param room: how many more transfers the dispatcher permits now.
    """

    __slots__ = ("_room",)

    def __init__(self, concurrency: int, delay: float, jitter: float, room: Callable[[], int]) -> None:
        super().__init__(concurrency, delay, jitter)
        self._room = room

    @classmethod
    def like(cls, slot: Slot, room: Callable[[], int]) -> Self:
        """Return a slot with the limits of *slot*."""
        return cls(slot.concurrency, slot.delay, slot.jitter, room)

    @property
    def waiting(self) -> int:
        """Requests of this slot that wait for their start."""
        return len(self.active) - len(self.transferring)

    @property
    def takes_more(self) -> bool:
        """Whether it makes sense to take one more request of this slot from the scheduler."""
        return self.waiting < max(1, self.concurrency)

    def free_transfer_slots(self) -> int:
        """Return how many more transfers may start now: the slot's own room or the dispatcher's, the smaller one."""
        return min(super().free_transfer_slots(), self._room())


@dataclass(frozen=True, slots=True)
class SlotLimits:
    """The limits of the slot *key* as they are at the moment; slots come and go, hosts of the controller stay."""

    slots: Mapping[str, Slot]
    key: str

    @property
    def concurrency(self) -> int:
        """Transfers at once; 1 for a slot that is gone, which only happens while nothing waits for it."""
        slot = self.slots.get(self.key)
        return 1 if slot is None else slot.concurrency

    def download_delay(self) -> float:
        """Return the seconds between this start and the next, with the slot's jitter."""
        slot = self.slots.get(self.key)
        return 0.0 if slot is None else slot.download_delay()
