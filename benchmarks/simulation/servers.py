"""The hosts' side: who asks too fast is refused, and everything is written down."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .load import Hosts
    from .loop import Loop

BURST = 2
"""Requests that a limiting host lets pass at once after a pause."""
EXACT = 1e-9


class Servers:
    """Generic cell rate algorithm per host (ITU-T I.371), and a judge of the crawler's manners.

    :param delay: seconds that the crawler promised to leave between two starts on one host.
    """

    def __init__(self, loop: Loop, hosts: Hosts, delay: float) -> None:
        self.refusals = 0
        self.early_starts = 0
        """Starts less than ``delay`` after the one before on the same host."""
        self.impatient_starts = 0
        """Starts on a host before the time that its last Retry-After named was over."""
        self.journal: list[tuple[float, int]] | None = None
        """Time and host of every request, for those who set a list."""
        self._loop = loop
        self._gap = hosts.gap
        self._delay = delay
        size = len(hosts.gap)
        self._due = [0.0] * size
        self._patient_until = [0.0] * size
        self._first = [-1.0] * size
        self._last = [float("-inf")] * size
        self._asked = [0] * size
        self._served = [0] * size

    def ask(self, host: int) -> float:
        """Take in a request now; return 0 to serve it, or the whole seconds that it should have waited."""
        now = self._loop.now
        self.early_starts += now - self._last[host] < self._delay - EXACT
        self.impatient_starts += now < self._patient_until[host] - EXACT
        self._last[host] = now
        if self.journal is not None:
            self.journal.append((now, host))
        gap = self._gap[host]
        if not gap:
            return 0.0
        if self._first[host] < 0:
            self._first[host] = now
        self._asked[host] += 1
        due = max(self._due[host], now)
        if due - now > (BURST - 1) * gap + EXACT:
            self.refusals += 1
            return float(ceil(due - now))
        self._due[host] = due + gap
        self._served[host] += 1
        return 0.0

    def refused(self, host: int, patience: float) -> None:
        """Take in that a refusal has reached the crawler now."""
        self._patient_until[host] = max(self._patient_until[host], self._loop.now + patience)

    def worst(self, least: int = 20) -> tuple[float, float]:
        """Return the highest rate of any host, asked and served, as shares of what it allows.

        Over the time from its first to its last request; only hosts with at least *least* requests, as two requests
        have no rate.
        """
        asked = served = 0.0
        for host, gap in enumerate(self._gap):
            if self._asked[host] >= least:
                allowed = (self._last[host] - self._first[host]) / gap + BURST
                asked = max(asked, self._asked[host] / allowed)
                served = max(served, self._served[host] / allowed)
        return asked, served
