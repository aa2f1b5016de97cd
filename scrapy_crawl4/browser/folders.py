"""The temporary folder of a browser, which goes with it whoever is killed.

The browser is started by a script, which makes the folder, waits, and removes it with all that the browser wrote.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ..finish import end

if TYPE_CHECKING:
    from typing import Any

STARTER = Path(__file__).with_name("start_browser.sh")
PREFIX = "crawl4-browser-"
"""Begins the names of these folders."""
PROFILE = "playwright_chromiumdev_profile-"
"""Begins the names of profile folders that Playwright makes; no other one is removed."""
LONGEST = 36
"""Characters of the path above the folder with which the names of Chromium's sockets still fit a socket address."""
SHORT = ("/tmp", "/var/tmp")  # noqa: S108 - the folder is made with a name that nobody knows, for its owner alone
"""Where the folder is when the usual place has too long a name."""
PATIENCE = 5.0
"""Seconds that a browser has to end by itself."""
LOOK = 0.02
"""Seconds between two looks whether it has."""


class BrowserFolder:
    """A folder for one browser; those of browsers that were killed together with their starters are removed now."""

    def __init__(self) -> None:
        parent = _parent()
        for folder in Path(parent).glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):  # just removed by somebody else
                if folder.stat().st_uid == os.getuid() and _has_ended(folder):
                    _remove(folder)
        self.path = Path(parent, PREFIX + secrets.token_hex(4))

    def arguments(self, executable: str) -> dict[str, Any]:
        """Return the arguments of Playwright's ``launch()`` that start *executable* in the folder."""
        if not os.access(STARTER, os.X_OK):  # where programs may not be there, the browser's driver has to clean up
            return {"executable_path": executable}
        variables = {**os.environ, "TMPDIR": str(self.path), "CRAWL4_BROWSER": executable}
        return {"executable_path": str(STARTER), "env": variables, "artifacts_dir": str(self.path)}

    def kill(self) -> None:
        """End the browser at once, whatever it does."""
        with contextlib.suppress(OSError):  # it ends just now
            if starter := _starter(self.path):
                os.killpg(starter.pid, signal.SIGKILL)

    async def kill_starting(self, start: asyncio.Future[Any]) -> None:
        """End the browser that *start* starts; a driver that ended before it has would leave what it has made."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not start.done():
                    self.kill()
                    await asyncio.wait({start}, timeout=LOOK)
        # A driver that hangs tells nobody of the end.
        await end(start)
        self.kill()

    async def remove(self) -> None:
        """Return when the browser, which has been told to end, has ended, and the folder is gone."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not _has_ended(self.path):  # noqa: ASYNC110 - what may be nobody's child any more tells nobody
                    await asyncio.sleep(LOOK)
        self.kill()
        _remove(self.path)


def _parent() -> str:
    """Return a folder for temporary files."""
    usual = tempfile.gettempdir()
    for parent in (usual, *SHORT):
        if len(parent) <= LONGEST and os.access(parent, os.W_OK | os.X_OK):
            return parent
    return usual


def _has_ended(folder: Path) -> bool:
    # A folder that has no number yet has just been made.
    return not folder.exists() or ((folder / "pid").exists() and _starter(folder) is None)


def _starter(folder: Path) -> psutil.Process | None:
    """Return the process that minds *folder*; None when it has ended: its number may be another one's by now."""
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int((folder / "pid").read_text("ascii")))
        if process.status() != psutil.STATUS_ZOMBIE and process.environ().get("TMPDIR") == str(folder):
            return process
    return None


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        profile = (folder / "profile").readlink()
        if profile.name.startswith(PROFILE):
            shutil.rmtree(profile, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
