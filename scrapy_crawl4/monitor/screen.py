from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from threading import Event, Lock, Thread, main_thread
from time import monotonic
from typing import IO, TYPE_CHECKING

from .text import failure_lines, progress_line, summary_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .frame import FramePainter
    from .view import MonitorView, Snapshot

logger = logging.getLogger(__name__)

PLAIN_INTERVAL_SECS = 5.0
"""Seconds between two lines on something that is not a terminal, at least."""

EXIT_CHECK_SECS = 0.5
"""How often a waiting thread looks whether the program is about to end."""

LAST_FRAME_SECS = 0.05
"""How long closing a view waits for its last line, so that it comes before what the program prints next."""


def is_terminal(stream: IO[str]) -> bool:
    """Return True for a terminal on which lines can be drawn again."""
    return stream.isatty() and os.environ.get("TERM", "").lower() not in {"", "dumb", "unknown"}


class Screen:
    """Draws open views on one stream, from a thread of its own that lives as long as there are any.

    All writing is done by that thread: a terminal that stopped (Ctrl-S) or a slow pipe holds up nobody else.

    :param refresh_rate: seconds between two frames.
    :param painter: makes the painter of frames; called once, by the thread, and only for a terminal.
    :param paused: asked before each frame; True takes the frame off the terminal and prints nothing.
    """

    def __init__(
        self,
        stream: IO[str],
        refresh_rate: float,
        painter: Callable[[IO[str]], FramePainter],
        paused: Callable[[], bool],
    ) -> None:
        self._stream = stream
        self._refresh_rate = refresh_rate
        self._make_painter = painter
        self._painter: FramePainter | None = None
        self._paused = paused
        self._terminal = is_terminal(stream)
        self._views: list[MonitorView] = []
        self._views_lock = Lock()  # never held while writing
        self._writing = Lock()
        self._frame: list[str] = []
        self._reported_at = monotonic()
        self._broken = False
        self._ended = False
        self._wake = Event()
        self._thread = Thread(target=self._run, name="crawl4-monitor")

    def add(self, view: MonitorView) -> bool:
        """Draw *view* from now on; False when this screen has ended and another one is needed."""
        with self._views_lock:
            if self._ended:
                return False
            self._views.append(view)
            if self._thread.ident is None:
                self._thread.start()
        self._wake.set()
        return True

    def finish(self, view: MonitorView) -> None:
        """Draw the last line of *view*, which is closed, and forget it; waits for that a moment at most."""
        self._wake.set()
        view.drawn.wait(LAST_FRAME_SECS)

    def redraw(self) -> None:
        """Draw a frame soon, without waiting for it."""
        self._wake.set()

    @contextmanager
    def above(self) -> Iterator[None]:
        """Keep the terminal free of the frame while the block writes whole lines to it."""
        with self._writing:
            frame = self._frame
            self._replace(frame=[])
            try:
                yield
            finally:
                self._replace(frame=frame)

    def _run(self) -> None:
        try:
            while self._paint():
                self._wait()
        except Exception:  # a monitor must never end the run that it shows
            logger.exception("The monitor stopped drawing")
        finally:
            self._end()

    def _wait(self) -> None:
        until = monotonic() + self._refresh_rate
        while (left := until - monotonic()) > 0 and main_thread().is_alive():
            if self._wake.wait(min(left, EXIT_CHECK_SECS)):
                break
        self._wake.clear()

    def _paint(self) -> bool:
        """Draw the present state; False when it was the last time."""
        with self._views_lock:
            leaving = not main_thread().is_alive()
            closed = [view for view in self._views if view.closed or leaving]
            self._views = [view for view in self._views if view not in closed]
            opened = list(self._views)
            self._ended = not opened
        with self._writing:
            self._draw([view.take() for view in opened], [view.take() for view in closed])
        for view in closed:
            view.drawn.set()
        return bool(opened)

    def _end(self) -> None:
        with self._views_lock:
            self._ended = True
            for view in self._views:
                view.drawn.set()

    def _draw(self, opened: Sequence[Snapshot], closed: Sequence[Snapshot]) -> None:
        if self._paused():
            self._replace(frame=[])
        elif self._terminal:
            lines = [line for view in (*opened, *closed) for line in failure_lines(view)]
            self._replace(lines + [summary_line(view) for view in closed], self._picture(opened))
        else:
            self._report(opened, closed)

    def _picture(self, opened: Sequence[Snapshot]) -> list[str]:
        if not opened:
            return []
        self._painter = self._painter or self._make_painter(self._stream)
        return self._painter.paint(opened)

    def _report(self, opened: Sequence[Snapshot], closed: Sequence[Snapshot]) -> None:
        """Write plain lines: the end of a view at once, where the others stand every few seconds."""
        due = monotonic() - self._reported_at >= max(PLAIN_INTERVAL_SECS, self._refresh_rate)
        lines = [line for view in (*opened, *closed) for line in failure_lines(view)]
        if due:
            lines += [progress_line(view) for view in opened]
            self._reported_at = monotonic()
        self._replace(lines + [summary_line(view) for view in closed])

    def _replace(self, lines: Sequence[str] = (), frame: Sequence[str] = ()) -> None:
        """Take the old frame off the terminal, write *lines* to stay, and *frame* below them."""
        if not lines and self._frame == list(frame):
            return
        erase = f"\r\x1b[{len(self._frame)}A\x1b[J" if self._frame else ""
        self._frame = list(frame)
        text = erase + "".join(line + "\n" for line in (*lines, *frame))
        if not self._broken:
            self._write(text)

    def _write(self, text: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except (OSError, ValueError):  # the reader is gone or the stream is closed: nobody looks any more
            self._broken = True
