"""Which configurations ask for a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .run_browser import BrowserPageOptions

if TYPE_CHECKING:
    from .run import CrawlerRunConfig

BROWSER = "browser"
HTTP = "http"
AUTO = "auto"

HOW = frozenset({"delay_before_return_html", "wait_until"})
"""Options that only say how a browser loads what it shows: with ``render="auto"`` they do not ask for one."""


def browser_options(config: CrawlerRunConfig) -> list[str]:
    """Return the options of *config* that only a browser can serve and that are not at their defaults, sorted."""
    given = vars(config).keys() & BrowserPageOptions._options.keys()
    return sorted(name for name in given if getattr(config, name) != getattr(BrowserPageOptions, name))


def needing_browser(config: CrawlerRunConfig) -> list[str]:
    """Return the names of what in *config* asks for a browser, ``render`` included."""
    return browser_options(config) + (["render"] if config.render in {BROWSER, AUTO} else [])


def in_browser(config: CrawlerRunConfig, *, has_browser: bool, is_local: bool) -> bool:
    """Return whether the browser shows a page of *config*, with ``render="auto"`` without a look at it over HTTP.

    :param has_browser: whether the crawler was given a ``BrowserConfig``.
    :param is_local: whether the page comes as ``raw:`` or ``file:``, which needs no browser to be fetched.
    """
    if config.render == AUTO:
        return not HOW.issuperset(browser_options(config))
    if config.render is not None:
        return config.render == BROWSER
    return (has_browser and not is_local) or bool(browser_options(config))
