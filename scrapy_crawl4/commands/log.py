"""The log of a command, beside its progress bar."""

from __future__ import annotations

import logging
from typing import IO, TYPE_CHECKING

from scrapy.utils.log import TopLevelFormatter, configure_logging

if TYPE_CHECKING:
    from scrapy.settings import Settings

    from ..monitor import CrawlerMonitor


def log_handler(settings: Settings, stream: IO[str], monitor: CrawlerMonitor) -> logging.Handler:
    """Return what writes the log as the ``LOG_`` settings say.

    Lines for *stream*, standard error, go above the bar of *monitor*.

    :raises OSError: when the log file cannot be opened.
    """
    handler: logging.Handler
    if file := settings.get("LOG_FILE"):
        mode = "a" if settings.getbool("LOG_FILE_APPEND") else "w"
        handler = logging.FileHandler(file, mode, encoding=settings.get("LOG_ENCODING"))
    elif settings.getbool("LOG_ENABLED"):
        handler = _AboveBar(stream, monitor)
    else:
        return logging.NullHandler()
    handler.setFormatter(logging.Formatter(settings.get("LOG_FORMAT"), settings.get("LOG_DATEFORMAT")))
    handler.setLevel(settings.get("LOG_LEVEL"))
    if settings.getbool("LOG_SHORT_NAMES"):
        handler.addFilter(TopLevelFormatter(["scrapy"]))
    return handler


def start_log(settings: Settings, handler: logging.Handler) -> None:
    """Send what the program logs to *handler*.

    It is not made known to Scrapy as its own root handler: every crawler replaces that by what its settings say, and
    the facade's say nothing.
    """
    without_handler = settings.copy()
    without_handler.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")
    configure_logging(without_handler)
    logging.root.setLevel(logging.NOTSET)
    logging.root.addHandler(handler)


class _AboveBar(logging.StreamHandler[IO[str]]):
    """Writes each record while the progress bar of *monitor* is off the terminal."""

    def __init__(self, stream: IO[str], monitor: CrawlerMonitor) -> None:
        super().__init__(stream)
        self._monitor = monitor

    def emit(self, record: logging.LogRecord) -> None:
        with self._monitor.above():
            super().emit(record)
