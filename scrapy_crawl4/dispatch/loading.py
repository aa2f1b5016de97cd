"""The dispatcher that settings name."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..exceptions import DispatcherError
from .base import BaseDispatcher
from .rate_limiter import RateLimiter

if TYPE_CHECKING:
    from ..config.settings import Crawl4Settings


def make_dispatcher(settings: Crawl4Settings) -> BaseDispatcher:
    """Return the dispatcher that ``CRAWL4_DISPATCHER`` names: a path, a class or an object that is ready.

    A class is called with those of the ``CRAWL4_`` settings that its constructor has parameters for; an object keeps
    what it was made with.

    :raises DispatcherError: for a path that leads nowhere, or to what is not a :class:`BaseDispatcher`.
    :raises ValueError: for values that the dispatcher or :class:`RateLimiter` refuses.
    """
    found = settings.dispatcher
    if isinstance(found, str):
        found = _load(found)
    if isinstance(found, type) and issubclass(found, BaseDispatcher):
        found = _construct(found, _arguments(settings))
    if not isinstance(found, BaseDispatcher):
        raise DispatcherError(
            "CRAWL4_DISPATCHER must be a subclass of BaseDispatcher, an object of one or the path of either, "
            f"got {settings.dispatcher!r}."
        )
    return found


def _load(path: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise DispatcherError(
            f"CRAWL4_DISPATCHER: {path!r} cannot be imported; give the path of a dispatcher, such as "
            "'scrapy_crawl4.MemoryAdaptiveDispatcher'."
        ) from error


def _construct(kind: type[BaseDispatcher], arguments: dict[str, Any]) -> BaseDispatcher:
    taken = inspect.signature(kind).parameters
    given = {name: value for name, value in arguments.items() if name in taken and value is not None}
    try:
        return kind(**given)
    except TypeError as error:
        raise DispatcherError(f"CRAWL4_DISPATCHER: {kind.__name__} cannot be made from settings: {error}.") from error


def _arguments(settings: Crawl4Settings) -> dict[str, Any]:
    """Return what constructors may take; None leaves the dispatcher's own default."""
    return {
        # Without it a SemaphoreDispatcher would cap the permits at its own default.
        "semaphore_count": settings.max_session_permit,
        "max_session_permit": settings.max_session_permit,
        "memory_threshold_percent": settings.memory_threshold_percent,
        "critical_threshold_percent": settings.critical_threshold_percent,
        "recovery_threshold_percent": settings.recovery_threshold_percent,
        "check_interval": settings.check_interval_secs,
        "fairness_timeout": settings.fairness_timeout_secs,
        "memory_wait_timeout": settings.memory_wait_timeout_secs,
        "rate_limiter": RateLimiter(
            base_delay=settings.base_delay_secs,
            max_delay=settings.max_delay_secs,
            max_retries=settings.max_retries,
            rate_limit_codes=settings.rate_limit_codes,
        ),
    }
