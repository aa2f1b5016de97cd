"""Memory that is used, memory that was promised, and what is left of the limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .costs import PRIOR_BODY, CostModel
from .memory import MB
from .session import BROWSER, MODEL
from .tabs import TabAccount

if TYPE_CHECKING:
    from .memory import MemorySample

HOLD = 2.5
"""Memory that a page holds while it is in flight, in sizes of its body: the body, its text, pieces on their way."""
WORK = 20.0
"""Memory that the content work on a page needs at its peak, in sizes of the body, the page itself included.

Measured on pages of 1 to 20 MB: 11 (plain text) to 19 (many small elements). Content work on large pages is done one
page at a time.
"""
REST = 4.0
"""Memory that a finished result keeps, in sizes of the body, until somebody takes it or it is measured."""
SAMPLE_AFTER = 0.01
"""Share of the limit by which accounts may move before memory is measured anew."""
FITTING = 0.85
"""Share of the limit that a guess may fill."""
LARGE = 1024 * 1024
"""Bytes of body from which on pages are worked on one at a time, however many may be."""
TINY = 64 * 1024
"""Bytes of body below which a change of a claim is not worth an account."""


@dataclass(slots=True)
class Claim:
    """What one session was promised."""

    kind: str
    host: str
    expected: int
    """Bytes of body to reckon with: estimated at first, then as declared or received."""
    received: int = 0
    """Bytes of body that have arrived."""
    seen: float = 0.0
    """Bytes of memory for it that the last sample has counted."""
    waits: bool = False
    """Whether its content work has begun and waits."""

    @property
    def works_alone(self) -> bool:
        """Whether the memory of its content work is free again before that of the next page is needed."""
        return self.kind != MODEL

    @property
    def growth(self) -> float:
        """Bytes by which memory may still grow for this page, before its content work if that is done alone."""
        return max(0.0, (HOLD if self.works_alone else WORK) * self.expected - self.seen)

    def sampled(self) -> None:
        """Take in that a sample has counted what is there."""
        self.seen = self.received * (WORK if self.waits else 1)


class MemoryLedger:
    """Keeps the accounts of a run: a session claims memory before it starts, and more while its page turns out larger.

    The accounts are kept between two samples; a sample says what memory really is and starts them anew. What a session
    leaves behind, its result, stays on the account until then.
    """

    def __init__(self) -> None:
        self.costs = CostModel()
        self.tabs = TabAccount()
        self.memory: MemorySample | None = None
        self.promised_more = False
        """Whether a page turned out larger than expected, or memory was measured, since it was last asked for that."""
        self._claims: dict[int, Claim] = {}
        self.working: set[int] = set()
        """The sessions whose pages are in content work: to cancel one would free nothing."""
        self.lanes = 1
        """Pages that may be in content work at a time; large ones are, one at a time."""
        self._work_seen = 0
        """Bytes of the largest page that was in content work when memory was measured."""
        self._growth = 0.0
        self._largest = 0
        self._left_behind = 0.0
        self._moved = 0.0
        self._floor_mb: float | None = None

    @property
    def reserved_mb(self) -> float:
        """MB by which memory may grow without another start: pages in flight, content work, results not measured."""
        beside = (self.lanes - 1) * min(self._largest, LARGE)
        work = (WORK - HOLD) * (max(0, self._largest - self._work_seen) + beside)
        return (self._growth + work + self._left_behind) / MB + self.tabs.growth_mb

    @property
    def wants_sample(self) -> bool:
        """Whether so much has moved since the last sample that the next start should know better."""
        return self.memory is not None and self._moved > SAMPLE_AFTER * self.memory.limit_mb * MB

    def session_mb(self, kind: str, host: str, size: int | None, sheds: int = 0) -> float:
        """Return the MB that one more session would add to what is reserved.

        :param size: bytes of body if they are known from an earlier try.
        :param sheds: how often it was taken back.
        """
        expected = self._expected(kind, host, size)
        if kind == MODEL:
            return WORK * expected / MB
        work = (WORK - HOLD) * max(0, expected - max(self._largest, self._work_seen))
        body = (HOLD * expected + work) / MB
        return body + (self._tab_mb(host, sheds) if kind == BROWSER else 0.0)

    def open(self, number: int, kind: str, host: str, size: int | None, sheds: int = 0) -> None:
        """Make the claim of session *number*."""
        claim = self._claims[number] = Claim(kind, host, self._expected(kind, host, size))
        self._count(claim)
        if kind == BROWSER:
            self.tabs.open(number, host, sheds, self._room_mb)

    def grow(self, number: int, size: int, *, received: bool) -> None:
        """Take in that the page of session *number* has, or is said to have, *size* bytes of body."""
        claim = self._claims.get(number)
        if claim is None:
            return
        before = claim.growth
        if received:
            self._moved += max(0, size - claim.received)
            claim.received = max(size, claim.received)
            if size <= claim.expected:
                return
            claim.expected = size
        else:
            # What the server says replaces the estimate, also downwards; what has arrived cannot.
            claim.expected = max(size, claim.received)
        growth = claim.growth
        if growth > before or (claim.works_alone and claim.expected > self._largest):
            self.promised_more = True
            if claim.works_alone:
                self._largest = max(self._largest, claim.expected)
        self._growth += growth - before

    def shown(self, number: int) -> int:
        """Return the bytes of body that have arrived for session *number*."""
        claim = self._claims.get(number)
        return claim.received if claim is not None else 0

    def work(self, number: int) -> None:
        """Take in that content work on the page of session *number* begins."""
        self.working.add(number)

    def worked(self, number: int) -> None:
        """Take in that it has ended."""
        self.working.discard(number)

    def wait(self, number: int) -> None:
        """Take in that content work on the page of session *number* waits, and another page may be worked on."""
        self.working.discard(number)
        claim = self._claims.get(number)
        if claim is not None:
            claim.waits = True

    def close(self, number: int, size: int | None = None) -> None:
        """End the claim of session *number*.

        :param size: bytes of the body if the page is there; its result is then reckoned with until the next sample.
        """
        self.tabs.close(number, learn=size is not None)
        self._drop(number, size)

    def _drop(self, number: int, size: int | None) -> None:
        claim = self._claims.pop(number, None)
        if claim is None:
            return
        self._growth -= claim.growth
        if size is not None:
            self.costs.learn(claim.kind, claim.host, size)
            self._left_behind += REST * size
            self._moved += REST * size
        else:
            self._moved += claim.received

    def take_back(self, number: int) -> None:
        """Give up the claim of session *number*, which ends before its time."""
        self.tabs.take_back(number)
        self._drop(number, None)

    def sampled(self, memory: MemorySample | None) -> None:
        """Start the accounts anew from what was measured."""
        self.memory = memory
        self.tabs.sampled(memory)
        self.promised_more = True
        self._left_behind = self._moved = self._growth = 0.0
        self._largest = 0
        working = [self._claims[number] for number in tuple(self.working) if number in self._claims]
        self._work_seen = max((claim.received for claim in working if claim.works_alone), default=0)
        for claim in self._claims.values():
            claim.sampled()
            self._count(claim)
        if memory is not None:
            self._floor_mb = min(memory.used_mb, self._floor_mb or memory.used_mb)

    def too_large(self, size: int) -> str:
        """Return a sentence if a page of *size* bytes cannot fit even alone, "" otherwise."""
        if self.memory is None or self._floor_mb is None or size < TINY:
            return ""
        # As a session that runs alone is reckoned with at most, whose page a sample has seen as what has arrived of it:
        # a page that passes here is not taken back for itself, and so not fetched for ever.
        needed = (WORK + HOLD - 1) * size / MB
        if self._floor_mb + needed <= self.memory.limit_mb:
            return ""
        return f"The page needs about {self._floor_mb + needed:.0f} MB, limit is {self.memory.limit_mb:.0f} MB."

    def _count(self, claim: Claim) -> None:
        self._growth += claim.growth
        if claim.works_alone:
            self._largest = max(self._largest, claim.expected)

    def _tab_mb(self, host: str, sheds: int) -> float:
        expected = self.tabs.next_mb(host, sheds)
        # As with what is guessed of pages: never so much that one could not be tried alone.
        return expected if len(self.tabs) else min(expected, self._room_mb)

    @property
    def _room_mb(self) -> float:
        """MB that a page of the browser may be expected to need."""
        return math.inf if self.memory is None else max(0.0, self._room - HOLD * PRIOR_BODY / MB)

    def too_large_tab(self, number: int) -> str:
        """Return a sentence if the page of session *number*, alone in the browser, is what fills the memory, or ""."""
        if self.memory is None or self._floor_mb is None:
            return ""
        return self.tabs.too_large(number, self.memory, self._floor_mb)

    @property
    def _room(self) -> float:
        """MB that a guess may fill."""
        assert self.memory is not None
        return FITTING * self.memory.limit_mb - self.memory.used_mb

    def _expected(self, kind: str, host: str, size: int | None) -> int:
        if size is not None:
            return size
        expected = self.costs.expected(kind, host)
        if self.memory is None:
            return expected
        # A guess never keeps a page from being tried alone: at most what would fit by itself now.
        return min(expected, max(TINY, int(self._room * MB / WORK)))
