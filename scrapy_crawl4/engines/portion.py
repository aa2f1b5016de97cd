"""What one engine has of a run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from .messages import Allowed, Report
from .shares import Part


@dataclass(slots=True)
class Portion:
    """The tasks of one run that one slot does.

    outstanding: elements without a result, by their index.
    unsent: indexes of those that the process of the slot was not given.
    part: its permits.
    report: what the process said last.
    lost: what processes before it had said of what only adds up.
    known: whether the process knows the run.
    allowed: what the process was told of its share last.
    over: set while no process has anything of the run.
    """

    outstanding: dict[int, Any] = field(default_factory=dict)
    unsent: list[int] = field(default_factory=list)
    part: Part = field(default_factory=Part)
    report: Report = field(default_factory=Report)
    lost: Report = field(default_factory=Report)
    known: bool = False
    allowed: Allowed | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.over.set()

    def take(self, report: Report) -> None:
        """Take in what the process says of its tasks."""
        self.report = report
        self.part.wanted = report.wanted + len(self.unsent)
        self.part.confirm(report.told, report.taken)

    def lose(self, suspects_wait: int = 0) -> None:
        """Take in that the process has ended: all tasks that have no result are to be done again."""
        before, now = self.lost, self.report
        self.lost = Report(
            retried=before.retried + now.retried,
            rate_limited=before.rate_limited + now.rate_limited,
            bytes_received=before.bytes_received + now.bytes_received,
        )
        self.report = Report()
        self.part.lose()
        self.unsent = list(self.outstanding)
        self.known, self.allowed = False, None
        self.over.set()

    def total(self, name: str) -> int:
        """Return what all processes have said of *name*, a field of :class:`Report` that adds up."""
        return int(getattr(self.lost, name) + getattr(self.report, name))
