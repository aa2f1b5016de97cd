"""Durable runs that are killed with SIGKILL again and again, and go on each time."""

import json
import os
import random
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress

import pytest

from .crawling import environment

pytestmark = pytest.mark.slow

KILLS = 50
PAGES = 60

PROGRAM = """
import asyncio, json, os, signal, sys
from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, SemaphoreDispatcher, process
from scrapy_crawl4.facade import engine
from scrapy_crawl4.job import inputs, results_file
import scrapy.core.downloader.handlers.http11, scrapy.core.engine, scrapy.core.scheduler

process("<p>Loads what pages need", url="http://localhost/")


def die_after(count):
    left = count

    def write_all(fd, data):
        nonlocal left
        if len(data) >= left:
            os.write(fd, bytes(data)[:left])
            os.kill(os.getpid(), signal.SIGKILL)
        left -= len(data)
        original(fd, data)

    original = results_file.write_all
    inputs.write_all = results_file.write_all = write_all


async def crawl(order):
    told = os.open(order["told"], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    async with AsyncWebCrawler() as crawler:
        dispatcher = SemaphoreDispatcher(semaphore_count=2)
        config = CrawlerRunConfig(stream=True, verbose=False)
        async for result in crawler.arun_many(order["urls"], config, dispatcher, job=order["job"]):
            facts = [result.index, result.url, result.success, result.metadata["title"]]
            os.write(told, json.dumps(facts).encode() + b"\\n")


for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if order["bytes"]:
                die_after(order["bytes"])
            asyncio.run(crawl(order))
            code = 0
        finally:
            os._exit(code)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@contextmanager
def runs():
    """A program that forks a child for each run: `start(order)` gives its pid, `code()` how it ended."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def start(order):
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield start, lambda: int(process.stdout.readline())
        process.stdin.close()


def lines_of(path):
    """The whole lines of a file of JSON."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


class KilledJob:
    """A job of pages that is run until it ends, and killed on the way as often as `kills` says."""

    def __init__(self, site, folder, chance):
        self.site = site
        self.chance = chance
        self.urls = site.urls(PAGES)
        self.job = folder / "job"
        self.results = self.job / "results.jsonl"
        self.told = folder / "told"

    def written(self):
        """What of the results no kill may take back."""
        text = self.results.read_bytes() if self.results.exists() else b""
        return text[: text.rfind(b"\n") + 1]

    def run(self, start, code, kill):
        """Run it once; True if it came to its end."""
        self.told.unlink(missing_ok=True)
        before, finished = self.written(), {line["url"] for line in lines_of(self.results)}
        self.site.reset()
        # Some are killed in the middle of a write, at any byte; the others when the server or the file says so.
        in_write = kill and self.chance.random() < 0.5
        order = {"urls": self.urls, "job": str(self.job), "told": str(self.told)}
        pid = start({**order, "bytes": self.chance.randint(1, 30_000) if in_write else 0})
        if kill and not in_write:
            assert self.site.wait_for(self.moment(len(before)))
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        ended = code() == 0
        assert {self.site.url(path) for path in self.site.paths()} & finished == set()
        assert self.written()[: len(before)] == before
        assert {line[1] for line in lines_of(self.told)} <= {line["url"] for line in lines_of(self.results)}
        return ended

    def moment(self, size):
        requests, size = self.chance.randint(1, 4), size + self.chance.randint(1, 20_000)
        if self.chance.random() < 0.5:
            size = sys.maxsize
        else:
            requests = sys.maxsize

        def has_come(site):
            is_large = self.results.exists() and self.results.stat().st_size >= size
            return is_large or len(site.requests) >= requests or len(lines_of(self.told)) == PAGES

        return has_come

    def check(self):
        """All results were handed out in the last run, and are in the file, exactly once."""
        wanted = sorted((index, url, True, f"Page {index}") for index, url in enumerate(self.urls))
        assert sorted(map(tuple, lines_of(self.told))) == wanted
        written = lines_of(self.results)
        assert sorted((x["index"], x["url"], x["success"], x["metadata"]["title"]) for x in written) == wanted


def test_a_run_that_is_killed_at_fifty_points_gives_each_result_once_and_fetches_no_page_again(site, tmp_path):
    chance = random.Random(2026)
    kills = 0
    with runs() as (start, code):
        while kills < KILLS:
            folder = tmp_path / f"after-{kills}"
            folder.mkdir()
            job = KilledJob(site, folder, chance)
            while not job.run(start, code, kills < KILLS):
                kills += 1
            job.check()
    assert kills == KILLS


def cut_off(path):
    """Leave a line in the file as a process does that is killed while it writes one."""
    with path.open("a") as file:
        file.write('{"url": "http://127.0.0.1/cut off in the mi')


def command(*arguments, cwd):
    kept = {name: value for name, value in environment().items() if not name.startswith("SCRAPY_")}
    return subprocess.Popen(
        [sys.executable, "-m", "scrapy", "crawl4", *arguments],
        cwd=cwd,
        env=kept,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process, code=0):
    output, errors = process.communicate(timeout=150)
    assert process.returncode == code, errors
    return output, errors


def test_the_command_goes_on_after_kill_and_ctrl_c_and_its_file_has_each_url_once(site, tmp_path):
    out, results = tmp_path / "out.jsonl", tmp_path / "job" / "results.jsonl"
    out.write_text('{"index": 1, "url": "of another crawl"}\n')
    urls = [*site.urls(6), site.url("/gate/a"), *site.urls(3), site.url("/gate/b"), site.url("/page/9")]
    arguments = [*urls, "--job", "job", "-o", "out.jsonl", "--concurrency", "2"]
    with command(*arguments, cwd=tmp_path) as process:
        assert site.wait_for(lambda _: (len(lines_of(results)), len(lines_of(out))) == (9, 7))
        assert site.wait_active(2)  # both at their gates
        process.kill()
        finished(process, -signal.SIGKILL)
    assert len(lines_of(results)) == 9
    # In the order of the URLs, and so with nothing behind the first gate.
    assert [line["url"] for line in lines_of(out)][1:] == urls[:6]
    cut_off(out)
    site.reset()
    site.open_gate("a")
    with command(*arguments, cwd=tmp_path) as process:
        assert site.wait_for(lambda _: (len(lines_of(results)), len(lines_of(out))) == (11, 11))
        process.send_signal(signal.SIGINT)
        _, errors = finished(process, 130)
    assert errors.splitlines()[-1] == "scrapy crawl4: the same command goes on where this one stopped."
    assert sorted(site.paths()) == ["/gate/a", "/gate/b", "/page/9"]
    assert [line["url"] for line in lines_of(out)][1:] == urls[:10]
    cut_off(out)
    site.reset()
    site.open_gate("b")
    with command(*arguments, cwd=tmp_path) as process:
        finished(process)
    lines = lines_of(out)
    assert lines[0]["url"] == "of another crawl"
    assert [line["index"] for line in lines[1:]] == list(range(len(urls)))
    assert [line["url"] for line in lines[1:]] == urls
    # Once more: nothing is fetched, the file stays, standard output has all of it again.
    before = out.read_bytes()
    with command(*arguments, cwd=tmp_path) as process:
        finished(process)
    with command(*urls, "--job", "job", cwd=tmp_path) as process:
        output, _ = finished(process)
    assert [json.loads(line)["url"] for line in output.splitlines()] == urls
    assert site.paths() == ["/gate/b"]
    assert out.read_bytes() == before
    # Another list.
    with command(*urls[:-1], "--job", "job", cwd=tmp_path) as process:
        _, errors = finished(process, 2)
    assert errors.splitlines()[-1].startswith(
        "scrapy crawl4: --job: The input is not the one this job began with: it has"
    )
