"""One contestant once: a process of its own, watched from outside, and its results checked."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from process_tree import Tree

from .checking import faults, summary
from .figures import Measure
from .serving import address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .workloads import Contestant

LOOK = 0.1
"""Seconds between two looks at memory."""
PATIENCE = 900.0
"""Seconds that one round may take."""
REFUSED = 3
"""Exit status of a runner that can't do what it is asked to."""


class RefusedError(Exception):
    """This version of a library has no such option."""


class WrongError(Exception):
    """A round that does not count."""


@dataclass(frozen=True)
class Site:
    """What is crawled.

    tells: whether the server can be asked when its first page went out.
    """

    port: int
    urls: Sequence[str]
    sessions: int
    tells: bool = False

    def forget(self) -> None:
        if self.tells:
            self._ask("/forget")

    def first_sent(self) -> float:
        """Return when the first page went out, in seconds since the epoch."""
        return float(self._ask("/first"))

    def _ask(self, path: str) -> bytes:
        with urllib.request.urlopen(address(self.port) + path, timeout=10) as answer:
            body: bytes = answer.read()
        return body


def run_once(contestant: Contestant, python: Path, site: Site) -> Measure:
    """Let *contestant* crawl *site*.

    :raises RefusedError: when it can't do what it is asked to.
    :raises WrongError: when it failed, or its results are not those of the pages.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "urls.txt").write_text("\n".join(site.urls), encoding="utf-8")
        work = folder / "work.json"
        work.write_text(json.dumps(work_of(contestant, site, folder)), encoding="utf-8")
        site.forget()
        command = [str(python), *contestant.arguments(work, site.sessions)]
        seconds, cpu, peak = watched(command, folder)
        told = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    if wrong := faults(site.urls, told["results"]):
        raise WrongError(summary(wrong))
    return measure_of(told, seconds, cpu, peak, site)


def work_of(contestant: Contestant, site: Site, folder: Path) -> dict[str, Any]:
    return {
        "urls": str(folder / "urls.txt"),
        "out": str(folder / "out.json"),
        "sessions": site.sessions,
        "variant": contestant.variant,
        "crawler": dict(contestant.crawler),
    }


def measure_of(told: Mapping[str, Any], seconds: float, cpu: float, peak: float, site: Site) -> Measure:
    pages = len(site.urls)
    more = {name: value for name, value in told.items() if name.endswith("_ms")}
    if site.tells:
        more["after_ms"] = (told["first_at"] - site.first_sent()) * 1000
    return Measure(pages / told["seconds"], pages / seconds, cpu / pages * 1000, peak, told["first"] * 1000, more)


def watched(command: list[str], folder: Path) -> tuple[float, float, float]:
    """Run *command* in *folder*; return its seconds on the clock and of processor time, and its peak memory in MB."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with (folder / "errors.txt").open("w+b") as errors:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
        )
        tree = Tree(psutil.Process(process.pid), LOOK)
        try:
            with tree.watched():
                process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise WrongError(f"not done after {PATIENCE:.0f} s") from None
        finally:
            end(process, tree)
        seconds = time.perf_counter() - started
        errors.seek(0)
        last = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
    if process.returncode:
        raise (RefusedError if process.returncode == REFUSED else WrongError)(
            last if process.returncode == REFUSED else f"ended with status {process.returncode}: {last}"
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # What the looks missed at the end is in the one, a process that its parent did not wait for in the other.
    waited = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, max(waited, tree.by_process().total()), tree.peak


def end(process: subprocess.Popen[bytes], tree: Tree) -> None:
    """End what is left of a runner that did not end by itself."""
    if process.poll() is None:
        tree.kill()
        process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)  # what outlived its parent
    except ProcessLookupError:
        return
