"""How many sessions the policy grants, from check to check."""

from __future__ import annotations

from dataclasses import replace
from operator import index
from typing import TYPE_CHECKING

from ..exceptions import DispatcherError

if TYPE_CHECKING:
    from .base import BaseDispatcher, Load


class Pressure:
    """Asks the policy, and keeps what its answers mean over time.

    :param dispatcher: the policy; asked, never written to.
    """

    def __init__(self, dispatcher: BaseDispatcher) -> None:
        self._dispatcher = dispatcher
        self.granted = dispatcher.max_session_permit
        """Sessions granted at the last check."""
        self.granted_before = dispatcher.max_session_permit
        """Sessions granted at the check before: what the policy is told until the next one."""
        self.throttled_checks = 0
        """Checks at which memory was why fewer sessions were granted."""
        self.throttled_seconds = 0.0
        """Time from such checks to the next ones, in seconds."""
        self._throttled = False
        self._checked_at = 0.0
        self._stalled_since: float | None = None

    def permits(self, load: Load) -> int:
        """Return what the policy grants under *load*; ``DispatcherError`` for an answer that is no whole number."""
        answer = self._dispatcher.permits(load)
        try:
            return max(0, min(index(answer), self._dispatcher.max_session_permit))
        except TypeError:
            name = type(self._dispatcher).__name__
            raise DispatcherError(f"{name}.permits() must return a whole number, got {answer!r}.") from None

    def check(self, load: Load, now: float, *, held: bool = False) -> None:
        """Ask the policy anew, after a sample.

        :param held: whether finished results wait to be taken: it is not memory then that keeps the run from going on.
        """
        # Until the next sample the policy answers from here; from its own last answer it would rise again at once.
        self.granted_before = self.granted
        load = replace(load, permits=self.granted_before)
        self.granted = self.permits(load)
        self._note_throttling(load, now)
        if self.granted > 0 or load.in_flight or held or not load.waiting:
            self._stalled_since = None
        elif self._stalled_since is None:
            self._stalled_since = now

    def _note_throttling(self, load: Load, now: float) -> None:
        if self._throttled:
            self.throttled_seconds += now - self._checked_at
        self._checked_at = now
        self._throttled = load.memory is not None and self.granted < self.permits(replace(load, memory=None))
        self.throttled_checks += self._throttled

    def started(self) -> None:
        """Take in that something started."""
        self._stalled_since = None

    def timed_out(self, now: float) -> bool:
        """Return True when nothing was granted, ran or started for ``memory_wait_timeout`` seconds."""
        limit = self._dispatcher.memory_wait_timeout
        return limit is not None and self._stalled_since is not None and now - self._stalled_since >= limit

    def sheds(self, load: Load, staying: int) -> bool:
        """Return True when one of the *staying* sessions should be taken back."""
        return self._dispatcher.sheds(replace(load, in_flight=staying))
