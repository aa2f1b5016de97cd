"""Where a browser is on this machine."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from .errors import SETUP, BrowserMissing

VARIABLE = "CRAWL4_BROWSER_EXECUTABLE"
"""Environment variable that names the program of a Chromium or Chrome."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Programs that are looked for on the path, the best first."""


@dataclass(frozen=True, slots=True)
class Executable:
    """A browser that was found.

    path: of its program.
    source: where it was found, as the end of a sentence.
    """

    path: str
    source: str


def find_executable(own: str = "") -> Executable | None:
    """Return the browser to start: that of the environment variable, Playwright's *own*, or one on the path.

    :param own: where Playwright keeps the browser that it installs, whether it is there or not.
    :raises BrowserMissing: when the environment variable names no program.
    """
    if named := os.environ.get(VARIABLE, "").strip():
        if path := shutil.which(named):
            return Executable(path, f"named by {VARIABLE}")
        raise BrowserMissing(f"{VARIABLE} names no program that can be run: correct it or unset it.")
    if own and os.access(own, os.X_OK):
        return Executable(own, "installed by Playwright")
    for name in NAMES:
        if path := shutil.which(name):
            return Executable(path, "found on the path")
    return None


def need_executable(own: str) -> Executable:
    """Return what :func:`find_executable` does.

    :raises BrowserMissing: when there is none, with the command that installs one.
    """
    found = find_executable(own)
    if found is None:
        raise BrowserMissing(f"There is no browser on this machine: run {SETUP!r} to install one.")
    return found
