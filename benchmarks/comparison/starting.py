"""What a library takes before it does anything: time to be imported, and space on the disk."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments import installed_mb

from .figures import Spread, spread
from .workloads import CRAWL4AI, CRAWLEE, OURS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from environments import Environment

IMPORTS = 15
"""Fresh processes for each statement."""
OUR_IMPORT, SCRAPY_IMPORT = "import scrapy_crawl4", "import scrapy"
STATEMENTS = {
    OUR_IMPORT: OURS,
    "from scrapy_crawl4 import AsyncWebCrawler": OURS,
    SCRAPY_IMPORT: OURS,
    "from crawl4ai import AsyncWebCrawler": CRAWL4AI,
    "from crawlee.crawlers import HttpCrawler": CRAWLEE,
}
"""The first one need not load anything yet, the second one must."""
INSTALLED = (OURS, CRAWL4AI, CRAWLEE)
PROGRAM = "import time; a = time.perf_counter(); {statement}; print((time.perf_counter() - a) * 1000)"


@dataclass(frozen=True)
class Start:
    """imports: milliseconds, by statement; ratio: of our import by Scrapy's; installed: MB, by environment."""

    imports: Mapping[str, Spread]
    ratio: Spread
    installed: Mapping[str, float]


def measure_start(pythons: Mapping[Environment, Path], rounds: int) -> Start:
    """Carry out each statement in *rounds* fresh processes, in turns, and look at the sizes of the environments."""
    times: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    statements = list(STATEMENTS)
    for number in range(rounds + 1):
        turn = number % len(statements)
        for statement in statements[turn:] + statements[:turn]:
            taken = import_ms(pythons[STATEMENTS[statement]], statement)
            if number:  # the first time writes byte code, and fetches files from the disk
                times[statement].append(taken)
    pairs = zip(times[OUR_IMPORT], times[SCRAPY_IMPORT], strict=True)
    ratio = spread(ours / theirs for ours, theirs in pairs)
    imports = {statement: found for statement, taken in times.items() if (found := spread(taken))}
    assert ratio
    return Start(imports, ratio, {each.name: installed_mb(pythons[each]) for each in INSTALLED})


def import_ms(python: Path, statement: str) -> float:
    """Return what *statement* takes in a fresh interpreter, without its own start."""
    command = [python, "-c", PROGRAM.format(statement=statement)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])
