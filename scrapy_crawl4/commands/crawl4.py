from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand

from .options import BadUsage, Options, add_options

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

USAGE_ERROR = 2
INTERRUPTED = 128 + signal.SIGINT


class Command(ScrapyCommand):
    """``scrapy crawl4``: crawl URLs into JSON Lines or Markdown, in and outside a project."""

    requires_project = False
    requires_crawler_process = False  # the facade runs its own engine
    # A crawl shows its progress and its failed pages; the log of every request would bury them.
    default_settings: ClassVar[dict[str, Any]] = {"LOG_LEVEL": "WARNING"}

    def syntax(self) -> str:
        """Return the arguments, for the usage line."""
        return "[options] <url> ... | [options] --html <file> ..."

    def short_desc(self) -> str:
        """Return what ``scrapy -h`` says of the command."""
        return "Crawl URLs into LLM-ready JSON Lines or Markdown"

    def long_desc(self) -> str:
        """Return what ``scrapy crawl4 -h`` says of the command."""
        return (
            "Crawl URLs and write what came out: a line of JSON with Markdown, links, media and metadata for each URL, "
            "failed ones included, to standard output unless -o or --markdown says otherwise. Progress is shown on "
            "standard error. The settings of the project are used, if there is one. A URL '-' reads URLs from standard "
            "input; blank lines and lines that start with # are left out. With --html, pages are read from files and "
            "nothing is fetched. Exit status: 0; 1 if every page failed, the URLs could not be read or the output not "
            "be written; 2 for bad usage; 130 after Ctrl-C, with every page that was finished written."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        """Add the options of the command to those of all commands."""
        super().add_options(parser)
        add_options(parser)

    def run(self, args: list[str], opts: Namespace) -> None:
        """Crawl; sets ``exitcode``."""
        assert self.settings is not None
        try:
            from .session import crawl  # noqa: PLC0415  (Scrapy loads this module for every command)

            self.exitcode = crawl(Options.checked(args, opts), self.settings)
        except BadUsage as error:
            print(f"scrapy crawl4: {error}", file=sys.stderr)  # noqa: T201
            self.exitcode = USAGE_ERROR
        except KeyboardInterrupt:  # before the crawl began
            self.exitcode = INTERRUPTED
