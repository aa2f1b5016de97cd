"""``scrapy crawl4-setup``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand

from ..exceptions import Crawl4Error

if TYPE_CHECKING:
    from argparse import Namespace

USAGE_ERROR = 2


class Command(ScrapyCommand):
    """``scrapy crawl4-setup``: find a browser, or install one."""

    requires_project = False
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

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

    def run(self, args: list[str], opts: Namespace) -> None:
        """Find or install a browser; sets ``exitcode``."""
        from ..browser.setup import set_up  # noqa: PLC0415  (Scrapy loads this module for every command)

        if args:
            print(f"scrapy crawl4-setup: takes no arguments, got {args[0]!r}", file=sys.stderr)  # noqa: T201
            self.exitcode = USAGE_ERROR
            return
        try:
            self.exitcode = int(not set_up(_tell))
        except Crawl4Error as error:
            print(error, file=sys.stderr)  # noqa: T201
            self.exitcode = 1


def _tell(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201
