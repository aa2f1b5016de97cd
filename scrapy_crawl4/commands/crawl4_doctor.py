"""``scrapy crawl4-doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .plain import PlainCommand, tell

if TYPE_CHECKING:
    from scrapy.settings import Settings


class Command(PlainCommand):
    """``scrapy crawl4-doctor``: look at what a crawl needs."""

    name = "crawl4-doctor"

    def short_desc(self) -> str:
        """Return what ``scrapy -h`` says of the command."""
        return "Check what crawl4 needs: Python, Scrapy, reactor, memory, browser"

    def long_desc(self) -> str:
        """Return what ``scrapy crawl4-doctor -h`` says of the command."""
        return (
            "Check Python, Scrapy, the reactor of the settings, the memory limit and where it comes from, and the "
            "browser, in which a page is opened; say what to do about what is wrong. Exit status: 0 if all is well, "
            "1 if something is not, 2 for bad usage."
        )

    def work(self, settings: Settings) -> int:
        """Look at everything; return 1 if something is wrong."""
        from ..browser.doctor import examine  # noqa: PLC0415  (Scrapy loads this module for every command)

        is_bad = False
        for finding in examine(settings):
            tell(f"{'ok ' if finding.fine else 'BAD'} {finding.name}: {finding.told}")
            if not finding.fine:
                is_bad = True
                tell(f"    {finding.advice}")
        return int(is_bad)
