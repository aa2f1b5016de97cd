"""Which engine does which task."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from ..facade.requests import session_key
from ..facade.tasks import located, make_work

if TYPE_CHECKING:
    from ..facade.plan import Plan


class Partition:
    """Gives each host to one engine, so that its pace is kept by one.

    :param count: how many engines there are.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._sessions: dict[str, int] = {}

    def number_of(self, index: int, element: object, plan: Plan) -> int:
        """Return the number of the engine that does *element*, counted from 0.

        It is that of the host. What needs no host goes round, and a session stays where its first task went.

        :raises BadElement: for what cannot be crawled.
        """
        key = None
        if isinstance(element, str) and not any(config.session_id for config in plan.configs):
            kind, host = located(element)
        else:
            work = make_work(index, element, plan.configs)
            kind, host, key = work.kind, work.host, session_key(work)
        number = crc32(host.encode("utf-8", "surrogatepass")) % self._count if kind == "http" else index % self._count
        return self._sessions.setdefault(key, number) if isinstance(key, str) else number
