"""The picture of open views on a terminal: the only module that imports rich."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

from rich.console import Console, Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .text import duration, figures, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from .view import FinishedTask, Snapshot

BAR_WIDTH = 40
SIZE_UNKNOWN = os.terminal_size((80, 25))


class FramePainter:
    """Turns snapshots into text with the escape sequences that the terminal behind *stream* understands.

    :param max_width: columns used at most.
    :param rows: whether the finished tasks are shown below the figures.
    """

    def __init__(self, stream: IO[str], max_width: int, rows: bool) -> None:
        self._stream = stream
        self._max_width = max_width
        self._rows = rows
        self._console = Console(file=stream, force_jupyter=False, legacy_windows=False)

    def paint(self, views: Sequence[Snapshot]) -> list[str]:
        """Return the lines of a frame, none wider or more than the terminal takes."""
        size = self._size()
        pictures = Group(*(self._picture(view) for view in views))
        # A line as wide as the terminal would move the cursor on by two lines in some of them.
        self._console.width = min(size.columns - 1, self._max_width)
        with self._console.capture() as capture:
            self._console.print(pictures, crop=True)
        return capture.get().splitlines()[: max(1, size.lines - 1)]

    def _size(self) -> os.terminal_size:
        try:
            size = os.get_terminal_size(self._stream.fileno())
        except OSError:
            return SIZE_UNKNOWN
        # A new pseudo-terminal reports 0 by 0.
        return size if size.columns > 1 and size.lines > 1 else SIZE_UNKNOWN

    def _picture(self, view: Snapshot) -> RenderableType:
        below = [_task(task) for task in view.recent] if self._rows else []
        return Group(_bar(view), _line(", ".join(figures(view.progress))), *below)


def _bar(view: Snapshot) -> RenderableType:
    done, elapsed = view.progress.done, duration(view.elapsed)
    if view.total is None:
        return _line(f"{done:,} pages  {elapsed}", style="bold")
    label = f"{percent(done, view.total)}%  {done:,} of {view.total:,} pages  {elapsed}"
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_column(max_width=BAR_WIDTH, ratio=1)
    line.add_column(no_wrap=True)
    line.add_row(ProgressBar(total=max(1, view.total), completed=done, width=BAR_WIDTH), _line(label, style="bold"))
    return line


def _task(task: FinishedTask) -> Text:
    style = "red" if task.error else "dim"
    end = f"  {task.error}" if task.error else ""
    return _line(f"  {task.status:>6}  {task.seconds:6.1f} s  {task.url}{end}", style=style)


def _line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis", end="\n")
