"""One task while it is in a dispatcher's hands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

HTTP = "http"
"""The kind of a session that fetches over HTTP."""
BROWSER = "browser"
"""The kind of a session whose page a browser shows."""
MODEL = "model"
"""The kind of a session whose page waits for a language model: what content work made of it stays in memory meanwhile,
beside that of other pages."""


@dataclass(slots=True, eq=False)
class Job(Generic[T]):
    """A task with what dispatch knows about it, from the moment it is added until it is done."""

    task: T
    host: str
    kind: str
    """The way it is fetched."""
    added_at: float
    """Clock time at which it was added."""
    retries: int = 0
    """Starts after the first one that were owed to a rate limit or a passing fault."""
    sheds: int = 0
    """How often it was taken back because memory was critical."""
    waited: float = 0.0
    """Seconds spent waiting for host, permit and memory."""
    queued_at: float = 0.0
    refusal: str = ""
    """A sentence when memory can never hold what it needs; it fails with it when it is taken back."""
    size: int | None = None
    """Bytes of decoded body, once a server has said or sent them."""


@dataclass(slots=True, eq=False)
class Session(Generic[T]):
    """A job that holds a permit."""

    job: Job[T]
    number: int
    """Rises with every start; the highest is the youngest session."""
    started_at: float
    """Clock time of the start."""
    started_epoch: float
    """Time of the start, seconds since the epoch."""
    memory_at_start: float
    """MB of the whole process tree at the last sample before the start."""
    memory_peak: float
    """The highest MB of the whole process tree sampled since."""
    taken_back: bool = False
    """Whether it was chosen to be taken back; it holds its permit until it is requeued."""

    @property
    def task(self) -> T:
        """The task itself."""
        return self.job.task
