"""The folder of a job: whose it is, and who uses it."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ..exceptions import JobError
from .lock import FileLock

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

FORMAT = 1
"""Raised by every change that an older version of this package would misread."""
PACKAGE = "scrapy-crawl4"
FACTS = "job.json"
LOCK = "lock"
UNFINISHED = ".new"
"""Ends the name of a file that is being written anew."""
OURS_BEFORE_FACTS = {LOCK, FACTS + UNFINISHED}
"""What may be there when a process was killed before the job began."""
LONGEST_ECHO = 200
"""Characters of an element that a sentence repeats."""


class JobFolder:
    """A locked folder with its facts.

    :param path: made when it is not there, with the folders above it.
    :param total: elements of the input; None when that is not known before it is read.
    :raises JobError: when the folder is in use, is not a job's or is one of a newer format.
    :raises OSError: when it cannot be made, read or written to.
    """

    def __init__(self, path: Path, total: int | None) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(path)
        try:
            self._lock = FileLock(path / LOCK)
        except BlockingIOError:
            raise JobError("The job is running already: wait for its end, or use another folder.") from None
        try:
            self.total = self._facts(total)
        except BaseException:
            self._lock.release()
            raise

    def _facts(self, total: int | None) -> int | None:
        """Return how many elements the input had when the job began, if that was known then."""
        try:
            facts = _read_facts(self.path)
        except FileNotFoundError:
            began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            facts = {"format": FORMAT, "version": version(PACKAGE), "began": began, "elements": total}
            write_json(self.path / FACTS, facts)
        elements = facts.get("elements")
        return elements if isinstance(elements, int) else None

    def release(self) -> None:
        """Let others use the folder."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _refuse_foreign(path: Path) -> None:
    names = {entry.name for entry in path.iterdir()}
    if FACTS not in names and names - OURS_BEFORE_FACTS:
        raise JobError("The folder of the job has files of something else in it: use a new or an empty folder.")


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads((path / FACTS).read_bytes())
        written = facts["format"]
    except (ValueError, TypeError, KeyError):
        raise JobError(f"The file {FACTS} in the folder of the job cannot be read: use another folder.") from None
    if not isinstance(written, int) or written > FORMAT:
        raise JobError("The job was begun by a newer version of scrapy-crawl4: use that version, or another folder.")
    return dict(facts)


def write_json(path: Path, value: object) -> None:
    """Write *value* to *path*: a power cut leaves what was there before, or all of it."""
    new = path.with_name(path.name + UNFINISHED)
    with new.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make sure that the names in the folder *path* outlast a power cut, where the system can."""
    with suppress(OSError):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
