"""How fast is scrapy-crawl4, and how fast are crawl4ai, crawlee, Scrapy and aiohttp with the same pages?

    python benchmarks/compare.py [--only content,latency,...] [--pages N] [--rounds 5] [--out FOLDER]

crawls with each of them in turns, in an order that changes with each round, every time with a process of its own in a
virtual environment of its own, which is made with pip on first use. A round counts only if every URL has exactly one
result, with the content of its own page. Pages come from nginx on loopback, and where an answer is to take time, or the
server is to note when it came, from ``tiny_server.py``; the corpus is that of ``corpus.py``.

Prints what must hold. A full run writes ``results.md`` with its pictures into ``docs/benchmarks``; one with ``--only``
or ``--pages``, or with fewer rounds, writes nothing unless ``--out`` says where. Exit status 1 unless everything that
was to be measured was, and holds.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from comparison.figures import Rounds
from comparison.machine import machine, versions
from comparison.report import page, section, start_section, write_pictures
from comparison.requirements import requirements
from comparison.running import RefusedError, Site, WrongError, run_once
from comparison.serving import serving
from comparison.starting import CRAWL4AI, CRAWLEE, IMPORTS, OURS, measure_start
from comparison.workloads import WORKLOADS, Contestant, Workload
from corpus import default_folder
from environments import ROOT, install_ours

if TYPE_CHECKING:
    from comparison.starting import Start
    from environments import Environment

ROUNDS = 5
START = "start"
NAMES = [*(workload.name for workload in WORKLOADS), START]


class Comparison:
    """Runs workloads and keeps what they gave."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self.pythons: dict[Environment, Path] = {}
        self.results: dict[str, dict[str, Rounds]] = {}
        self.notes: dict[str, list[str]] = {}
        self.pages: dict[str, int] = {}

    def prepare(self, environments: list[Environment]) -> None:
        """Make *environments*; ours has what this project is now."""
        for environment in environments:
            if environment not in self.pythons:
                python = environment.python(self._options.environments)
                if environment.ours:
                    install_ours(python)
                self.pythons[environment] = python

    def run(self, workload: Workload) -> None:
        """Let all contestants of *workload* take turns."""
        pages = self.pages[workload.name] = self._options.pages or workload.pages
        done = self.results[workload.name] = {each.name: Rounds() for each in workload.contestants}
        self.notes[workload.name] = []
        left = list(workload.contestants)
        print(f"\n{workload.title}: {pages:,} pages, {workload.sessions} at a time", flush=True)
        with serving(workload.server, pages, self._options.folder) as (port, urls):
            site = Site(port, urls, workload.sessions, tells=workload.server == "tiny")
            for number in range(self._options.rounds):
                turn = number % len(left)
                for contestant in left[turn:] + left[:turn]:
                    if not self._take(workload, contestant, site, number):
                        left.remove(contestant)
                        del done[contestant.name]

    def _take(self, workload: Workload, contestant: Contestant, site: Site, number: int) -> bool:
        """Let *contestant* take its turn; return False when it can't do what it is asked to."""
        try:
            measure = run_once(contestant, self.pythons[contestant.environment], site)
        except RefusedError as error:
            self._note(workload, f"{contestant.name} did not take part: {error}")
            return False
        except WrongError as error:
            self._note(workload, f"Round {number + 1} of {contestant.name} does not count: {error}")
            return True
        self.results[workload.name][contestant.name].done[number] = measure
        told = f"{measure.speed:8.1f} pages/s {measure.cpu:7.2f} ms CPU/page {measure.peak:6.0f} MB"
        more = "".join(f", {name} {value:.1f}" for name, value in measure.more.items())
        print(f"{number + 1}. {contestant.name:36} {told} first {measure.first:6.0f} ms{more}", flush=True)
        return True

    def _note(self, workload: Workload, note: str) -> None:
        self.notes[workload.name].append(note)
        print(f"   {note}", flush=True)


def environments_of(workloads: list[Workload], with_start: bool) -> list[Environment]:
    used = [each.environment for workload in workloads for each in workload.contestants]
    return list(Counter(used + [OURS, CRAWL4AI, CRAWLEE] * with_start))


def report(comparison: Comparison, start: Start | None, options: argparse.Namespace) -> bool:
    """Print the tables, write the page if it is wanted, and return whether everything holds."""
    sections: dict[str, tuple[str, str | None]] = {}
    folder: Path | None = options.out
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    for workload in WORKLOADS:
        if done := comparison.results.get(workload.name):
            text = section(workload, done, comparison.notes[workload.name], comparison.pages[workload.name])
            sections[workload.title] = text, write_pictures(folder, workload, done) if folder else None
    if start:
        sections["Before anything is crawled"] = start_section(start, max(IMPORTS, options.rounds)), None
    held = requirements(comparison.results, start)
    rounds = f"{options.rounds} rounds"
    text = page([*machine(), rounds], versions(comparison.pythons), sections, held)
    print(f"\n{text}")
    if folder:
        (folder / "results.md").write_text(text, encoding="utf-8")
    return all(each.holds for each in held)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare speed and memory with those of other crawlers.")
    parser.add_argument("--only", help=f"workloads, separated by commas: {', '.join(NAMES)}")
    parser.add_argument("--pages", type=int, help="pages of each workload, in place of its own number")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument("--out", type=Path, help="where the page and its pictures go")
    parser.add_argument("--folder", type=Path, default=default_folder(), help="the corpus; made when it is not there")
    parser.add_argument("--environments", type=Path, default=default_folder().with_name("peers"))
    options = parser.parse_args()
    chosen = options.only.split(",") if options.only else NAMES
    if unknown := set(chosen) - set(NAMES):
        parser.error(f"There is no workload {', '.join(sorted(unknown))}.")
    if options.rounds < 1 or (options.pages is not None and options.pages < 1):
        parser.error("Rounds and pages are 1 at least.")
    if options.out is None and not options.only and not options.pages and options.rounds >= ROUNDS:
        options.out = ROOT / "docs" / "benchmarks"
    options.only = chosen
    return options


def main() -> int:
    options = parsed()
    # What is running is ended by what is left on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    workloads = [workload for workload in WORKLOADS if workload.name in options.only]
    comparison = Comparison(options)
    comparison.prepare(environments_of(workloads, START in options.only))
    for workload in workloads:
        comparison.run(workload)
    start = measure_start(comparison.pythons, max(IMPORTS, options.rounds)) if START in options.only else None
    return 0 if report(comparison, start, options) else 1


if __name__ == "__main__":
    sys.exit(main())
