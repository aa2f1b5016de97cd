"""What tests with a real browser share."""

import contextlib

import psutil
import pytest

from scrapy_crawl4.browser.executable import find_executable
from scrapy_crawl4.browser.setup import own_executable

NEEDS_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(
        (find_executable() or find_executable(own_executable())) is None,
        reason="there is no browser: run 'scrapy crawl4-setup'",
    ),
]
"""Marks of a test that starts a browser."""


def browsers() -> list[psutil.Process]:
    """The main processes of the browsers below this one."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            line = " ".join(child.cmdline())
            # What starts a browser is a script, which waits for its end.
            if "--user-data-dir=" in line and "--type=" not in line and not line.startswith("/bin/sh "):
                found.append(child)
    return found
