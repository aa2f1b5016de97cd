"""The ``Retry-After`` header (RFC 9110, section 10.2.3)."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime


def parse_retry_after(value: str | bytes | None, now: float) -> float | None:
    """Return the seconds that *value* asks to wait, never below 0; None where it says nothing that can be read.

    :param value: the header, whole seconds or an HTTP date.
    :param now: the time that dates are measured from, seconds since the epoch.
    """
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    text = (value or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        # Longer digit strings than this are hostile; every limit caps what is left.
        return float(text.lstrip("0")[:9] or 0)
    return _seconds_until(text, now)


def _seconds_until(text: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
