"""A request between its slot and the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    import asyncio

    from scrapy.http import Response

    from .dispatch import Session


class Turn:
    """One request on its way through the gate: it waits, or its transfer holds a session."""

    __slots__ = ("error", "host", "ready", "session", "shed", "stays", "transfer")

    def __init__(self, host: str, *, stays: bool) -> None:
        self.host = host
        self.stays = stays
        self.session: Session[Turn] | None = None
        self.error: Exception | None = None
        self.ready: Deferred[None] | None = None
        self.transfer: asyncio.Task[Response] | Deferred[Response] | None = None
        self.shed = False

    def end_wait(self) -> None:
        """Let the waiting coroutine go on, if it waits."""
        ready, self.ready = self.ready, None
        if ready is not None:
            ready.callback(None)

    async def wait(self) -> Session[Turn]:
        """Return the session once it is there, and raise what ended the wait without one."""
        if self.session is None and self.error is None:
            self.ready = Deferred()
            await maybe_deferred_to_future(self.ready)
        if self.error is not None:
            raise self.error
        assert self.session is not None
        return self.session
