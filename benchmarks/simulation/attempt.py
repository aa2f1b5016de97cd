"""One session while the world serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy_crawl4.dispatch import Session

    from .load import Task


class Attempt:
    """A session and how far it got."""

    __slots__ = ("alive", "arrived", "began", "mark", "received", "session", "task")

    def __init__(self, session: Session[Task]) -> None:
        self.session = session
        self.task: Task = session.job.task
        self.alive = True
        self.arrived = False
        """Whether the whole body is here: in line for content work, or in it."""
        self.began = -1.0
        """The link's level when the body began to come; below 0 while it is not coming."""
        self.mark = 0
        self.received = 0
