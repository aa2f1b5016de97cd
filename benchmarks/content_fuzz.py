"""Run mutated pages through every content stage and option, and report what goes wrong.

    python benchmarks/content_fuzz.py [FOLDER] [--pages 200000] [--first 0] [--jobs 2] [--out DIR]

Each page and its configuration come from one number, and from the pages in FOLDER if one is given: a finding is run
again alone with ``--first NUMBER --pages 1``. Findings are: an exception, a stage that failed, more than a second of
CPU time, no end within a minute, a child process that died, and memory that grows. Pages of findings are written to
DIR, a new folder for temporary files by default.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

import content_cases
import psutil

from scrapy_crawl4.content import extract_page

CPU_LIMIT = 1.0
"""Seconds."""

HANG = 60.0
"""Seconds without a word from a child."""

ROUND = 500
"""Pages between two reports of a child."""

GROWTH = 100_000_000
"""Bytes that a child's memory may grow by after its first rounds."""

EXPECTED = ("content_filter found something", "nested too deeply for markdownify")
"""Parts of the sentences of stages that fail for a good reason."""


def run_case(number: int, pages: list[bytes]) -> str:
    """What is wrong with one case; empty if nothing is."""
    try:
        case = content_cases.make_case(number, pages)
        html = case.body if case.content_type == "application/pdf" else case.body.decode("utf-8", "replace")
        start = time.process_time()
        content = extract_page(html, url=case.url, config=case.config, content_type=case.content_type)
        if content.markdown is not None:
            _ = content.markdown.markdown_with_citations
        seconds = time.process_time() - start
    except Exception:  # noqa: BLE001 - that is what is looked for
        return traceback.format_exc(limit=-6)
    failed = {name: text for name, text in content.stage_errors.items() if not any(part in text for part in EXPECTED)}
    if failed and case.content_type != "application/pdf":  # most of these are no PDF, and say so
        return f"failed stages: {json.dumps(failed)}"
    return f"{seconds:.1f} s of CPU time" if seconds > CPU_LIMIT else ""


def child(first: int, last: int, step: int, folder: Path | None) -> None:
    """Run every *step*-th case; say on standard output which one begins, what was found, and the memory in use."""
    pages = content_cases.read_pages(folder)
    memory = psutil.Process().memory_info
    for count, number in enumerate(range(first, last, step)):
        os.write(1, b'{"at": %d}\n' % number)
        found = run_case(number, pages)
        if found:
            print(json.dumps({"number": number, "found": found}), flush=True)
        if count % ROUND == ROUND - 1:
            print(json.dumps({"memory": memory().rss}), flush=True)


class Watch:
    """One share of the numbers, run by one child at a time."""

    def __init__(self, first: int, last: int, step: int, arguments: list[str], log) -> None:
        self.at, self.last, self.step = first, last, step
        self.arguments = arguments
        self.log = log
        self.memory: list[int] = []
        self.done = 0

    def run(self) -> None:
        while self.at < self.last:
            lines: queue.Queue[str | None] = queue.Queue()
            command = [
                sys.executable,
                __file__,
                *self.arguments,
                "--child",
                str(self.at),
                str(self.last),
                str(self.step),
            ]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                reader = threading.Thread(target=self.read, args=(process, lines))
                reader.start()
                ended = self.follow(lines)
                if not ended:
                    process.kill()
                reader.join()
                code = process.wait()
            if ended and code == 0:
                return
            self.log(self.at, f"child ended with {code}" if ended else f"no end within {HANG:.0f} s")
            self.at += self.step

    @staticmethod
    def read(process, lines) -> None:
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    def follow(self, lines) -> bool:
        """Whether the child ended by itself, however."""
        while True:
            try:
                line = lines.get(timeout=HANG)
            except queue.Empty:
                return False
            if line is None:
                return True
            self.take(json.loads(line))

    def take(self, said: dict) -> None:
        if "at" in said:
            self.at = said["at"]
            self.done += 1
        elif "memory" in said:
            self.memory.append(said["memory"])
        else:
            self.log(said["number"], said["found"])

    def growth(self) -> int:
        """Bytes from the first fifth of the reports to the last."""
        fifth = len(self.memory) // 5
        return self.memory[-1] - max(self.memory[: fifth + 1]) if fifth else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--pages", type=int, default=200_000)
    parser.add_argument("--first", "--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--child", nargs=3, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child, options.folder)
        return 0

    out = options.out or Path(tempfile.mkdtemp(prefix="content-fuzz-"))
    out.mkdir(parents=True, exist_ok=True)
    pages = content_cases.read_pages(options.folder)
    findings: list[int] = []

    def log(number: int, found: str) -> None:
        findings.append(number)
        case = content_cases.make_case(number, pages)
        (out / f"{number}.html").write_bytes(case.body)
        print(f"{number} ({case.content_type}, {len(case.body)} bytes): {found}", flush=True)

    arguments = [str(options.folder)] if options.folder else []
    last = options.first + options.pages
    watches = [Watch(options.first + job, last, options.jobs, arguments, log) for job in range(options.jobs)]
    threads = [threading.Thread(target=watch.run) for watch in watches]
    for thread in threads:
        thread.start()
    started = time.monotonic()
    while any(thread.is_alive() for thread in threads):
        threads[0].join(60)
        time.sleep(1)
        done = sum(watch.done for watch in watches)
        memory = [round(watch.memory[-1] / 1e6) if watch.memory else 0 for watch in watches]
        minutes = (time.monotonic() - started) / 60
        print(f"{done} pages, {len(findings)} findings, {minutes:.0f} min, MB {memory}", flush=True)
    leaks = [watch.growth() for watch in watches if watch.growth() > GROWTH]
    print(f"{len(findings)} findings in {out}; memory grew by {[round(watch.growth() / 1e6) for watch in watches]} MB")
    return 1 if findings or leaks else 0


if __name__ == "__main__":
    sys.exit(main())
