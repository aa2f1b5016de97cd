"""One session of a host reads its robots.txt before others start there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .recent import Recent
from .requests import obeys_robots
from .robots import HOSTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..dispatch import HostLimits, Session
    from .tasks import Work

MANY = 2**31 - 1
"""No limit of ours."""


@dataclass(frozen=True, slots=True)
class _Limits:
    """Limits of *host*: one session while its robots.txt is being read, and what *others* demand."""

    reading: Mapping[str, int]
    host: str
    others: HostLimits | None

    @property
    def concurrency(self) -> int:
        usual = MANY if self.others is None else self.others.concurrency
        return 1 if self.host in self.reading else usual

    def download_delay(self) -> float:
        return 0.0 if self.others is None else self.others.download_delay()


class FirstVisits:
    """What a run knows of the robots.txt of its hosts; without it, a first burst would come before ``Crawl-delay``.

    Tasks that wait for another's robots.txt hold no permit.

    :param others: further limits of a host, by name; None where there are none.
    """

    def __init__(self, others: Callable[[str], HostLimits] | None = None) -> None:
        self._others = others
        self._reading: dict[str, int] = {}
        self._known: Recent[str, None] = Recent(HOSTS)

    def limits(self, host: str) -> HostLimits:
        """Return the limits of *host*, live."""
        return _Limits(self._reading, host, None if self._others is None else self._others(host))

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
        self._known[host] = None
        self._reading.pop(host, None)
