"""Content work on one page, wherever it is done."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

from ..exceptions import TaskFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..config import CrawlerRunConfig
    from ..pending_content import PendingContent

T = TypeVar("T")


class Job(ABC, Generic[T]):
    """What is to be done, in two steps: :meth:`begin` in this process, the stages anywhere, :meth:`end` here again.

    :param config: what is wanted of the page.
    """

    def __init__(self, config: CrawlerRunConfig) -> None:
        self.config = config
        self.future: Future[T] = Future()
        """Has the value of :meth:`end`, or what was raised."""
        self.pending: PendingContent | None = None
        """What a worker has to work on, once it has begun."""
        self.deaths = 0
        """Workers that ended while they worked on the page, or had it before them."""
        self.abandoned_at: float | None = None
        self.elsewhere = False
        """Whether a worker has done the stages."""
        self._started = False

    @abstractmethod
    def begin(self) -> PendingContent | None:
        """Return what the stages have to work on; None if nothing."""

    @abstractmethod
    def end(self) -> T:
        """Return the value of the whole."""

    def here(self) -> T:
        """Do all of it in this thread."""
        self.begin()
        return self.rest()

    def rest(self) -> T:
        """Do what is left after :meth:`begin` in this thread, the stages too."""
        return self.end()

    def over(self) -> None:
        """Called once when the work has ended, however, before the future has its value."""

    def may_start(self) -> bool:
        """Take in that the work begins, or goes on elsewhere; return False if nobody wants it any more."""
        if not self._started:
            self._started = self.future.set_running_or_notify_cancel()
        return self._started

    def abandon(self) -> None:
        """Take in that nobody waits for it any more: it never begins, or is given a little time to end."""
        if not self.future.cancel():
            self.abandoned_at = time.monotonic()

    def run(self, work: Callable[[], T]) -> None:
        """Give the future what *work* returns or raises; what would end the program is a failure of the page."""
        try:
            value = work()
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for the future
            self.fail(error)
        except BaseException as error:  # noqa: BLE001 - as above
            failure = TaskFailed(f"The content stages failed: {type(error).__name__}")
            failure.__cause__ = error
            self.fail(failure)
        else:
            self.over()
            self.future.set_result(value)

    def fail(self, error: Exception) -> None:
        """End it without a value."""
        self.over()
        self.future.set_exception(error)
