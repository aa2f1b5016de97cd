"""The configuration of a crawl."""

from __future__ import annotations

from ..user_agents import user_agents, wanted_of
from .matching import matches
from .rendering import HTTP, browser_options
from .run_browser import BrowserPageOptions
from .run_content import ContentOptions
from .run_fetch import FetchOptions, LegacyCacheOptions

CONTENT_MADE = ("extraction_strategy", "markdown_generator", "table_extraction", "prefetch")
"""What nobody asks for who wants no content work."""


class CrawlerRunConfig(ContentOptions, FetchOptions, BrowserPageOptions, LegacyCacheOptions):
    """How pages are fetched and what is made of them.

    The parameters have crawl4ai's names and defaults (except that ``verbose`` is False), and two more, ``render`` and
    ``fetch_only``. They are keyword arguments, described with the layers they belong to: :class:`ContentOptions`,
    :class:`FetchOptions`, :class:`BrowserPageOptions`.

    A crawl never writes to a configuration: one object may serve many crawls at a time.

    :raises TypeError: for an unknown name.
    :raises ValueError: for a value that breaks the rule of its parameter.
    :raises UnsupportedOption: for a parameter that has no effect yet, set to anything but its default.
    """

    def is_match(self, url: str) -> bool:
        """Tell whether this configuration is for *url*: its ``url_matcher`` accepts it, or there is none."""
        return matches(url, self.url_matcher, self.match_mode)

    def _check_together(self) -> None:
        super()._check_together()
        if self.magic and not self.user_agent:
            user_agents(wanted_of(self))
        if self.fetch_only and (names := [name for name in CONTENT_MADE if getattr(self, name)]):
            raise ValueError(f"fetch_only=True cannot be given together with {names[0]}, which needs content work")
        if self.render == HTTP and (names := browser_options(self)):
            raise ValueError(f"render='http' cannot be given together with {names[0]}, which needs a browser")
