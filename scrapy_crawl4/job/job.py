"""One durable run, as its folder keeps it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..exceptions import JobError
from .folder import JobFolder
from .inputs import InputsFile, Known
from .record import encode
from .results_file import INDEX, RESULTS, ResultsFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ..results import CrawlResult

INPUTS = "inputs.bin"
OTHER_INPUT = "The input is not the one this job began with"
REMEDY = "use another folder for another list"


class Job:
    """What was read and what came of it, opened for one run.

    :meth:`read`, :meth:`read_to_end` and :meth:`finished` are for the thread that reads the input, all others for one
    that may be another.

    :param path: the folder; made when it is not there.
    :param total: elements of the input; None when that is not known before it is read.
    :raises JobError: when the folder is in use, is not a job's, is of a newer format, or the input has another length.
    :raises OSError: when the folder or a file in it cannot be made, read or written to.
    """

    def __init__(self, path: Path, total: int | None) -> None:
        with ExitStack() as stack:
            self._folder = stack.enter_context(JobFolder(path, total))
            self._inputs = InputsFile(path / INPUTS)
            stack.callback(self._inputs.close)
            self._results = ResultsFile(path)
            stack.callback(self._results.close)
            began_with = self._inputs.known if self._inputs.ended else self._folder.total
            if total is not None and began_with is not None and total != began_with:
                raise JobError(f"{OTHER_INPUT}: it has {total} elements and had {began_with}: {REMEDY}.")
            self._opened = stack.pop_all()
        self._digests: dict[int, bytes] = {}
        """Of elements without a result, by position."""

    def read(self, digest: bytes, shown: Callable[[], str]) -> bool:
        """Take in the next element of the input; return whether its result is there.

        :param digest: of what it asks for, 8 bytes.
        :param shown: says what it is.
        :raises JobError: when an earlier run read something else in its place.
        """
        index = self._inputs.count
        known = self._inputs.read(digest)
        if known is Known.BEYOND:
            raise JobError(f"{OTHER_INPUT}: it has more than the {index} elements that it had: {REMEDY}.")
        if known is Known.OTHER:
            raise self._changed(index, shown())
        if self._results.has(index):
            return True
        self._digests[index] = digest
        return False

    def read_to_end(self) -> None:
        """Take in that the input has no more elements.

        :raises JobError: when an earlier run read more.
        """
        if not self._inputs.read_to_end():
            more = "" if self._inputs.ended else "at least "
            raise JobError(
                f"{OTHER_INPUT}: it has {self._inputs.count} elements and had {more}{self._inputs.known}: {REMEDY}."
            )

    def append(self, results: Sequence[CrawlResult]) -> None:
        """Write *results*, one of each element that has none; returns when they outlast a power cut.

        :raises OSError: when there is no room for all of them; then none of them is there.
        """
        # Before the results: what is known of a finished element is known of its neighbours too.
        self._inputs.flush()
        places = [_index(result) for result in results]
        self._results.append(
            (index, encode(result, self._digests[index])) for index, result in zip(places, results, strict=True)
        )
        for index in places:
            del self._digests[index]

    def load(self, index: int, digest: bytes, shown: Callable[[], str]) -> CrawlResult:
        """Return the result of a finished element.

        :raises JobError: when the file of results was changed from outside, or the result is one of something else.
        :raises OSError: when it cannot be read.
        """
        record = self._results.read(index)
        if record is not None and record.digest != digest:
            raise self._changed(index, shown())
        try:
            return record.result()  # type: ignore[union-attr]  # an AttributeError, which is caught
        except Exception:  # noqa: BLE001 - whatever the file says
            raise JobError(
                f"{RESULTS} of the job was changed between two runs so that {INDEX} does not fit it: delete {INDEX}, "
                "which is made anew."
            ) from None

    def close(self) -> None:
        """Write what is left of the input, and let others use the folder.

        :raises OSError: when there is no room for it; the folder is free all the same.
        """
        with self._opened:
            self._inputs.flush()
            self._inputs.sync()

    def _changed(self, index: int, shown: str) -> JobError:
        before = self._results.url(index) if self._results.has(index) else None
        if before is None:
            what = f"element {index} is now {shown}"
        elif before == shown:
            what = f"element {index}, {shown}, asks for it in another way (method, headers, body, session or config)"
        else:
            what = f"element {index} was {before} and is now {shown}"
        return JobError(f"{OTHER_INPUT}: {what}, counted from 0: {REMEDY}.")


def _index(result: CrawlResult) -> int:
    assert result.index is not None
    return result.index
