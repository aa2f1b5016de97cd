"""What a run is told when it is made, and what it says when it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .draw import Draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..config import CrawlerRunConfig, HTTPCrawlerConfig
    from ..dispatch import BaseDispatcher


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does, fixed when it is made.

    configs: the first one that matches a URL is its config.
    dispatcher: the policy.
    http: method, headers and body of the requests.
    memory_limit_mb: a limit of our own; None takes the system's.
    total: elements of the input; None when that is not known before it is read.
    markdown_converter: what writes markdown where a config's generator does not say it.
    batch: whether all results are taken together at the end; until then they may be moved out of memory.
    draw: chooses proxies and user agents.
    """

    configs: Sequence[CrawlerRunConfig]
    dispatcher: BaseDispatcher
    http: HTTPCrawlerConfig
    memory_limit_mb: float | None = None
    total: int | None = None
    batch: bool = False
    markdown_converter: str = "turbohtml"
    draw: Draw = field(default_factory=Draw)


@dataclass(frozen=True, slots=True)
class End:
    """The last thing a run sends: nothing of it is left. *reason* is a sentence when it ended early."""

    reason: str = ""


END_OF_INPUT = object()
"""Stands behind the last element of the input."""
