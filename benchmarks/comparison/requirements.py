"""What must hold, each with its figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .figures import spread
from .workloads import ADDON, BLOCKS, CONTENT, CRAWL4AI_HTTP, CRAWLEE_FAST, FETCH, FIRST, LATENCY, RAW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .figures import Rounds, Spread
    from .starting import Start

ONE, *TWO_CORES = [each.name for each in CONTENT.contestants if each.name.startswith("scrapy-crawl4")]
IN_A_THREAD = "Scrapy, html-to-markdown in a thread"


@dataclass(frozen=True)
class Requirement:
    """A figure and its bound.

    found: None when it could not be measured.
    least: the figure must be that at least; otherwise *most* is what it may be.
    """

    what: str
    found: Spread | None
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool:
        if self.found is None:
            return False
        if self.least is not None:
            return self.found.median >= self.least
        return self.most is not None and self.found.median <= self.most

    def __str__(self) -> str:
        bound = f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"
        if self.found is None:
            return f"{self.what}: {bound}; NOT MEASURED"
        told = f"{self.found.median:.2f} ({self.found.least:.2f} to {self.found.most:.2f})"
        return f"{self.what}: {bound}; {told}: {'holds' if self.holds else 'DOES NOT HOLD'}"


def requirements(results: Mapping[str, Mapping[str, Rounds]], start: Start | None) -> list[Requirement]:
    """Return those of the workloads that ran.

    :param results: rounds by the name of the workload, and of the contestant.
    """
    found: list[Requirement] = []
    for workload, told in (
        (CONTENT, _of_content),
        (LATENCY, _of_latency),
        (FETCH, _of_fetch),
        (ADDON, _of_addon),
        (FIRST, _of_first),
        (BLOCKS, _of_blocks),
    ):
        if workload.name in results:
            found += told(results[workload.name])
    return found + (list(_of_start(start)) if start else [])


def _of_content(done: Mapping[str, Rounds]) -> Iterator[Requirement]:
    ours, crawl4ai, crawlee = done[ONE], done[CRAWL4AI_HTTP.name], done[CRAWLEE_FAST.name]
    yield Requirement("content, one engine: pages/s by crawl4ai's", ours.ratio(crawl4ai, "speed"), least=12)
    yield Requirement("content, one engine: pages/s by crawlee's", ours.ratio(crawlee, "speed"), least=1.3)
    yield Requirement("content, one engine: peak memory by crawl4ai's", ours.ratio(crawl4ai, "peak"), most=1)
    yield Requirement("content, one engine: peak memory by crawlee's", ours.ratio(crawlee, "peak"), most=1)
    best = best_of(done)
    two = done[best] if best else None
    name = best.partition(", ")[2] if best else "two cores"
    in_thread = done[IN_A_THREAD]
    yield Requirement(f"content, {name}: pages/s by one engine's", two and two.ratio(ours, "speed"), least=1.6)
    yield Requirement(
        f"content, {name}: pages/s by Scrapy's with a thread", two and two.ratio(in_thread, "speed"), least=1.5
    )


def best_of(done: Mapping[str, Rounds]) -> str | None:
    """Return the fastest of our ways to use two cores, if there is one."""
    speeds = {name: speed.median for name in TWO_CORES if name in done and (speed := done[name].figure("speed"))}
    return max(speeds, key=lambda name: speeds[name]) if speeds else None


def _of_latency(done: Mapping[str, Rounds]) -> Iterator[Requirement]:
    ratio = _ours_by(done, RAW.name, LATENCY.contestants[0].name)
    yield Requirement("latency: pages/s by aiohttp's", ratio, least=0.9)


def _of_fetch(done: Mapping[str, Rounds]) -> Iterator[Requirement]:
    ours, scrapy = (each.name for each in FETCH.contestants[:2])
    yield Requirement("fetching alone: pages/s by Scrapy's", _ours_by(done, scrapy, ours), least=2)


def _of_addon(done: Mapping[str, Rounds]) -> Iterator[Requirement]:
    ours, scrapy = (each.name for each in ADDON.contestants)
    yield Requirement("add-on: pages/s by those without it", _ours_by(done, scrapy, ours), least=0.95)


def _ours_by(done: Mapping[str, Rounds], theirs: str, ours: str) -> Spread | None:
    return done[ours].ratio(done[theirs], "speed") if ours in done and theirs in done else None


def _of_first(done: Mapping[str, Rounds]) -> Iterator[Requirement]:
    ours = done.get(FIRST.contestants[0].name)
    yield Requirement("first result after the first response, ms", ours and ours.figure("after_ms"), most=60)


def _of_blocks(done: Mapping[str, Rounds]) -> Iterator[Requirement]:
    ours = done.get(BLOCKS.contestants[0].name)
    for name, loop in (("caller_ms", "the caller's"), ("engine_ms", "the engine's")):
        yield Requirement(f"longest block of {loop} loop, ms", ours and ours.figure(name), most=50)


def _of_start(start: Start) -> Iterator[Requirement]:
    sizes = start.installed
    yield Requirement("import of scrapy_crawl4 by that of scrapy", start.ratio, most=1.5)
    yield Requirement("installed size by crawl4ai's", spread([sizes["scrapy-crawl4"] / sizes["crawl4ai"]]), most=0.5)
