"""What tests with a real browser share."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import psutil
import pytest

from scrapy_crawl4 import AsyncWebCrawler
from scrapy_crawl4.browser.executable import find_executable
from scrapy_crawl4.browser.setup import own_executable

NEEDS_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(
        (find_executable(headless=True) or find_executable(own_executable())) is None,
        reason="there is no browser: run 'scrapy crawl4-setup'",
    ),
]
"""Marks of a test that starts a browser."""
FAST = {"mean_delay": 0, "max_range": 0, "delay_before_return_html": 0}
"""Options with which nothing waits for politeness."""


@contextlib.contextmanager
def lasting_crawler(**arguments: Any) -> Iterator[AsyncWebCrawler]:
    """One crawler for the tests of a module, so that not every one starts a browser."""
    crawler = AsyncWebCrawler(**arguments)
    asyncio.run(crawler.start())
    yield crawler
    asyncio.run(crawler.close())


async def until(condition: Callable[[], object]) -> None:
    """Return when `condition` holds."""
    while not condition():
        await asyncio.sleep(0.005)


def below(*words: str) -> list[psutil.Process]:
    """Processes below this one whose command line has all `words`."""
    return [process for process, line in _lines() if all(word in line for word in words)]


def browsers() -> list[psutil.Process]:
    """The main processes of the browsers below this one."""
    # What starts a browser is a script, which waits for its end.
    found = {
        process.pid: process
        for process, line in _lines()
        if "--user-data-dir=" in line and "--type=" not in line and not line.startswith("/bin/sh ")
    }
    # A process that one of them starts has its command line until it has one of its own.
    return [process for process in found.values() if _parent(process) not in found]


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None


def _lines() -> Iterator[tuple[psutil.Process, str]]:
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.cmdline())
            # Python's helper process for shared memory, once a test has needed it, ends with this one.
            if "resource_tracker" not in line:
                yield process, line


def kill(processes: Iterable[psutil.Process]) -> None:
    """End `processes` at once, but for those that have just ended."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
