"""Durable runs that are killed with SIGKILL again and again, and go on each time."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
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


def kill_when(site, pid, condition):
    assert site.wait_for(lambda _: condition())
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def exactly_once(results, urls):
    assert Counter(result[0] for result in results) == Counter(range(len(urls)))
    assert {tuple(result) for result in results} == {
        (index, url, True, f"Page {index % PAGES}") for index, url in enumerate(urls)
    }


def test_a_run_that_is_killed_at_fifty_points_gives_each_result_once_and_fetches_no_page_again(site, tmp_path):
    chance = random.Random(2026)
    kills = jobs = 0
    with runs() as (start, code):
        while kills < KILLS:
            jobs += 1
            job = tmp_path / f"job-{jobs}"
            urls = site.urls(PAGES)
            results, told = job / "results.jsonl", tmp_path / "told"
            ended = False
            while not ended:
                told.unlink(missing_ok=True)
                before = results.read_bytes() if results.exists() else b""
                before = before[: before.rfind(b"\n") + 1]
                finished = {line["url"] for line in lines_of(results)}
                site.reset()
                # The end of one part of the runs comes from outside, that of the other in the middle of a write.
                by_bytes = kills < KILLS and chance.random() < 0.5
                pid = start(
                    {
                        "urls": urls,
                        "job": str(job),
                        "told": str(told),
                        "bytes": chance.randint(1, 30_000) if by_bytes else 0,
                    }
                )
                if not by_bytes and kills < KILLS:
                    wanted, size = chance.randint(1, 4), len(before) + chance.randint(1, 20_000)
                    seen = chance.random() < 0.5
                    kill_when(
                        site,
                        pid,
                        lambda seen=seen, wanted=wanted, size=size, told=told: (
                            len(site.requests) >= wanted
                            if seen
                            else results.exists() and results.stat().st_size >= size
                        )
                        or len(lines_of(told)) == PAGES,
                    )
                ended = code() == 0
                kills += not ended
                assert {site.url(path) for path in site.paths()} & finished == set()
                assert results.read_bytes()[: len(before)] == before if results.exists() else not before
                assert {line[1] for line in lines_of(told)} <= {line["url"] for line in lines_of(results)}
            exactly_once(lines_of(told), urls)
            exactly_once(
                [(line["index"], line["url"], line["success"], line["metadata"]["title"]) for line in lines_of(results)],
                urls,
            )
    assert kills >= KILLS


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


def cut_off(path):
    """Leave a line in the file as a process does that is killed while it writes one."""
    with path.open("a") as file:
        file.write('{"url": "http://127.0.0.1/cut off in the mi')


def test_the_command_goes_on_after_kill_and_ctrl_c_and_its_file_has_each_url_once(site, tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text('{"index": 1, "url": "of another crawl"}\n')
    urls = [*site.urls(6), site.url("/gate/a"), *site.urls(3), site.url("/gate/b"), site.url("/page/9")]
    arguments = [*urls, "--job", "job", "-o", "out.jsonl", "--concurrency", "2"]
    with command(*arguments, cwd=tmp_path) as process:
        assert site.wait_active(2)  # both at their gates, and all pages before them done
        process.kill()
        finished(process, -signal.SIGKILL)
    assert len(lines_of(tmp_path / "job" / "results.jsonl")) == 9
    # In the order of the URLs, and so with nothing behind the first gate.
    assert [line["url"] for line in lines_of(out)][1:] == urls[:6]
    cut_off(out)
    site.reset()
    site.open_gate("a")
    with command(*arguments, cwd=tmp_path) as process:
        assert site.wait_for(lambda _: len(lines_of(tmp_path / "job" / "results.jsonl")) == 11)
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
    assert errors.splitlines()[-1].startswith("scrapy crawl4: --job: The input is not the one this job began with: it has")
