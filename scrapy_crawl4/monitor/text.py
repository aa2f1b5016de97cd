"""The words and numbers of a monitor, without any markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..dispatch.progress import Progress
    from .view import FinishedTask, Snapshot

LONGEST_TEXT = 300
"""Characters of a URL or an error message that are kept; a ``raw:`` URL can be a whole page."""


def clean(text: str) -> str:
    """Return *text* on one line, without control characters and at most ``LONGEST_TEXT`` long.

    URLs and messages come from the web: escape sequences in them must not reach a terminal.
    """
    cut = text[:LONGEST_TEXT]
    if len(text) > LONGEST_TEXT:
        cut = cut[:-1] + "…"
    return "".join(char if char.isprintable() else " " for char in cut)


def duration(seconds: float) -> str:
    """Return *seconds* as ``0:01:05``, with days in front when there are any: ``2d 3:00:00``."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (f"{days}d " if days else "") + f"{hours}:{minutes:02}:{rest:02}"


def megabytes(number: float) -> str:
    """Return a number of MB for people: one decimal below 100, none above, commas in thousands."""
    return f"{number:,.1f}" if number < 100 else f"{number:,.0f}"  # noqa: PLR2004  (three digits are enough)


def percent(done: int, total: int) -> int:
    """Return how much of *total* is done in whole percent, 100 only when all of it is."""
    return done * 100 // total if 0 < done < total else 100 * (done >= total)


def counted(progress: Progress, total: int | None) -> str:
    """Return ``12 of 1,000 pages (1%)``, or ``12 pages`` when the total is not known."""
    if total is None:
        return f"{progress.done:,} page{'' if progress.done == 1 else 's'}"
    return f"{progress.done:,} of {total:,} pages ({percent(progress.done, total)}%)"


def memory(progress: Progress) -> str:
    """Return ``memory 312 of 2,048 MB (15%)``, without the part that is not known; empty when nothing is."""
    if not progress.memory_mb:
        return ""
    used = megabytes(progress.memory_mb)
    if not progress.memory_limit_mb:
        return f"memory {used} MB"
    share = progress.memory_mb / progress.memory_limit_mb
    return f"memory {used} of {megabytes(progress.memory_limit_mb)} MB ({share:.0%})"


def figures(progress: Progress) -> list[str]:
    """Return what there is to say about *progress* beside how much is done, each with its unit."""
    in_flight = f"{progress.in_flight:,} of {progress.permits:,}" if progress.permits else f"{progress.in_flight:,}"
    parts = [
        f"{progress.failed:,} failed",
        f"{in_flight} in flight",
        f"{progress.waiting:,} waiting",
        f"{progress.retried:,} retried" if progress.retried else "",
        f"{progress.pages_per_second:,.1f} pages/s",
        memory(progress),
    ]
    return [part for part in parts if part]


def progress_line(view: Snapshot) -> str:
    """Return one line that says where a run stands."""
    return ", ".join([counted(view.progress, view.total), *figures(view.progress), duration(view.elapsed)])


def summary_line(view: Snapshot) -> str:
    """Return one line that says what a run came to."""
    progress = view.progress
    parts = [
        f"{counted(progress, view.total)} in {duration(view.elapsed)}",
        f"{progress.failed:,} failed",
        f"{progress.retried:,} retried" if progress.retried else "",
        f"{progress.pages_per_second:,.1f} pages/s",
        f"{megabytes(progress.bytes_received / 2**20)} MB received" if progress.bytes_received else "",
        f"memory at most {megabytes(view.peak_memory_mb)} MB" if view.peak_memory_mb else "",
    ]
    return ", ".join(part for part in parts if part)


def task_line(task: FinishedTask) -> str:
    """Return one line about a finished task."""
    return f"{task.status} {task.url} ({task.seconds:.1f} s)" + (f": {task.error}" if task.error else "")


def failure_lines(view: Snapshot) -> list[str]:
    """Return a line for each failure since the last time, and one for those that were too many."""
    lines = [task_line(task) for task in view.failures]
    return [*lines, f"... and {view.more_failures:,} more failed"] if view.more_failures else lines
