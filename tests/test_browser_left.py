"""What a browser leaves behind, however it and the program that started it end: nothing."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from scrapy_crawl4 import AsyncWebCrawler, BrowserConfig, CrawlCancelled, SemaphoreDispatcher
from scrapy_crawl4.browser.errors import BrowserGone
from scrapy_crawl4.browser.folders import LONGEST, PREFIX, BrowserFolder
from scrapy_crawl4.browser.launch import BrowserProcess, LaunchOptions

from .browser import FAST, NEEDS_BROWSER, below, browsers, kill
from .crawling import environment

pytestmark = NEEDS_BROWSER


@pytest.fixture
def temporary(monkeypatch):
    """A folder for temporary files with a short name, in which nothing is left."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="c4-") as folder, monkeypatch.context() as patch:
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
        assert os.listdir(folder) == []


def drivers() -> list[psutil.Process]:
    return below("run-driver")


# Programs that are killed

CRAWL = """
import asyncio, sys
from scrapy_crawl4 import AsyncWebCrawler, BrowserConfig

async def main():
    async with AsyncWebCrawler() as crawler:
        await crawler.arun(sys.argv[1] + "/page/1")
        assert "playwright" not in sys.modules
        await crawler.arun_many([sys.argv[1] + "/gate/never"] * 2, render="browser")

asyncio.run(main())
"""


class Program:
    """A program that crawls, in a process group of its own."""

    def __init__(self, site, folder: Path, temporary: Path) -> None:
        script = folder / "crawl.py"
        script.write_text(textwrap.dedent(CRAWL), "utf-8")
        self.temporary = temporary
        self.running = subprocess.Popen(
            [sys.executable, str(script), site.url("").rstrip("/")],
            env=environment() | {"TMPDIR": str(temporary)},
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        self.process = psutil.Process(self.running.pid)
        self.children: list[psutil.Process] = []

    def wait_until(self, condition: Callable[["Program"], bool]) -> None:
        while not condition(self):
            assert self.running.poll() is None
            time.sleep(0.002)
        self.children = self.process.children(recursive=True)

    def has(self, word: str) -> bool:
        """Whether one of its processes was started with `word`."""
        return any(word in line for line in self._lines())

    def _lines(self) -> list[str]:
        lines = []
        for child in self.process.children(recursive=True):
            try:
                lines.append(" ".join(child.cmdline()))
            except psutil.Error:  # it has just ended
                continue
        return lines

    def leaves(self) -> list[str]:
        """What is left of it when all has ended that its end makes end."""
        self.running.wait(60)
        ends = time.monotonic() + 60
        while (left := self._left()) and time.monotonic() < ends:
            time.sleep(0.02)
        return left

    def _left(self) -> list[str]:
        mine = [process for process in psutil.process_iter() if self._is_mine(process)]
        return [*map(str, mine), *os.listdir(self.temporary)]

    def _is_mine(self, process: psutil.Process) -> bool:
        try:
            return str(self.temporary) in process.environ().get("TMPDIR", "")
        except psutil.Error:
            return False


STAGES = {
    "the driver starts": lambda program: program.has("run-driver"),
    "the browser starts": lambda program: program.has("--user-data-dir="),
    "a page loads": lambda program: program.has("--type=renderer"),
}


def one(program: Program, number: int) -> None:
    program.running.send_signal(number)


def group(program: Program, number: int) -> None:
    os.killpg(program.running.pid, number)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "whom", "number"),
    [
        ("the driver starts", one, signal.SIGKILL),
        ("the browser starts", one, signal.SIGTERM),
        ("the browser starts", group, signal.SIGKILL),
        ("a page loads", one, signal.SIGKILL),
        ("a page loads", group, signal.SIGTERM),
        ("a page loads", group, signal.SIGKILL),
        ("a page loads", group, signal.SIGINT),
    ],
)
def test_a_program_that_is_killed_leaves_nothing(site, tmp_path, temporary, stage, whom, number):
    program = Program(site, tmp_path, temporary)
    try:
        program.wait_until(STAGES[stage])
        whom(program, number)
        assert program.leaves() == []
    finally:
        program.running.kill()
        program.running.wait()


# Browsers that are killed, and starts that are given up


async def test_a_browser_that_is_killed_leaves_nothing(temporary):
    for victims in (browsers, drivers, below):
        process = await BrowserProcess.start(LaunchOptions())
        other = await BrowserProcess.start(LaunchOptions())
        kill(victims())
        await process.close()
        await other.close()
        assert os.listdir(temporary) == []
        assert below() == []


async def test_a_browser_that_hangs_is_killed(temporary, monkeypatch):
    monkeypatch.setattr("scrapy_crawl4.browser.launch.LONGEST_END", 0.2)
    process = await BrowserProcess.start(LaunchOptions())
    for browser in browsers():
        browser.suspend()
    await process.close()
    assert below() == []


async def test_a_start_that_is_given_up_leaves_nothing(temporary):
    signs = [
        lambda: True,
        lambda: bool(drivers()),
        lambda: bool(os.listdir(temporary)),
        lambda: bool(browsers()),
    ]
    for sign in signs:
        starting = asyncio.ensure_future(BrowserProcess.start(LaunchOptions()))
        while not sign():
            await asyncio.sleep(0.001)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert below() == []
        assert os.listdir(temporary) == []


async def test_a_program_that_is_no_browser_leaves_nothing(temporary, monkeypatch):
    monkeypatch.setenv("CRAWL4_BROWSER_EXECUTABLE", "/bin/false")
    with pytest.raises(BrowserGone, match="The browser ended while it started"):
        await BrowserProcess.start(LaunchOptions())
    assert below() == []


# Folders


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1, 200])
async def test_a_long_name_of_the_temporary_folder_keeps_no_browser_from_starting(temporary, monkeypatch, length):
    long = temporary / ("x" * (length - len(str(temporary)) - 1))
    long.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(long))
        patch.setenv("TMPDIR", str(long))
        process = await BrowserProcess.start(LaunchOptions())
        assert process.is_alive
        await process.close()
    assert os.listdir(long) == []
    long.rmdir()


def test_folders_of_browsers_that_were_killed_with_their_starters_go_with_the_next_start(temporary):
    names = (f"{PREFIX}a", "playwright_chromiumdev_profile-b", f"{PREFIX}c", f"{PREFIX}d")
    abandoned, profile, alive, fresh = (temporary / name for name in names)
    for folder in (abandoned, profile, alive, fresh):
        folder.mkdir()
    (abandoned / "profile").symlink_to(profile)
    (abandoned / "pid").write_text(str(os.getpid()), "ascii")  # another process has got the number
    starts = ["sh", "-c", 'echo $$ >"$TMPDIR/number"; mv "$TMPDIR/number" "$TMPDIR/pid"; read -r end']
    with subprocess.Popen(starts, env=os.environ | {"TMPDIR": str(alive)}, stdin=subprocess.PIPE):
        while not (alive / "pid").exists():
            time.sleep(0.005)
        BrowserFolder()
        assert sorted(os.listdir(temporary)) == [f"{PREFIX}c", f"{PREFIX}d"]
    (fresh / "pid").write_text("not written to its end", "ascii")
    BrowserFolder()


def test_folders_of_users_stay(temporary, tmp_path):
    own, abandoned = tmp_path / "own", temporary / f"{PREFIX}a"
    own.mkdir()
    abandoned.mkdir()
    (abandoned / "profile").symlink_to(own)
    (abandoned / "pid").write_text("0", "ascii")
    BrowserFolder()
    assert own.is_dir()


# Crawlers


async def test_a_crawler_leaves_nothing_whenever_it_is_left(site, temporary):
    """In the middle of the start of its browser, of a page, of a stream."""
    for sign in (lambda: bool(drivers()), lambda: bool(browsers()), lambda: bool(site.active)):
        async with AsyncWebCrawler(config=BrowserConfig()) as crawler:
            run = asyncio.ensure_future(crawler.arun(site.url("/gate/never"), **FAST))
            while not sign():
                await asyncio.sleep(0.001)
        with pytest.raises(CrawlCancelled):
            await run
        assert below() == []
        assert os.listdir(temporary) == []
    async with AsyncWebCrawler(config=BrowserConfig()) as crawler:
        urls = [site.url("/page/1"), *[site.url("/gate/never")] * 2]
        async with await crawler.arun_many(urls, stream=True, dispatcher=SemaphoreDispatcher(3), **FAST) as stream:
            async for result in stream:
                assert result.success
                break
    assert below() == []
