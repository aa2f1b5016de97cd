"""Whether anybody listens to a signal: sending it to nobody costs more than finding that out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydispatch.dispatcher import Any as EverySignal  # type: ignore[import-untyped]  # it has no annotations
from pydispatch.dispatcher import connections

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


def has_listeners(crawler: Crawler, signal: Any) -> bool:
    """Return whether *signal* of *crawler* has a receiver, which may be one of all its signals or of all senders."""
    for sender in (crawler, EverySignal):
        receivers = connections.get(id(sender))
        if receivers and (receivers.get(signal) or receivers.get(EverySignal)):
            return True
    return False
