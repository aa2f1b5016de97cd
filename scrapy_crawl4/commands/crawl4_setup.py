"""``scrapy crawl4-setup``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..exceptions import Crawl4Error
from .plain import PlainCommand, tell

if TYPE_CHECKING:
    from scrapy.settings import Settings


class Command(PlainCommand):
    """``scrapy crawl4-setup``: find a browser, or install one."""

    name = "crawl4-setup"

    def short_desc(self) -> str:
        """Return what ``scrapy -h`` says of the command."""
        return "Find or install the browser that crawl4 shows pages with"

    def long_desc(self) -> str:
        """Return what ``scrapy crawl4-setup -h`` says of the command."""
        return (
            "Find the browser that pages are shown with: the program that CRAWL4_BROWSER_EXECUTABLE names, the one "
            "that Playwright installed, or a Chromium or Chrome on the path. Where there is none, install one: on "
            "Debian and its like as root the package chromium, elsewhere with 'playwright install chromium'. Exit "
            "status: 0 with a browser, 1 without one, 2 for bad usage."
        )

    def work(self, settings: Settings) -> int:
        """Find or install a browser; return 1 without one."""
        from ..browser.setup import set_up  # noqa: PLC0415  (Scrapy loads this module for every command)

        try:
            return int(not set_up(tell))
        except Crawl4Error as error:
            print(error, file=sys.stderr)  # noqa: T201
            return 1
