"""The dispatcher that settings name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..config.settings import Crawl4Settings
from ..exceptions import DispatcherError
from .base import BaseDispatcher

if TYPE_CHECKING:
    from collections.abc import Mapping


def make_dispatcher(settings: Mapping[str, Any]) -> BaseDispatcher:
    """Return the dispatcher that ``CRAWL4_DISPATCHER`` names: a path, a class or an object that is ready.

    A class makes its dispatcher with :meth:`BaseDispatcher.from_settings`; an object keeps what it was made with.

    :param settings: all settings of the project: Scrapy's ``Settings`` or a mapping.
    :raises DispatcherError: for a path that leads nowhere, or to what is not a :class:`BaseDispatcher`.
    :raises ValueError: for a setting that is unknown or breaks its rule, or that the dispatcher refuses.
    """
    named = found = Crawl4Settings.from_settings(settings).dispatcher
    if isinstance(found, str):
        found = _load(found)
    if isinstance(found, type) and issubclass(found, BaseDispatcher):
        found = _construct(found, settings)
    if not isinstance(found, BaseDispatcher):
        raise DispatcherError(
            "CRAWL4_DISPATCHER must be a subclass of BaseDispatcher, an object of one or the path of either, "
            f"got {named!r}."
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


def _construct(kind: type[BaseDispatcher], settings: Mapping[str, Any]) -> object:
    try:
        return kind.from_settings(settings)
    except (AttributeError, LookupError, TypeError) as error:
        raise DispatcherError(f"CRAWL4_DISPATCHER: {kind.__name__} cannot be made from settings: {error}.") from error
