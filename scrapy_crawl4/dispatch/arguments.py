"""``CRAWL4_`` settings as arguments of a dispatcher."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from ..config.settings import Crawl4Settings
from .rate_limiter import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Mapping

ATTRIBUTES = {
    "CRAWL4_CHECK_INTERVAL_SECS": "check_interval",
    "CRAWL4_FAIRNESS_TIMEOUT_SECS": "fairness_timeout",
    "CRAWL4_MEMORY_WAIT_TIMEOUT_SECS": "memory_wait_timeout",
}
"""What every dispatcher has, whether its constructor takes it or not."""


def constructor_arguments(kind: type, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the ``CRAWL4_`` *settings* that the constructor of *kind* has parameters for.

    :raises ValueError: for a setting that is unknown or breaks its rule.
    """
    taken, known = inspect.signature(kind).parameters, _known(settings)
    # None leaves the dispatcher's own default.
    return {name: value for name, value in known.items() if name in taken and value is not None}


def other_attributes(kind: type, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of every dispatcher that *settings* give and the constructor of *kind* does not take."""
    taken, known = inspect.signature(kind).parameters, _known(settings)
    return {
        name: known[name]
        for setting, name in ATTRIBUTES.items()
        if name not in taken and settings.get(setting) is not None
    }


def _known(settings: Mapping[str, Any]) -> dict[str, Any]:
    own = Crawl4Settings.from_settings(settings)
    return {
        # Without it a SemaphoreDispatcher would cap the permits at its own default.
        "semaphore_count": own.max_session_permit,
        "max_session_permit": own.max_session_permit,
        "memory_threshold_percent": own.memory_threshold_percent,
        "critical_threshold_percent": own.critical_threshold_percent,
        "recovery_threshold_percent": own.recovery_threshold_percent,
        "check_interval": own.check_interval_secs,
        "fairness_timeout": own.fairness_timeout_secs,
        "memory_wait_timeout": own.memory_wait_timeout_secs,
        "rate_limiter": RateLimiter(
            base_delay=own.base_delay_secs,
            max_delay=own.max_delay_secs,
            max_retries=own.max_retries,
            rate_limit_codes=own.rate_limit_codes,
        ),
    }
