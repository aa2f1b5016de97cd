"""What pages of a browser are going to need of memory: an account of its process tree.

What a page takes is not seen from outside, as the browser shares processes and pages of memory among its tabs. What all
of them take is: so the account compares the growth of the tree with what was expected of it, and divides what it was
wrong by among the pages that are open. Pages of one host alone are known exactly; the more hosts are mixed, the longer
it takes to tell them apart (least mean squares, as in adaptive filters).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .costs import CostModel
from .memory import MB
from .session import BROWSER

if TYPE_CHECKING:
    from .memory import MemorySample

TAB = 80.0
"""MB that a page needs in a browser before the first one was seen: 55 to 75 with a process of its own, measured."""
LEAST_TAB = 40.0
"""MB that no page is expected to go below: what its process has before there is anything in it."""
START = 200.0
"""MB that a browser without pages needs: 110, and 80 for the program that drives it, measured."""
SURPRISE = 150.0
"""MB by which one page may turn out larger than expected before others were seen to: kept free while pages are open."""
KNOWN = 3
"""Pages after which it is known what pages are like."""
FADING = 0.98
"""What is left of the largest surprise from one measurement to the next."""
FULL_SHARE = 0.9
"""Share of the limit that a page alone must be seen to need before it is given up."""


@dataclass(slots=True)
class Tab:
    """One page that is open or about to be.

    expected: MB.
    seen: the most MB that were ascribed to it.
    counted: whether memory was measured since it was opened.
    """

    host: str
    expected: float
    seen: float = 0.0
    counted: bool = False


@dataclass(slots=True)
class TabAccount:
    """Keeps what pages of the browser were promised, in MB; the knowledge of one run."""

    costs: CostModel = field(default_factory=lambda: CostModel(prior=int(TAB * MB)))
    _tabs: dict[int, Tab] = field(default_factory=dict)
    _closing: dict[int, float] = field(default_factory=dict)
    _before: float | None = None
    """MB of child processes before the first page."""
    _base: float = START
    """MB of a browser without pages."""
    _grown: float = 0.0
    """MB by which child processes have grown since."""
    _surprise: float = SURPRISE
    _learnt: int = 0
    """Pages of which the size was learnt."""

    def __len__(self) -> int:
        return len(self._tabs)

    @property
    def closing_mb(self) -> float:
        """MB that pages which were taken back are about to give back."""
        return sum(self._closing.values())

    @property
    def growth_mb(self) -> float:
        """MB by which the browser may still grow for the pages that are open."""
        if not self._tabs:
            return 0.0
        fresh = sum(tab.expected for tab in self._tabs.values() if not tab.counted)
        old = sum(tab.expected for tab in self._tabs.values() if tab.counted)
        return fresh + max(0.0, self._base + old - self._grown)

    def next_mb(self, host: str, sheds: int) -> float:
        """Return the MB that one more page of *host* would need, with the browser itself if it does not run.

        :param sheds: how often it was taken back: each time it is expected to need twice as much.
        """
        page = self._expected(host, sheds)
        if not self._tabs:
            return page + max(0.0, self._base - self._grown)
        # While nothing is known of pages, each may be one that surprises; later, few are.
        surprises = 1 if self._learnt >= KNOWN else len(self._tabs) + 1
        return page + surprises * self._surprise

    def open(self, number: int, host: str, sheds: int, most_mb: float = math.inf) -> None:
        """Take in that session *number* opens a page of *host*.

        :param most_mb: what it may be expected to need at most, so that it can be tried.
        """
        start = 0.0 if self._tabs else max(0.0, self._base - self._grown)
        self._tabs[number] = Tab(host, max(0.0, min(self._expected(host, sheds), most_mb - start)))

    def close(self, number: int, *, learn: bool) -> None:
        """Take in that the page of session *number* is closed; *learn* from it if it was shown to the end."""
        self._closing.pop(number, None)
        tab = self._tabs.pop(number, None)
        if tab is not None and learn and tab.seen:
            self.costs.learn(BROWSER, tab.host, int(max(LEAST_TAB, tab.seen) * MB))
            self._learnt += 1

    def take_back(self, number: int) -> None:
        """Take in that the page of session *number* is being closed before its time, to give back what it has."""
        tab = self._tabs.pop(number, None)
        if tab is not None:
            self._closing[number] = max(tab.seen, tab.expected if tab.counted else 0.0)

    def sampled(self, memory: MemorySample | None) -> None:
        """Take in a measurement, and ascribe the browser's growth to its pages."""
        if memory is None:
            return
        if self._before is None:
            self._before = memory.children_mb
            # An earlier run may have left the browser running.
            self._base = max(0.0, START - memory.children_mb)
        self._grown = max(0.0, memory.children_mb - self._before)
        self._surprise = max(SURPRISE, FADING * self._surprise, memory.largest_child_mb)
        counted = [tab for tab in self._tabs.values() if tab.counted]
        for tab in self._tabs.values():
            tab.counted = True
        # Below that, it is still starting, or nobody has looked for its processes yet.
        has_started = self._grown >= self._base
        if counted and len(counted) == len(self._tabs) and not self._closing and has_started:
            error = self._grown - self._base - sum(tab.expected for tab in counted)
            for tab in counted:
                tab.seen = max(tab.seen, tab.expected + error / len(counted))
        elif not self._tabs and not self._closing and self._grown > START / 2:
            # Above that, it has pages that wait for their next task.
            self._base = min(self._base, self._grown)

    def too_large(self, number: int, memory: MemorySample, floor_mb: float) -> str:
        """Return a sentence if the page of session *number*, which is alone, is what fills the memory, else ``""``.

        :param floor_mb: MB that were used before there was a browser.
        """
        tab = self._tabs.get(number)
        if tab is None or len(self._tabs) > 1:
            return ""
        needed = floor_mb + max(self._grown, self._base)
        if needed < FULL_SHARE * memory.limit_mb:
            return ""
        return f"The page needs more than {needed:.0f} MB in the browser, limit is {memory.limit_mb:.0f} MB."

    def _expected(self, host: str, sheds: int) -> float:
        return float(self.costs.expected(BROWSER, host) / MB * 2 ** min(sheds, 10))
