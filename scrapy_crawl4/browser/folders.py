"""Temporary folders of a browser, which it removes itself unless it is killed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

PROFILE = "--user-data-dir="
MARK = "playwright"
"""Part of the names of profile folders that Playwright makes; no other folder is removed."""
SOCKET = "SingletonSocket"
"""A link in a profile folder, to a socket in a folder of its own."""


def profile_folders() -> set[Path]:
    """Return the temporary folders of the browsers that run below this process now."""
    folders: set[Path] = set()
    for profile in _profiles():
        folders.add(profile)
        link = profile / SOCKET
        if link.is_symlink():
            folders.add(link.readlink().parent)
    return folders


def remove_left(folders: set[Path]) -> None:
    """Remove those of *folders* whose browser has ended."""
    for folder in folders - profile_folders():
        shutil.rmtree(folder, ignore_errors=True)


def _profiles() -> Iterator[Path]:
    for process in psutil.Process().children(recursive=True):
        try:
            arguments = process.cmdline()
        except psutil.Error:  # it has just ended
            continue
        for argument in arguments:
            path = Path(argument.removeprefix(PROFILE))
            if argument.startswith(PROFILE) and MARK in path.name:
                yield path
