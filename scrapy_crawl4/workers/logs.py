"""What is logged in a worker is logged by the crawl."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self


class Records(logging.Handler):
    """Keeps what is logged until it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[dict[str, Any]] = []

    @classmethod
    def begun(cls, level: int) -> Self:
        """Return one that keeps all that this process logs, from *level* on."""
        records = cls()
        logging.root.addHandler(records)
        logging.root.setLevel(level)
        return records

    def emit(self, record: logging.LogRecord) -> None:
        """Keep *record* as text and numbers."""
        try:
            self._kept.append(_plain(record))
        except Exception:  # noqa: BLE001 - arguments that do not fit, as every handler has to expect
            self.handleError(record)

    def taken(self) -> list[dict[str, Any]]:
        """Return what was kept, and keep it no longer."""
        kept, self._kept = self._kept, []
        return kept


def _plain(record: logging.LogRecord) -> dict[str, Any]:
    text = record.getMessage()
    if record.exc_info:
        text += "\n" + logging.Formatter().formatException(record.exc_info)
    facts = ("name", "levelno", "levelname", "pathname", "filename", "module", "funcName", "lineno", "created", "msecs")
    return {name: getattr(record, name) for name in facts} | {"msg": text}


def repeat(records: Iterable[dict[str, Any]]) -> None:
    """Log what a worker has logged, where this process logs such things."""
    for record in records:
        logger = logging.getLogger(record["name"])
        if logger.isEnabledFor(record["levelno"]):
            logger.handle(logging.makeLogRecord(record))
