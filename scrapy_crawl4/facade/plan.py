"""What a run is told when it is made, and what it says when it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..browser.hooks import NO_HOOKS, Hooks
from .draw import Draw

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Mapping, Sequence

    from scrapy import Spider

    from ..config import BrowserConfig, CrawlerRunConfig, HTTPCrawlerConfig
    from ..dispatch import BaseDispatcher, Progress


def as_it_is(progress: Progress) -> Progress:
    """Return *progress*: nothing is done without the run."""
    return progress


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
    browser: how the browser is started and what its pages say; None as by default.
    everywhere: the one of them that counts for requests over HTTP too.
    shows_all: whether the browser shows the pages of configs that say nothing of it.
    hooks: what is called while the browser shows a page.
    draw: chooses proxies and user agents.
    caller: the event loop of the user, for the functions of a config; None is the engine's.
    defaults: parameters of configs, by name, where a config says nothing.
    account: adds to where the run is what is done without it.
    root: the process whose tree memory is measured of; None is this one.
    """

    configs: Sequence[CrawlerRunConfig]
    dispatcher: BaseDispatcher
    http: HTTPCrawlerConfig
    memory_limit_mb: float | None = None
    total: int | None = None
    batch: bool = False
    markdown_converter: str = "turbohtml"
    draw: Draw = field(default_factory=Draw)
    browser: BrowserConfig | None = None
    everywhere: BrowserConfig | None = None
    shows_all: bool = False
    hooks: Hooks = NO_HOOKS
    caller: AbstractEventLoop | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    account: Callable[[Progress], Progress] = as_it_is
    root: int | None = None

    @property
    def makes_content(self) -> bool:
        """Whether content work is to be expected."""
        return not all(config.fetch_only for config in self.configs)


@dataclass(frozen=True, slots=True)
class SpiderPlan:
    """What a run of a spider does.

    spider: its class.
    args, kwargs: its arguments.
    settings: the user's Scrapy settings.
    lookahead: results that may wait for the consumer.
    dispatcher: the policy; None takes that of the settings.
    batch: whether all results are taken together at the end.
    total: of the results; never known.
    makes_content: whether content work is to be expected from the start on.
    """

    spider: type[Spider]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    settings: Mapping[str, Any]
    lookahead: int
    dispatcher: BaseDispatcher | None = None
    batch: bool = False
    total: int | None = None
    makes_content: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """The last thing a run sends: nothing of it is left.

    reason: a sentence when it ended early.
    error: what the consumer gets behind the last result, if anything.
    """

    reason: str = ""
    error: Exception | None = None


END_OF_INPUT = object()
"""Stands behind the last element of the input."""
