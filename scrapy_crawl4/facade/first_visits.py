"""One session of a host reads its robots.txt before others start there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .requests import obeys_robots

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..dispatch import HostLimits, Session
    from .tasks import Work

MANY = 2**31 - 1
"""No limit of ours."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """Limits of *host*: one session while its robots.txt is being read."""

    reading: Mapping[str, int]
    host: str

    @property
    def concurrency(self) -> int:
        return 1 if self.host in self.reading else MANY

    def download_delay(self) -> float:
        return 0.0


class FirstVisits:
    """What a run knows of the robots.txt of its hosts; without it, a first burst would come before ``Crawl-delay``.

    Tasks that wait for another's robots.txt hold no permit.
    """

    def __init__(self) -> None:
        self._reading: dict[str, int] = {}
        self._known: set[str] = set()

    def limits(self, host: str) -> HostLimits:
        """Return the limits of *host*, live."""
        return _Limits(self._reading, host)

    def begin(self, session: Session[Work]) -> None:
        """Take in that *session* starts."""
        work = session.task
        if work.kind == "http" and work.host not in self._known and obeys_robots(work):
            self._reading.setdefault(work.host, session.number)

    def end(self, session: Session[Work]) -> None:
        """Take in that *session* ends, whether it learnt anything or not; before its permit is given back."""
        if self._reading.get(session.task.host) == session.number:
            del self._reading[session.task.host]

    def learn(self, host: str) -> None:
        """Take in that robots.txt of *host* was read, or that it has none."""
        self._known.add(host)
        self._reading.pop(host, None)
