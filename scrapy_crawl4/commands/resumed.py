"""The output file of a job, which has each result once however often the crawl was killed."""

from __future__ import annotations

import os
import stat
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from ..job import output_start
from .output import JsonLines

if TYPE_CHECKING:
    from ..results import CrawlResult

NONE = 0.0


class ResumedLines(JsonLines):
    """A line of JSON for each result of a job, appended to a file unless it is there from an earlier run.

    A line that was not written to its end is cut off first. The file is looked at when the first result comes: the job
    is open then, so that nobody else writes for it. A pipe or a device, which keeps nothing, gets all results.

    :param path: the file; made when it is not there.
    :param job: the folder of the job.
    :param overwrite: True starts with an empty file: all results of a job come again.
    :raises OSError: when the file cannot be opened for writing.
    """

    def __init__(self, path: str, job: str, *, overwrite: bool = False) -> None:
        self._path = Path(path).absolute()
        self._job = Path(job).absolute()
        self._overwrite = overwrite
        self._ends: array[float] | None = None
        super().__init__(path)

    def mend(self) -> None:
        """Do nothing yet: what looks unfinished may be being written by the run that holds the job."""

    def write(self, result: CrawlResult) -> None:
        """Append *result* unless it is there."""
        if self._ends is None:
            self._ends = self._earlier()
        index, end = _identity(result.index, result.dispatch_result and result.dispatch_result.end_time)
        if not 0 <= index < len(self._ends) or self._ends[index] != end:
            super().write(result)

    def _earlier(self) -> array[float]:
        """Return the times at which the results in the file ended, by position; :data:`NONE` where there is none."""
        ends: array[float] = array("d")
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            return ends
        if self._overwrite:
            os.ftruncate(self._fd, 0)
        place = output_start(self._job, str(self._path), os.fstat(self._fd).st_size)
        with self._path.open("rb") as file:
            if place == file.seek(0, os.SEEK_END):
                super().mend()
            file.seek(place)
            for line in file:
                if not line.endswith(b"\n"):
                    os.ftruncate(self._fd, place)
                    break
                place += len(line)
                _note(line, ends)
        return ends


def _note(line: bytes, ends: array[float]) -> None:
    try:
        fields = from_json(line)
        index, end = _identity(fields["index"], (fields["dispatch_result"] or {}).get("end_time"))
    except (ValueError, TypeError, KeyError, AttributeError):
        return  # somebody else's
    if index >= 0:
        ends.frombytes(bytes(max(0, index + 1 - len(ends)) * ends.itemsize))
        ends[index] = end


def _identity(index: Any, end: Any) -> tuple[int, float]:
    """Return what tells a result of a job from all others that a file may have: its position, and when it ended."""
    return (-1 if index is None else index), (NONE if end is None else end)
