"""The half of a run of URLs that is in the caller's process, while engine processes do its tasks."""

from __future__ import annotations

import asyncio
import os
from collections import Counter, deque
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import describe
from ..exceptions import UnsupportedOption
from ..facade.outcome import failed_before_start
from ..facade.plan import END_OF_INPUT, End, as_it_is
from ..facade.spilling import Spilling
from ..facade.tasks import BadElement, shown_url
from ..facade.watch import Watch
from ..transfer import from_parcel
from .budget import Budget, without_monitor
from .frozen import freeze, thaw
from .messages import Ended, EndOfInput, Feed, NewRun, Results, Stop, Taken
from .portion import Portion

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..dispatch import Progress
    from ..facade.plan import Plan
    from ..results import CrawlResult
    from .engines import Engines
    from .slot import Slot

NOBODY = (-1, -1)
"""Where a result is from that no process made."""


class EnginesRun:
    """Gives each element to an engine, and sends what comes back; lives on the loop of the engines.

    It has the surface of :class:`~scrapy_crawl4.facade.runner.Runner`.

    :param engines: open.
    :param plan: what to do.
    :param send: takes every result, and an :class:`End` behind the last; False when nobody is left who could.
    :raises UnsupportedOption: when the plan cannot be handed to other processes.
    """

    def __init__(self, engines: Engines, plan: Plan, send: Callable[[CrawlResult | End], bool]) -> None:
        self.engines = engines
        self.plan = plan
        policy = without_monitor(plan.dispatcher)
        theirs = replace(
            plan, dispatcher=policy, batch=False, total=None, caller=None, account=as_it_is, root=os.getpid()
        )
        self._frozen = freeze(theirs, "This run")
        self.number = engines.number()
        self._send = send
        self.portions = [Portion() for _ in engines.slots]
        self.done = self.failed = 0
        self._crashes: Counter[int] = Counter()
        self._origins: deque[tuple[int, int]] = deque()
        """The slot of each result that was not taken yet, and which of its processes made it."""
        self._input_ended = False
        self._ended = False
        self._stopping: asyncio.Task[None] | None = None
        self.budget = Budget(self)
        self.spilling = (
            Spilling(plan.dispatcher, plan.memory_limit_mb, self.budget.needed_mb)
            if plan.batch and plan.total != 1
            else None
        )
        """Moves results out of memory; None where they are taken as they come."""
        self._looking: asyncio.Future[None] | None = None
        self.watch = Watch(plan.dispatcher.monitor, self.progress, plan.total)
        engines.runs.add(self)
        engines.of_urls[self.number] = self

    def feed(self, batch: list[tuple[int, object]]) -> None:
        """Take elements with their index, and :data:`END_OF_INPUT` behind the last."""
        if self._ended or self._stopping is not None:
            return
        self.budget.start()
        chosen: dict[int, list[int]] = {}
        for index, element in batch:
            if element is END_OF_INPUT:
                self._input_ended = True
                continue
            place = self._place(index, element)
            if place is not None:
                self.portions[place].outstanding[index] = element
                chosen.setdefault(place, []).append(index)
        for place, indexes in chosen.items():
            slot, portion = self.engines.slots[place], self.portions[place]
            portion.unsent += indexes
            portion.part.wanted += len(indexes)
            if slot.broken:
                self.fail_all(slot, slot.broken)
            elif slot.is_open:
                self.send_rest(slot)
        self._maybe_end()

    def _place(self, index: int, element: object) -> int | None:
        try:
            return self.engines.partition.number_of(index, element, self.plan)
        except BadElement as bad:
            self._deliver(failed_before_start(index, bad.url, bad.message, metadata=bad.metadata), NOBODY)
        except Exception as error:  # noqa: BLE001 - a user's values; without a result the run would not end
            self._deliver(failed_before_start(index, shown_url(element), describe(error)), NOBODY)
        return None

    def send_rest(self, slot: Slot) -> None:
        """Give the process of *slot* the tasks that it does not know yet."""
        portion = self.portions[slot.number]
        if portion.unsent:
            indexes, portion.unsent = portion.unsent, []
            self._give(slot, indexes)

    def send_one(self, slot: Slot, index: int) -> None:
        """Give the process of *slot* the task *index* and no other."""
        portion = self.portions[slot.number]
        portion.unsent.remove(index)
        self._give(slot, [index])

    def _give(self, slot: Slot, indexes: list[int]) -> None:
        portion = self.portions[slot.number]
        if not portion.known:
            portion.known = True
            portion.over.clear()
            slot.send(NewRun(self.number, self._frozen))
            self.budget.tell(slot.number)
        elements: list[tuple[int, str | bytes]] = []
        for index in indexes:
            element = portion.outstanding[index]
            try:
                elements.append((index, element if type(element) is str else freeze(element, "This element")))
            except UnsupportedOption as error:
                self.fail(slot, index, str(error))
        if elements:
            slot.send(Feed(self.number, elements))
            self.budget.look()

    def taken(self, batch: list[int]) -> None:
        """Take in how many results the consumer took since the last time."""
        origins: Counter[tuple[int, int]] = Counter(self._origins.popleft() for _ in range(sum(batch)))
        for (place, generation), count in origins.items():
            if place >= 0 and self.engines.slots[place].generation == generation and self.portions[place].known:
                self.engines.slots[place].send(Taken(self.number, count))

    def receive(self, slot: Slot, message: Results | Ended) -> None:
        """Take what the process of *slot* says."""
        portion = self.portions[slot.number]
        if isinstance(message, Ended):
            portion.over.set()
            if self._stopping is None:
                self._stop_for(message)
            return
        portion.take(message.report)
        origin = (slot.number, slot.generation)
        for index, verbose, parcel in message.results:
            if index not in portion.outstanding:
                slot.send(Taken(self.number, 1))
                continue
            element = portion.outstanding.pop(index)
            result = from_parcel(thaw(parcel) if isinstance(parcel, bytes) else parcel)
            if not result.url:
                result.url = shown_url(element)
            self._deliver(result, origin, verbose=verbose)
            slot.finished(self.number, index)
        self.budget.look()
        self._maybe_end()

    def _stop_for(self, ended: Ended) -> None:
        """End, as a process has ended its part before the input did."""
        reason = ended.reason or "An engine process ended the run before its end."
        if ended.is_closed:
            self._closing = asyncio.ensure_future(self.engines.close_below(reason))
        else:
            self._stopping = asyncio.ensure_future(self._stop(reason))

    def lost(self, slot: Slot) -> None:
        """Take in that the process of *slot* has ended."""
        self.portions[slot.number].lose()
        self.budget.look()

    def is_outstanding(self, place: int, index: int) -> bool:
        """Return whether slot *place* still has to do the task *index*."""
        return index in self.portions[place].outstanding

    def blame(self, index: int) -> int:
        """Take in that a process ended while it was at the task *index*; return how often that was so."""
        self._crashes[index] += 1
        return self._crashes[index]

    def fail(self, slot: Slot, index: int, sentence: str) -> None:
        """Give up the task *index* of *slot*."""
        portion = self.portions[slot.number]
        element = portion.outstanding.pop(index)
        if index in portion.unsent:
            portion.unsent.remove(index)
        self._deliver(failed_before_start(index, shown_url(element), sentence), NOBODY)
        self._maybe_end()

    def fail_all(self, slot: Slot, sentence: str) -> None:
        """Give up all tasks of *slot*."""
        portion = self.portions[slot.number]
        outstanding, portion.outstanding, portion.unsent = portion.outstanding, {}, []
        portion.part.wanted = 0
        for index, element in outstanding.items():
            self._deliver(failed_before_start(index, shown_url(element), sentence), NOBODY)
        self._maybe_end()

    def _deliver(self, result: CrawlResult, origin: tuple[int, int], *, verbose: bool = False) -> None:
        self.done += 1
        self.failed += not result.success
        self._origins.append(origin)
        self.watch.finished(result, verbose=verbose)
        if self.spilling is not None:
            self.spilling.add(result)
            if self.spilling.due:
                self.relieve()
        if not self._send(result):
            self.abandon()

    def relieve(self) -> None:
        """Look after the memory of results, on another thread."""
        if self.spilling is not None and (self._looking is None or self._looking.done()):
            self._looking = self.engines.home.loop.run_in_executor(None, self.spilling.look)

    def progress(self) -> Progress:
        """Return where the run is; may be called from any thread."""
        return self.plan.account(self.budget.progress())

    def keep_results(self) -> None:
        """Move no more results out of memory: somebody takes them as they come."""
        if self.spilling is not None:
            self.spilling.close()
            self.spilling = None

    async def stop(self, reason: str) -> None:
        """End the run early; returns when nothing of it is left in any process."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop(reason))
        await asyncio.shield(self._stopping)

    def abandon(self) -> None:
        """End the run without waiting for it: nobody holds it any more."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop("The run was dropped before it ended."))

    @property
    def busy(self) -> bool:
        """Whether any task has no result."""
        return any(portion.outstanding for portion in self.portions)

    def _maybe_end(self) -> None:
        if self._input_ended and not self.busy and self._stopping is None:
            self._stopping = asyncio.ensure_future(self._finish())

    async def _finish(self) -> None:
        await self._tell_all(EndOfInput(self.number))
        await self._end("")

    async def _stop(self, reason: str) -> None:
        await self._tell_all(Stop(self.number, reason))
        await self._end(reason)

    async def _tell_all(self, message: EndOfInput | Stop) -> None:
        """Send *message* to each process that has a part of the run; returns when it has not."""
        for slot, portion in zip(self.engines.slots, self.portions, strict=True):
            if not portion.over.is_set():
                slot.send(message)
        for portion in self.portions:
            await portion.over.wait()

    async def _end(self, reason: str) -> None:
        self.budget.close()
        if self._looking is not None:
            await asyncio.wait({self._looking})
        if self._ended:
            return
        self._ended = True
        self.keep_results()
        self.watch.close()
        self.engines.runs.discard(self)
        del self.engines.of_urls[self.number]
        for slot in self.engines.slots:
            slot.forget(self.number)
        self._send(End(reason))
