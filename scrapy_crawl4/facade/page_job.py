"""The content work on one page of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from ..dispatch import give_back_memory
from ..results import CrawlResult
from ..workers.job import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ..dispatch import Session
    from ..pending_content import PendingContent
    from .content_work import ContentWork
    from .spilling import Spilling
    from .tasks import Work

T = TypeVar("T")

LARGE = 1024 * 1024
"""Characters of a page after which memory is given back to the system at once."""


class PageJob(Job[T], Generic[T]):
    """Makes something of a page; a result is completed.

    :param work: that of the run.
    :param session: its session.
    :param function: makes it; of a result, the content may be pending.
    :param spilling: looks after the memory of results behind it.
    """

    def __init__(
        self, work: ContentWork, session: Session[Work], function: Callable[[], T], spilling: Spilling | None
    ) -> None:
        super().__init__(session.task.config)
        self._work = work
        self._session = session
        self._function = function
        self._spilling = spilling
        self._value: T

    def begin(self) -> PendingContent | None:
        """Make what the function makes; with a worker this is not done in turn, as little of it needs Python's lock."""
        self._work.controller.work(self._session, self._work.pool.lanes)
        value = self._value = self._function()
        self.pending = value.pending if isinstance(value, CrawlResult) else None
        return self.pending

    def end(self) -> T:
        """Return it, complete."""
        if isinstance(self._value, CrawlResult):
            self._value.complete()
        if self.pending is not None and len(self.pending.html) >= LARGE:
            self.pending = None
            give_back_memory()
        return self._value

    def here(self) -> T:
        """Do all of it in turn."""
        with self._work.turn(self._session):
            self.begin()
            return self.end()

    def at_once(self) -> T:
        """Do all of it without waiting for anybody's turn: it is short, and holds Python's lock from end to end."""
        try:
            self.begin()
            return self.end()
        finally:
            self.over()

    def in_steps(self) -> Generator[None, None, T]:
        """Do the same, and yield between the stages."""
        try:
            pending = self.begin()
            if pending is not None:
                yield
                yield from pending.in_steps()
            return self.end()
        finally:
            self.over()

    def rest(self) -> T:
        """Do the stages in turn."""
        with self._work.turn(self._session):
            return self.end()

    def over(self) -> None:
        """Take the page off the account, and look after the memory of results."""
        self._work.controller.worked(self._session)
        if self._spilling is not None:
            self._spilling.look()
