"""Where a browser is on this machine."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .errors import SETUP, BrowserMissing

VARIABLE = "CRAWL4_BROWSER_EXECUTABLE"
"""Environment variable that names the program of a Chromium or Chrome."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Programs that are looked for on the path, the best first."""
HEADLESS_NAMES = ("chromium-headless-shell", *NAMES)
"""The same where there are no windows: the first one is made for that, and needs half the processor time."""


@dataclass(frozen=True, slots=True)
class Executable:
    """A browser that was found.

    path: of its program.
    source: where it was found, as the end of a sentence.
    """

    path: str
    source: str


def find_executable(own: str = "", *, headless: bool = False) -> Executable | None:
    """Return the browser to start: that of the environment variable, Playwright's *own*, or one on the path.

    :param own: where Playwright keeps the browser that it installs, whether it is there or not.
    :param headless: whether it will have no windows.
    :raises BrowserMissing: when the environment variable names no program.
    """
    if named := os.environ.get(VARIABLE, "").strip():
        if path := shutil.which(named):
            return Executable(path, f"named by {VARIABLE}")
        raise BrowserMissing(f"{VARIABLE} names no program that can be run: correct it or unset it.")
    if own and os.access(own, os.X_OK):
        return Executable(own, "installed by Playwright")
    for name in HEADLESS_NAMES if headless else NAMES:
        if path := shutil.which(name):
            return Executable(path, "found on the path")
    return None


def need_executable(own: str, *, headless: bool = False) -> Executable:
    """Return what :func:`find_executable` does.

    :raises BrowserMissing: when there is none, with the command that installs one.
    """
    found = find_executable(own, headless=headless) or find_executable(own, headless=True)
    if found is None:
        raise BrowserMissing(f"There is no browser on this machine: run {SETUP!r} to install one.")
    if not headless and "headless" in Path(found.path).name:
        raise BrowserMissing("The browser has no windows, which headless=False needs: install Chromium or Chrome.")
    return found
