"""What an engine process and the process that started it tell each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..transfer import Parcel


class Begin(NamedTuple):
    """To the engine: start. *settings* is frozen; *levels* are those of the program's loggers, by name."""

    settings: bytes
    llm_concurrency: int
    levels: dict[str, int]
    content_workers: int = 0


class Ready(NamedTuple):
    """From the engine: it can take runs; *error* is a sentence when it cannot, ever."""

    error: str = ""


class NewRun(NamedTuple):
    """To the engine: a run begins. *plan* is frozen."""

    run: int
    plan: bytes


class Feed(NamedTuple):
    """To the engine: elements with their index; what is no string is frozen."""

    run: int
    elements: list[tuple[int, str | bytes]]


class EndOfInput(NamedTuple):
    """To the engine: there will be no more elements."""

    run: int


class Taken(NamedTuple):
    """To the engine: so many results were taken."""

    run: int
    results: int


class Allowed(NamedTuple):
    """To the engine: its share, told the *told*-th time."""

    run: int
    told: int
    permits: int
    elsewhere_mb: float
    before_mb: float
    others_work: bool


class Stop(NamedTuple):
    """To the engine: end a run."""

    run: int
    reason: str


class Report(NamedTuple):
    """Where a run is in an engine."""

    told: int = 0
    taken: int = 0
    wanted: int = 0
    in_flight: int = 0
    reserved_mb: float = 0.0
    session_mb: float = 0.0
    retried: int = 0
    rate_limited: int = 0
    bytes_received: int = 0


class Results(NamedTuple):
    """From the engine: finished results, and whether each is to be printed; and where the run is."""

    run: int
    report: Report
    results: list[tuple[int, bool, Parcel]]


class Ended(NamedTuple):
    """From the engine: nothing of the run is left; *reason* is a sentence where it ended early.

    *is_closed* says that the engine takes no more runs.
    """

    run: int
    reason: str
    is_closed: bool = False


class Close(NamedTuple):
    """To the engine: end everything."""


class Closed(NamedTuple):
    """From the engine, the last thing: its statistics."""

    stats: dict[str, Any]


class Logged(NamedTuple):
    """From the engine: a record for the program's log."""

    fields: dict[str, Any]
