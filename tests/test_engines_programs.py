"""Several engine processes in programs: scripts, the command, and their ends."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

from .crawling import environment
from .test_command import crawl4

pytestmark = pytest.mark.slow

HEAD = """
import asyncio, json, os, sys
from scrapy_crawl4 import AsyncWebCrawler, CrawlerRunConfig, ExtractionStrategy, SemaphoreDispatcher, crawl_many

config = CrawlerRunConfig(verbose=False, stream=True)
urls = sys.argv[1:]
"""


def script(folder, source, *arguments, **options):
    path = folder / "script.py"
    path.write_text(HEAD + textwrap.dedent(source))
    return subprocess.Popen(
        [sys.executable, "-W", "error::ResourceWarning", str(path), *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def all_urls(site, count=16, path="/page/{}"):
    return site.urls(count, path, hosts=8)


def test_a_script_without_a_guard_hands_over_what_it_defines(site, tmp_path):
    source = """
    def ends(url):
        return url.endswith("1")

    class Marker(ExtractionStrategy):
        def extract(self, url, html, *q, **kwargs):
            return [{"process": os.getpid() != PARENT}]

    PARENT = os.getpid()
    configs = [config.clone(url_matcher=ends, extraction_strategy=Marker()), config.clone()]

    async def main():
        async with AsyncWebCrawler(engines=2) as crawler:
            async for result in crawler.arun_many(urls, configs, SemaphoreDispatcher(8)):
                found = json.loads(result.extracted_content or "[]")
                print(result.index, result.success, {item["process"] for item in found})

    asyncio.run(main())
    """
    with script(tmp_path, source, *all_urls(site)) as process:
        output, errors = process.communicate(timeout=100)
    assert errors == ""
    lines = sorted(output.splitlines(), key=lambda line: int(line.split()[0]))
    assert len(lines) == 16
    assert [line for line in lines if "set()" not in line] == ["1 True {True}", "11 True {True}"]


HANGING = """
async def main():
    async with AsyncWebCrawler(engines=2) as crawler:
        print(*crawler._engine.pids, flush=True)
        async for result in crawler.arun_many(urls, config, SemaphoreDispatcher(8)):
            pass

asyncio.run(main())
"""


def gone(pids, patience=30):
    end = time.monotonic() + patience
    while any(psutil.pid_exists(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_engines_end_with_the_program(site, tmp_path, number):
    with script(tmp_path, HANGING, *all_urls(site, 16, "/hang?{}")) as process:
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert len(pids) == 2
        site.wait_for(lambda site: len(site.requests) >= 8)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert gone(pids)
    # There may be a traceback of the program, but none of its engines.
    assert "engines/worker" not in errors


def test_ctrl_c_in_a_terminal_is_for_the_program(site, tmp_path):
    with script(tmp_path, HANGING, *all_urls(site, 16, "/hang?{}"), start_new_session=True) as process:
        pids = [int(pid) for pid in process.stdout.readline().split()]
        site.wait_for(lambda site: len(site.requests) >= 8)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert gone(pids)
    assert "KeyboardInterrupt" in errors
    assert "engines/worker" not in errors


def test_a_run_that_is_dropped_leaves_nothing(site, tmp_path):
    source = """
    async def main():
        crawler = await AsyncWebCrawler(engines=2).start()
        print(*crawler._engine.pids, flush=True)
        async for result in crawler.arun_many(urls, config, SemaphoreDispatcher(8)):
            break

    asyncio.run(main())
    """
    with script(tmp_path, source, *all_urls(site, 64)) as process:
        output, errors = process.communicate(timeout=60)
    assert gone([int(pid) for pid in output.split()])
    assert errors == ""


def test_the_command(site, tmp_path):
    urls = all_urls(site, 24)
    done = crawl4("--engines", "2", "-o", "out.jsonl", *urls, "no-url", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line["url"] for line in lines] == [*urls, "no-url"]
    assert [line["success"] for line in lines] == [True] * 24 + [False]
    assert lines[3]["metadata"]["title"] == "Page 3"
    assert "Traceback" not in done.stderr


def test_the_command_fails_if_all_pages_do(site, tmp_path):
    done = crawl4("--engines", "2", "-o", "out.jsonl", *all_urls(site, 4, "/status/40{}"), cwd=tmp_path)
    assert done.returncode == 1


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_the_command_refuses_what_is_no_number(tmp_path, value):
    done = crawl4(f"--engines={value}", "http://127.0.0.1/", cwd=tmp_path)
    assert done.returncode == 2
    assert "--engines must be a whole number of at least 1 or auto" in done.stderr


def test_a_durable_run_goes_on_after_the_program_was_killed(site, tmp_path):
    source = """
    async def main():
        async with AsyncWebCrawler(engines=2) as crawler:
            async for result in crawler.arun_many(urls, config, SemaphoreDispatcher(4), job="job"):
                print(result.index, flush=True)

    asyncio.run(main())
    """
    urls = all_urls(site, 32, "/slow/0.02?{}")
    with script(tmp_path, source, *urls) as process:
        first = [int(process.stdout.readline()) for _ in range(10)]
        process.kill()
        rest, _ = process.communicate(timeout=60)
    before = {*first, *map(int, rest.split())}
    site.reset()
    with script(tmp_path, source, *urls) as process:
        output, errors = process.communicate(timeout=100)
    assert errors == ""
    assert sorted(map(int, output.split())) == list(range(32))
    assert len(site.requests) <= 32 - len(before)
