"""Figures of rounds, and what is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Measure:
    """What one contestant took for all pages of one round.

    speed: pages per second, from the first call of the library to the last result.
    whole: pages per second of the whole process, from its start to its end.
    cpu: seconds of processor time for 1,000 pages, of all processes.
    peak: most memory of all processes at once, in MB.
    first: milliseconds from the first call to the first result.
    more: what only some runners measure, by name.
    """

    speed: float
    whole: float
    cpu: float
    peak: float
    first: float
    more: Mapping[str, float]


@dataclass(frozen=True)
class Spread:
    """A figure of several rounds: their median, and the least and the most of them."""

    median: float
    least: float
    most: float
    rounds: int


def spread(values: Iterable[float]) -> Spread | None:
    """Return the spread of *values*; None without any."""
    found = sorted(values)
    return Spread(median(found), found[0], found[-1], len(found)) if found else None


class Rounds:
    """The rounds of one contestant that count, by their number."""

    def __init__(self) -> None:
        self.done: dict[int, Measure] = {}

    def figure(self, name: str) -> Spread | None:
        """Return the spread of the figure *name*."""
        return spread(figure_of(measure, name) for measure in self.done.values() if has(measure, name))

    def ratio(self, others: Rounds, name: str) -> Spread | None:
        """Return the spread of ours by theirs: a ratio for each round in which both counted."""
        shared = self.done.keys() & others.done.keys()
        pairs = ((figure_of(self.done[each], name), figure_of(others.done[each], name)) for each in sorted(shared))
        return spread(ours / theirs for ours, theirs in pairs if theirs)


def has(measure: Measure, name: str) -> bool:
    return name in measure.more or hasattr(measure, name)


def figure_of(measure: Measure, name: str) -> float:
    return measure.more[name] if name in measure.more else float(getattr(measure, name))
