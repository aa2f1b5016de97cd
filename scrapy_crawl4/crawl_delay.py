"""How much patience a robots.txt asks for."""

from __future__ import annotations

from math import isfinite
from typing import Any


def crawl_delay(parser: Any, user_agent: str | bytes) -> float:
    """Return the seconds between two requests that a robots.txt asks *user_agent* to keep; 0 where it asks for none.

    ``Crawl-delay`` and ``Request-rate`` (requests in a period; its time of day is left aside) both count, the longer
    one wins.

    :param parser: a ``scrapy.robotstxt.RobotParser``, or None where there is no robots.txt.
    :param user_agent: the name that rules are looked up by.
    """
    if parser is None:
        return 0.0
    name = user_agent.decode("latin-1") if isinstance(user_agent, bytes) else user_agent
    return max(_seconds(parser.crawl_delay(name)), _seconds(_period(parser, name)))


def _period(parser: Any, name: str) -> float | None:
    # Scrapy's parsers say nothing of the rate, the libraries that they wrap do.
    rate_of = getattr(getattr(parser, "rp", None), "request_rate", None)
    rate = rate_of(name) if callable(rate_of) else None
    return rate.seconds / rate.requests if rate is not None and rate.requests else None


def _seconds(value: float | None) -> float:
    return value if value is not None and isfinite(value) and value > 0 else 0.0
