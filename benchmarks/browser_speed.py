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
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from browser_site import default_folder, pages, serving
from serve import url_of

NEEDED = 1.7
"""Times the speed of each of the others."""
RUNNERS = Path(__file__).parent / "browser_peers"
INTERVAL = 0.25


@dataclass(frozen=True)
class Peer:
    """Who shows the pages.

    package: what pip installs into the environment; ``""`` for the one that this script runs in.
    """

    name: str
    package: str

    @property
    def runner(self) -> Path:
        return RUNNERS / f"with_{self.name.replace('-', '_')}.py"


OURS = Peer("scrapy-crawl4", "")
PEERS = (OURS, Peer("scrapy-playwright", "scrapy-playwright"), Peer("crawl4ai", "crawl4ai"))


@dataclass(frozen=True)
class Round:
    """What one peer took for all pages."""

    speed: float
    cpu: float
    peak: float
    by_process: Counter[str]


@dataclass
class Tree:
    """Looks at a process and its descendants while it runs.

    :param process: the first of them.
    """

    process: psutil.Process
    peak: float = 0.0
    """Most memory of all at once, in MB."""
    seconds: dict[tuple[int, float], tuple[str, float]] = field(default_factory=dict)
    """Kind and processor time of each process, as last seen."""
    _ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self._ended.wait(INTERVAL):
            memory = sum(self._look(process) for process in self._processes())
            self.peak = max(self.peak, memory)

    def end(self) -> None:
        self._ended.set()

    def by_process(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for kind, seconds in self.seconds.values():
            found[kind] += seconds
        return found

    def _processes(self) -> list[psutil.Process]:
        try:
            return [self.process, *self.process.children(recursive=True)]
        except psutil.Error:
            return []

    def _look(self, process: psutil.Process) -> float:
        try:
            times = process.cpu_times()
            self.seconds[process.pid, process.create_time()] = (kind_of(process), times.user + times.system)
            return memory_of(process.pid)
        except (psutil.Error, OSError):
            return 0.0


def kind_of(process: psutil.Process) -> str:
    arguments = process.cmdline()
    for argument in arguments:
        if argument.startswith("--utility-sub-type="):
            return argument.rpartition(".")[2]
        if argument.startswith("--type=") and argument != "--type=utility":
            return argument.partition("=")[2]
    name = process.name()
    return "browser" if name.startswith(("chrom", "headless")) else name


def memory_of(pid: int) -> float:
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def python_of(peer: Peer, folder: Path) -> Path:
    """Return the interpreter that has *peer*, installed first if need be."""
    if not peer.package:
        return Path(sys.executable)
    home = folder / peer.name
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", peer.package], check=True)
        (home / "ready").touch()
    return python


def show(peer: Peer, python: Path, titles: dict[str, str], options: argparse.Namespace) -> Round:
    """Let *peer* show the pages of *titles* once."""
    with tempfile.TemporaryDirectory() as folder:
        urls, out = Path(folder) / "urls.txt", Path(folder) / "out.json"
        urls.write_text("\n".join(titles), encoding="utf-8")
        arguments = [options.executable, urls, out, str(options.sessions), options.wait_until]
        process = subprocess.Popen([python, peer.runner, *arguments], cwd=folder, stdout=subprocess.DEVNULL)
        tree = Tree(psutil.Process(process.pid))
        watching = threading.Thread(target=tree.watch)
        watching.start()
        process.wait()
        tree.end()
        watching.join()
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
    pythons = {peer: python_of(peer, options.environments) for peer in peers}
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
