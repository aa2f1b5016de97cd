"""Finding a browser, and installing one where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from .errors import INSTALL_PLAYWRIGHT
from .executable import VARIABLE, find_executable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .executable import Executable

PACKAGES = ("chromium-headless-shell", "chromium")
"""Debian's packages of a browser, the best first: the one without windows needs half the processor time."""

LONGEST_ANSWER = 20.0
"""Seconds that a program has to say its version."""


def own_executable() -> str:
    """Return where Playwright keeps the Chromium that it installs, whether it is there or not.

    :raises ImportError: when Playwright is not installed.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def run_command(command: Sequence[str]) -> bool:
    """Run *command*, whose output is shown, and return whether it succeeded."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, env=environment).returncode == 0  # noqa: S603 - our own commands


def answers(path: str) -> bool:
    """Return whether the program at *path* says which version of a browser it is."""
    try:
        ran = subprocess.run(  # noqa: S603 - the program that would be started as the browser anyway
            [path, "--version"],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_ANSWER,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ran.returncode == 0 and bool(ran.stdout.strip())


def set_up(tell: Callable[[str], object], run: Callable[[Sequence[str]], bool] = run_command) -> bool:
    """Find a browser or install one, tell each step in a sentence, and return whether there is one in the end.

    :param tell: takes the sentences.
    :param run: runs a command.
    :raises BrowserMissing: when the environment names a browser that is not there.
    """
    try:
        own = own_executable()
    except ImportError:
        tell(f"Playwright is not installed. Run: {INSTALL_PLAYWRIGHT}")
        return False
    if (found := find_executable(own, headless=True)) is not None:
        if answers(found.path):
            tell(_found(found))
            return True
        tell(f"{found.path}, {found.source}, does not answer: it is no browser, or it lacks something.")
        if os.environ.get(VARIABLE, "").strip():
            tell(f"Correct {VARIABLE}, or unset it.")
            return False
    for command in _commands():
        tell(f"No browser was found. Running: {' '.join(command)}")
        if run(command) and (found := find_executable(own, headless=True)) is not None and answers(found.path):
            tell(_found(found))
            return True
    tell("No browser could be installed. Install Chromium or Chrome with the means of your system, and run this again.")
    return False


def _found(found: Executable) -> str:
    return f"The browser is {found.path}, {found.source}."


def _commands() -> Iterator[list[str]]:
    """Yield the commands that may install a browser, the best one for this machine first."""
    apt = shutil.which("apt-get")
    if apt is not None and os.geteuid() == 0:
        # With all that it needs of the system, which Playwright's own one may miss.
        installs = " || ".join(f"{apt} install -q -y --no-install-recommends {package}" for package in PACKAGES)
        yield ["sh", "-c", f"{apt} update -q && {{ {installs}; }}"]
    yield [sys.executable, "-m", "playwright", "install", "chromium"]
