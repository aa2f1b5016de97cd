"""One browser at a time for a profile folder; not every Chromium sees to that itself."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from .errors import BrowserMissing

try:
    import fcntl
except ImportError:  # Windows, where Chromium's own lock has to do
    fcntl = None  # type: ignore[assignment]

NAME = "scrapy-crawl4.lock"
IN_USE = "The browser did not start: another one uses the folder user_data_dir."


def lock_profile(folder: str) -> ExitStack:
    """Lock *folder* until what is returned is closed, or this process ends.

    :raises BrowserMissing: when another browser has it.
    """
    with ExitStack() as held:
        if fcntl is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            file = held.enter_context(Path(folder, NAME).open("ab"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise BrowserMissing(IN_USE) from error
        return held.pop_all()
