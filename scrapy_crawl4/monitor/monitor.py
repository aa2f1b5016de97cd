from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import IO, TYPE_CHECKING, Any

from ..config.enums import DisplayMode
from ..dispatch._validate import count, number
from .screen import Screen
from .view import MonitorView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .frame import FramePainter

NARROWEST = 20
"""Columns below which no figure fits."""

FAILURES_KEPT = 15
"""Failed tasks that a view without rows keeps until they are printed."""


class CrawlerMonitor:
    """Shows runs while they go on: give it to a dispatcher as ``monitor=``.

    On a terminal it draws a progress bar with the figures of the run and, below it, the tasks that finished last;
    elsewhere it prints a line every few seconds. Failed tasks get a line that stays, and so does the end of a run.
    One monitor may serve any number of runs, also at the same time: each has a view of its own.

    :param urls_total: number of tasks for the runs that do not know it themselves (generators); 0 is unknown.
    :param refresh_rate: seconds between two frames on a terminal; plain lines come every 5 seconds at most.
    :param enable_ui: False prints nothing at all.
    :param max_width: columns used at most, at least 20.
    :param max_visible_rows: finished tasks shown, and failed ones printed with one frame, at most.
    :param display_mode: ``DisplayMode.DETAILED`` shows finished tasks, ``DisplayMode.AGGREGATED`` only the figures.
    :param file: text stream to draw on; None is ``sys.stderr`` at the time a run starts.
    :raises ValueError: for a number out of its range, or an unknown display mode.
    """

    def __init__(
        self,
        urls_total: int = 0,
        refresh_rate: float = 1.0,
        enable_ui: bool = True,
        max_width: int = 120,
        *,
        max_visible_rows: int = 15,
        display_mode: DisplayMode | str = DisplayMode.DETAILED,
        file: IO[str] | None = None,
    ) -> None:
        self.urls_total = count("urls_total", urls_total)
        self.refresh_rate = number("refresh_rate", refresh_rate, above=0)
        self.enable_ui = bool(enable_ui)
        self.max_width = int(number("max_width", max_width, least=NARROWEST))
        self.max_visible_rows = count("max_visible_rows", max_visible_rows)
        self.display_mode = _display_mode(display_mode)
        self._file = file
        self._forget_runs()

    def _forget_runs(self) -> None:
        self._stopped = False
        self._screen: Screen | None = None
        self._screen_lock = Lock()

    def start(self) -> None:
        """Draw again after :meth:`stop`; a new monitor needs no start. Does nothing the second time."""
        self._set_stopped(False)

    def stop(self) -> None:
        """Take the bar off the terminal and draw nothing, for any run, until :meth:`start`; runs go on.

        Returns at once. Does nothing the second time.
        """
        self._set_stopped(True)

    def view(self, total: int | None = None) -> MonitorView:
        """Open a view for one run, drawn until it is closed.

        :param total: tasks the run will have; None takes ``urls_total``, where that is set.
        """
        rows = self.max_visible_rows or FAILURES_KEPT
        known = total if total is not None else self.urls_total or None
        stream = self._file or sys.stderr
        if not self.enable_ui or stream is None:
            return MonitorView(known, rows)
        view = MonitorView(known, rows, on_close=lambda: screen.finish(view))
        screen = self._show(view, stream)
        return view

    @contextmanager
    def above(self) -> Iterator[None]:
        """Keep the terminal free of the bar while the block writes whole lines to it."""
        screen = self._screen
        with screen.above() if screen else nullcontext():
            yield

    def _show(self, view: MonitorView, stream: IO[str]) -> Screen:
        with self._screen_lock:
            if self._screen is None or not self._screen.add(view):
                self._screen = Screen(stream, self.refresh_rate, self._painter, lambda: self._stopped)
                self._screen.add(view)
            return self._screen

    def _painter(self, stream: IO[str]) -> FramePainter:
        from .frame import FramePainter  # noqa: PLC0415  (rich is loaded only where something is drawn)

        detailed = self.display_mode is DisplayMode.DETAILED and self.max_visible_rows > 0
        return FramePainter(stream, self.max_width, rows=detailed)

    def _set_stopped(self, stopped: bool) -> None:
        self._stopped = stopped
        if self._screen:
            self._screen.redraw()

    def __getstate__(self) -> dict[str, Any]:
        """Options only: a copy of a monitor shows none of the runs of the original."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _file=None)
        self._forget_runs()


def _display_mode(value: DisplayMode | str) -> DisplayMode:
    try:
        return DisplayMode(value)
    except ValueError:
        names = ", ".join(f"DisplayMode.{mode.name}" for mode in DisplayMode)
        raise ValueError(f"display_mode must be one of {names}, got {value!r}.") from None
