"""How fast are pages shown in a browser, by scrapy-crawl4, by scrapy-playwright and by crawl4ai?

    python benchmarks/browser_speed.py [--pages 200] [--sessions 8] [--rounds 3]

shows the same pages of real documentation, with their style sheets, scripts and pictures, from the same local server,
in the same browser program. Each of the others has an environment of its own, which is made with pip on first use. All
take turns, in an order that changes with each round. A round counts only if every page has its title. Exit status 1
unless the median of our pages per second is 1.7 times that of each of the others.

Processor time and memory are those of the whole tree of processes, looked at four times a second: what a process did
after the last look is missed. Memory is the sum of proportional set sizes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import psutil
from browser_site import default_folder, pages, serving
from environments import Environment
from process_tree import Tree
from serve import url_of

if TYPE_CHECKING:
    from collections import Counter

NEEDED = 1.7
"""Times the speed of each of the others."""
RUNNERS = Path(__file__).parent / "browser_peers"


@dataclass(frozen=True)
class Peer:
    """Who shows the pages, in which environment."""

    name: str
    environment: Environment

    @property
    def runner(self) -> Path:
        return RUNNERS / f"with_{self.name.replace('-', '_')}.py"


OURS = Peer("scrapy-crawl4", Environment("here"))
PEERS = (
    OURS,
    Peer("scrapy-playwright", Environment("scrapy-playwright", ("scrapy-playwright",))),
    Peer("crawl4ai", Environment("crawl4ai", ("crawl4ai",))),
)


@dataclass(frozen=True)
class Round:
    """What one peer took for all pages."""

    speed: float
    cpu: float
    peak: float
    by_process: Counter[str]


def show(peer: Peer, python: Path, titles: dict[str, str], options: argparse.Namespace) -> Round:
    """Let *peer* show the pages of *titles* once."""
    with tempfile.TemporaryDirectory() as folder:
        urls, out = Path(folder) / "urls.txt", Path(folder) / "out.json"
        urls.write_text("\n".join(titles), encoding="utf-8")
        arguments = [options.executable, urls, out, str(options.sessions), options.wait_until]
        process = subprocess.Popen([python, peer.runner, *arguments], cwd=folder, stdout=subprocess.DEVNULL)
        tree = Tree(psutil.Process(process.pid))
        with tree.watched():
            process.wait()
        if process.returncode:
            raise SystemExit(f"{peer.name} ended with status {process.returncode}")
        done = json.loads(out.read_text(encoding="utf-8"))
    check(peer, titles, done["results"])
    return Round(len(titles) / done["seconds"], tree.by_process().total(), tree.peak, tree.by_process())


def check(peer: Peer, titles: dict[str, str], results: list[list[Any]]) -> None:
    wrong = [url for url, title in results if titles.get(url) != title]
    missing = titles.keys() - {url for url, _ in results}
    if wrong or missing or len(results) != len(titles):
        raise SystemExit(f"{peer.name}: {len(wrong)} wrong titles, {len(missing)} pages missing: {wrong[:3]}")


def report(rounds: dict[str, list[Round]], pages: int, by_process: bool) -> bool:
    """Print the medians, and return whether ours is fast enough."""
    ours = median(each.speed for each in rounds[OURS.name])
    print(f"{'':20} pages/s (all rounds)          CPU ms/page   peak MB   ours is faster by")
    ratios = []
    for name, done in rounds.items():
        speeds = sorted(each.speed for each in done)
        cpu = median(each.cpu for each in done) / pages * 1000
        peak = median(each.peak for each in done)
        ratio = ours / median(speeds)
        ratios += [ratio] * (name != OURS.name)
        every = " ".join(f"{speed:.1f}" for speed in speeds)
        print(f"{name:20} {median(speeds):7.1f} ({every})".ljust(50), f"{cpu:11.0f} {peak:9.0f} {ratio:12.2f}")
        if by_process:
            for kind, seconds in done[-1].by_process.most_common():
                print(f"{'':24} {kind:30} {seconds / pages * 1000:6.1f} ms/page")
    return all(ratio >= NEEDED for ratio in ratios)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the speed of pages in a browser.")
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--sessions", type=int, default=8, help="pages at a time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hosts", type=int, default=1, help="hosts that have the pages, up to 8 (default 1)")
    parser.add_argument("--wait-until", default="load", help="how far a page is loaded (default load)")
    parser.add_argument("--executable", help="the browser; default is the one that scrapy-crawl4 finds")
    parser.add_argument("--only", help="names of peers, separated by commas")
    parser.add_argument("--by-process", action="store_true", help="say where processor time goes")
    parser.add_argument("--folder", type=Path, default=default_folder(), help="the corpus; made when it is not there")
    parser.add_argument("--environments", type=Path, default=default_folder().with_name("peers"))
    options = parser.parse_args()
    options.executable = options.executable or found()
    peers = [peer for peer in PEERS if not options.only or peer.name in options.only.split(",")]
    pythons = {peer: peer.environment.python(options.environments) for peer in peers}
    rounds: dict[str, list[Round]] = {peer.name: [] for peer in peers}
    with serving(options.folder) as port:
        corpus = pages(options.folder, options.pages)
        titles = {url_of(index % options.hosts, page.path, port): page.title for index, page in enumerate(corpus)}
        for number in range(options.rounds):
            turn = number % len(peers)
            for peer in peers[turn:] + peers[:turn]:
                done = show(peer, pythons[peer], titles, options)
                rounds[peer.name].append(done)
                print(f"{number + 1}. {peer.name:20} {done.speed:5.1f} pages/s, {done.cpu:5.0f} s CPU", flush=True)
    hosts = f"{options.hosts} host{'s' * (options.hosts > 1)}"
    print(f"{options.pages} pages of {hosts}, {options.sessions} at a time, until {options.wait_until}")
    print(f"in {options.executable}")
    return 0 if report(rounds, options.pages, options.by_process) else 1


def found() -> str:
    from scrapy_crawl4.browser.executable import need_executable

    return need_executable("", headless=True).path


if __name__ == "__main__":
    sys.exit(main())
