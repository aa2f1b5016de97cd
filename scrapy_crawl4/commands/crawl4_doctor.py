"""``scrapy crawl4-doctor``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand

if TYPE_CHECKING:
    from argparse import Namespace

USAGE_ERROR = 2


class Command(ScrapyCommand):
    """``scrapy crawl4-doctor``: look at what a crawl needs."""

    requires_project = False
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

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

    def run(self, args: list[str], opts: Namespace) -> None:
        """Look at everything; sets ``exitcode``."""
        from ..browser.doctor import examine  # noqa: PLC0415  (Scrapy loads this module for every command)

        if args:
            print(f"scrapy crawl4-doctor: takes no arguments, got {args[0]!r}", file=sys.stderr)  # noqa: T201
            self.exitcode = USAGE_ERROR
            return
        assert self.settings is not None
        self.exitcode = 0
        for finding in examine(self.settings):
            print(f"{'ok ' if finding.fine else 'BAD'} {finding.name}: {finding.told}", flush=True)  # noqa: T201
            if not finding.fine:
                self.exitcode = 1
                print(f"    {finding.advice}", flush=True)  # noqa: T201
