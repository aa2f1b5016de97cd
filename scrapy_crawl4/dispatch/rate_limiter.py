"""The pace of a host: starts reserved in time, back-off when the host asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._validate import count, number

if TYPE_CHECKING:
    from random import Random

UNFELT = 0.01
"""Seconds of back-off that make no difference any more."""
FIRST_BACKOFF = 0.5
"""Seconds that back-off grows from on a host that had no delay."""


@dataclass(frozen=True, init=False)
class RateLimiter:
    """How fast one host may be asked, and what happens when it says "too many requests"; a value, without state.

    :param base_delay: seconds between two starts on one host: a number, or a pair to draw from evenly.
    :param max_delay: the longest delay that back-off or ``Retry-After`` can cause, in seconds.
    :param max_retries: how often a task that was refused for its rate is tried again before it fails.
    :param rate_limit_codes: HTTP statuses that mean "too many requests"; 429 and 503 unless given.
    :raises ValueError: for delays that are negative or out of order, or a code that is not an HTTP status.
    """

    base_delay: tuple[float, float]
    max_delay: float
    max_retries: int
    rate_limit_codes: frozenset[int]

    def __init__(
        self,
        base_delay: tuple[float, float] | float = (1.0, 3.0),
        max_delay: float = 60.0,
        max_retries: int = 3,
        rate_limit_codes: Iterable[int] | None = None,
    ) -> None:
        # A frozen dataclass is written this way while it is made.
        object.__setattr__(self, "base_delay", _delay_range(base_delay))
        object.__setattr__(self, "max_delay", number("max_delay", max_delay, least=0))
        object.__setattr__(self, "max_retries", count("max_retries", max_retries))
        object.__setattr__(self, "rate_limit_codes", _codes(rate_limit_codes))

    def is_rate_limit(self, status: int | None) -> bool:
        """Return True for a status that means "too many requests"."""
        return status in self.rate_limit_codes


def check_rate_limiter(value: object) -> None:
    """Raise ``ValueError`` for what is neither None nor a :class:`RateLimiter`."""
    if value is not None and not isinstance(value, RateLimiter):
        raise ValueError(f"rate_limiter must be a RateLimiter or None, got {type(value).__name__}.")


def _delay_range(value: object) -> tuple[float, float]:
    if isinstance(value, (tuple, list)):
        if len(value) != 2:  # noqa: PLR2004 - a pair
            raise ValueError(f"base_delay must be a number or a pair of numbers, got {value!r}.")
        low, high = (number("base_delay", item, least=0) for item in value)
        if low > high:
            raise ValueError(f"base_delay must go from the shorter to the longer delay, got {value!r}.")
        return low, high
    fixed = number("base_delay", value, least=0)
    return fixed, fixed


def _codes(value: object) -> frozenset[int]:
    if value is None:
        return frozenset((429, 503))
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise ValueError(f"rate_limit_codes must be a list of HTTP statuses, got {value!r}.")  # noqa: TRY004 - a wrong value
    return frozenset(map(_status, value))


def _status(code: object) -> int:
    if isinstance(code, bool) or not isinstance(code, int) or not 100 <= code <= 599:  # noqa: PLR2004
        raise ValueError(f"rate_limit_codes must be HTTP statuses from 100 to 599, got {code!r}.")
    return code


@dataclass(slots=True)
class HostPace:
    """The state of one host under a :class:`RateLimiter`; belongs to one run.

    A start *reserves*: it moves ``next_start`` on in the same step that grants it, so that no two starts can use one
    slot of time. Exponential back-off with jitter as in "Exponential Backoff And Jitter" (AWS Architecture Blog).
    """

    limiter: RateLimiter
    next_start: float = 0.0
    """Time of the injected clock, in seconds, before which nothing starts."""
    backoff: float = 0.0
    """Seconds between two starts while the host asks for patience; 0 in good times."""
    enough: float = 0.0
    """The back-off at which the host last refused: down to there it decays fast, below it step by step."""
    backed_off_at: float = float("-inf")
    """When the back-off last grew."""

    def interval(self, random: Random) -> float:
        """Return the seconds that must pass between this start and the next."""
        low, high = self.limiter.base_delay
        drawn = low if low == high else random.uniform(low, high)
        return max(drawn, self.backoff)

    def refused(self, now: float, started: float, retry_after: float | None, random: Random) -> None:
        """Take in a rate-limit response to a start at *started*, and wait at least ``retry_after`` seconds.

        The back-off doubles once for all starts that were under way when it last did: they knew nothing of it yet.
        """
        if started > self.backed_off_at:
            self.enough = self.backoff or FIRST_BACKOFF
            seed = max(self.backoff, self.limiter.base_delay[1], FIRST_BACKOFF)
            self.backoff = min(seed * 2 * random.uniform(0.75, 1.25), self.limiter.max_delay)
            self.backed_off_at = now
        wait = max(self.backoff, min(retry_after or 0.0, self.limiter.max_delay))
        self.next_start = max(self.next_start, now + wait)

    def accepted(self, started: float) -> None:
        """Take in any other response to a start at *started*.

        Back-off decays by a quarter and ends when it is no longer felt; starts from before it grew say nothing of it.
        """
        if started <= self.backed_off_at:
            return
        self.backoff *= 0.75 if self.backoff * 0.75 > self.enough else 0.97
        if self.backoff <= max(self.limiter.base_delay[1], UNFELT):
            self.backoff = 0.0
