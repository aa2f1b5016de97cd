"""How many processes do the runs of a crawler."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..exceptions import UnsupportedOption
from .arguments import keeps_items
from .engine import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..config import BrowserConfig, Crawl4Settings
    from .bridge import EngineLoop

AUTO = "auto"


def engine_count(given: object, setting: int | str, settings: Mapping[str, Any], browser: BrowserConfig | None) -> int:
    """Return the number of processes that *given*, the parameter, or else the *setting* asks for.

    :raises ValueError: for a number that is none, or below 1.
    :raises UnsupportedOption: for several of them with *settings* or a *browser* that only one process can have.
    """
    number = setting if given is None else given
    if number == AUTO:
        number = usable_processors()
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError(f'engines must be a whole number of at least 1 or "auto", got {given!r}.')
    if number > 1 and keeps_items(settings):
        raise UnsupportedOption(
            f"engines={number} cannot be used with FEEDS or ITEM_PIPELINES, which each process would write by itself: "
            "take the results of arun_many(), or use engines=1."
        )
    if number > 1 and browser is not None and browser.use_persistent_context:
        raise UnsupportedOption(
            f"engines={number} cannot be used with use_persistent_context, since one browser at a time has a profile: "
            "leave it out, or use engines=1."
        )
    return number


def usable_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_engine(home: EngineLoop, settings: Mapping[str, Any], crawl4: Crawl4Settings, number: int) -> Engine:
    """Return what does the runs of a crawler: an engine in this process, or a *number* of processes.

    :raises UnsupportedOption: for settings that cannot be handed to another process.
    """
    if number == 1:
        return Engine(home, settings, crawl4.llm_concurrency, crawl4.content_workers)
    from ..engines.engines import Engines  # noqa: PLC0415 - most programs have no use for it

    # These engines are as many processes as there is work for.
    content_workers = 0 if isinstance(crawl4.content_workers, str) else crawl4.content_workers
    return Engines(home, settings, crawl4.llm_concurrency, number, content_workers)
