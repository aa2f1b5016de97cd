"""What engine processes log, in the log of the program that started them."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def levels() -> dict[str, int]:
    """Return the levels that are set in this process, by the name of the logger; that of the root is ``""``."""
    named = logging.root.manager.loggerDict
    found = {
        name: logger.level for name, logger in named.items() if isinstance(logger, logging.Logger) and logger.level
    }
    return {"": max(logging.root.level, logging.root.manager.disable), **found}


def handle(fields: Mapping[str, Any]) -> None:
    """Log what an engine process logged, where this process would have logged it."""
    record = logging.makeLogRecord(dict(fields))
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)


class Sender(logging.Handler):
    """Sends what is logged to the other process.

    :param send: takes the fields of each record; thread-safe.
    """

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send *record* without the objects that it was made of."""
        try:
            fields = {
                name: value
                for name, value in record.__dict__.items()
                if value is None or isinstance(value, str | int | float)
            }
            fields |= {"msg": record.getMessage(), "args": None, "exc_info": None}
            if record.exc_info and record.exc_info[1] is not None:
                fields["exc_text"] = "".join(traceback.format_exception(record.exc_info[1])).rstrip()
            self._send(fields)
        except Exception:  # noqa: BLE001 - as all handlers of logging
            self.handleError(record)


def start(send: Callable[[dict[str, Any]], None], wanted: Mapping[str, int]) -> None:
    """Send on everything that is logged in this process from now on, as far as it is *wanted*."""
    for name, level in wanted.items():
        logging.getLogger(name or None).setLevel(level)
    logging.root.addHandler(Sender(send))
