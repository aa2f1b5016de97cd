"""What a session is going to cost, learned from those before it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

PRIOR_BODY = 128 * 1024
"""Bytes of a page before the first one was seen: above what most pages have, far below what the largest have."""
HOSTS_KEPT = 10_000
"""Hosts whose sizes are remembered; the one heard of longest ago goes first."""
HOST_SAMPLES = 3
"""Pages of a host before its own sizes count for more than those of all."""
SPREADS = 2.0
"""Mean deviations above the mean that a page is expected to have: few pages are larger."""
SMOOTHING = 0.125
"""Weight of a new value in the averages (as in RFC 6298, which estimates round trips in the same way)."""


@dataclass(slots=True)
class Estimate:
    """An exponential average with its mean deviation."""

    mean: float = 0.0
    spread: float = 0.0
    samples: int = 0

    def learn(self, value: float) -> None:
        """Take in *value*."""
        self.samples += 1
        if self.samples == 1:
            self.mean, self.spread = value, value / 2
            return
        self.spread += SMOOTHING * (abs(value - self.mean) - self.spread)
        self.mean += SMOOTHING * (value - self.mean)

    @property
    def high(self) -> float:
        """What a value will hardly exceed."""
        return self.mean + SPREADS * self.spread


class CostModel:
    """Sizes of pages by kind of fetch and host, in bytes; the knowledge of one run.

    :param prior: bytes of a page before the first one was seen.
    """

    def __init__(self, prior: int = PRIOR_BODY) -> None:
        self._prior = prior
        self._kinds: dict[str, Estimate] = {}
        self._hosts: OrderedDict[tuple[str, str], Estimate] = OrderedDict()

    def expected(self, kind: str, host: str) -> int:
        """Return the bytes that a page of *host* fetched in the way *kind* will hardly exceed."""
        estimate = self._hosts.get((kind, host))
        if estimate is None or estimate.samples < HOST_SAMPLES:
            estimate = self._kinds.get(kind)
        return int(estimate.high) if estimate is not None else self._prior

    def learn(self, kind: str, host: str, size: int) -> None:
        """Take in that a page of *host* had *size* bytes."""
        self._kinds.setdefault(kind, Estimate()).learn(size)
        key = (kind, host)
        estimate = self._hosts.pop(key, None) or Estimate()
        estimate.learn(size)
        self._hosts[key] = estimate
        if len(self._hosts) > HOSTS_KEPT:
            self._hosts.popitem(last=False)
