"""Which session gives its memory back when there is too little."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from .base import BaseDispatcher

if TYPE_CHECKING:
    from .base import Load
    from .ledger import MemoryLedger
    from .memory import MemorySample
    from .pressure import Pressure
    from .session import Session
    from .sessions import Sessions

T = TypeVar("T")

FASTEST_GROWTH = 4000.0
"""MB a second by which memory is reckoned to grow while pages of a browser are open: what a few processors write."""
LEAST_WATCH = 0.02
"""Seconds between two glances at memory, at least."""
SCARCE_PERCENT = 90.0
"""Share of the limit from which on the system may end processes before this is seen."""
SHORT_WHILE = 2.0
"""Seconds from then until it is known which page that was."""
MOST_STARVED = 3
"""How often a page that the system ended is tried again; it is promised twice as much each time."""
REACTION = 0.1
"""Seconds from a glance until a page that is closed has given its memory back."""
MOST_AHEAD = 0.1
"""Share of the limit by which memory is reckoned to grow meanwhile, at most."""
FULL_PERCENT = 97.5
"""Share of the limit that a page which is alone may fill: more, and the system ends a process of its own choice."""


class Relief(Generic[T]):
    """Chooses sessions to take back, and says how closely memory is to be watched.

    :param dispatcher: the policy; asked, never written to.
    """

    def __init__(
        self, dispatcher: BaseDispatcher, sessions: Sessions[T], ledger: MemoryLedger, pressure: Pressure
    ) -> None:
        self._dispatcher = dispatcher
        self._sessions = sessions
        self._ledger = ledger
        self._pressure = pressure
        self._scarce_at = -math.inf
        self._glanced = math.inf, -math.inf
        self._ahead_mb = 0.0

    def watch_in(self) -> float | None:
        """Return the seconds after which memory should be glanced at: pages of a browser grow by themselves.

        None where none are open, and where the policy takes nothing back.
        """
        memory, dispatcher = self._ledger.memory, self._dispatcher
        if memory is None or not len(self._ledger.tabs) or type(dispatcher).sheds is BaseDispatcher.sheds:
            return None
        room = memory.limit_mb - memory.used_mb
        return min(dispatcher.check_interval, max(LEAST_WATCH, room / FASTEST_GROWTH))

    def take_back(self, load: Load) -> Session[T] | None:
        """Choose a session under *load* and give up what it claims; None while none has to go."""
        session = self._victim(load)
        if session is not None:
            session.job.refusal = self._refusal(session)
            self._sessions.take_back(session)
        return session

    def take_back_promised(self, load: Load) -> Session[T] | None:
        """Do the same where it is not what is measured that is critical: that is for samples, one session at a time."""
        if load.memory is None or self._pressure.sheds(replace(load, reserved_mb=0.0), load.in_flight):
            return None
        session = self.take_back(load)
        self._ledger.promised_more = session is not None
        return session

    def is_needed(self, load: Load, now: float) -> bool:
        """Return whether a session may have to go under *load*, which a sample has to confirm."""
        if load.memory is not None:
            self._look_ahead(load.memory, now)
            if load.memory.percent >= SCARCE_PERCENT:
                self._scarce_at = now
        return self._is_full(load) or self._victim(replace(load, reserved_mb=0.0)) is not None

    def may_have_starved(self, session: Session[T], now: float) -> bool:
        """Return whether the system may have ended the page of *session* for memory that others get to need less of."""
        return now - self._scarce_at <= SHORT_WHILE and session.job.sheds < MOST_STARVED

    def _look_ahead(self, memory: MemorySample, now: float) -> None:
        """Reckon with what memory grows by until a page that is closed has given its own back."""
        before, at = self._glanced
        self._glanced = memory.used_mb, now
        speed = (memory.used_mb - before) / max(LEAST_WATCH, now - at)
        self._ahead_mb = min(max(0.0, speed * REACTION), MOST_AHEAD * memory.limit_mb)

    def _victim(self, load: Load) -> Session[T] | None:
        """Return the session that has to go: the youngest. What others are about to give back counts as free."""
        staying = self._sessions.staying()
        if not staying:
            return None
        if load.memory is not None:
            used = load.memory.used_mb - self._ledger.tabs.closing_mb
            used += self._ahead_mb if len(staying) > 1 and len(self._ledger.tabs) else 0.0
            free = replace(load.memory, used_mb=max(0.0, used))
            load = replace(load, memory=free)
        if self._pressure.sheds(load, len(staying)) or (self._is_full(load) and self._refusal(staying[-1])):
            return staying[-1]
        return None

    def _is_full(self, load: Load) -> bool:
        return load.memory is not None and load.memory.percent >= FULL_PERCENT and len(self._sessions) == 1

    def _refusal(self, session: Session[T]) -> str:
        """Return why *session* need not be tried again, ``""`` if it may fit another time."""
        return self._ledger.too_large_tab(session.number) if len(self._sessions) == 1 else ""
