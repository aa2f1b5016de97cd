"""What commands have in common that take no arguments and crawl nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand

if TYPE_CHECKING:
    from argparse import Namespace

    from scrapy.settings import Settings

USAGE_ERROR = 2


class PlainCommand(ScrapyCommand):
    """A command that is called by its *name* alone and prints what it finds."""

    name: ClassVar[str]
    requires_project = False
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def run(self, args: list[str], opts: Namespace) -> None:
        """Do the work; sets ``exitcode``."""
        if args:
            print(f"scrapy {self.name}: takes no arguments, got {args[0]!r}", file=sys.stderr)  # noqa: T201
            self.exitcode = USAGE_ERROR
            return
        assert self.settings is not None
        self.exitcode = self.work(self.settings)

    def work(self, settings: Settings) -> int:
        """Do the work and return the exit status."""
        raise NotImplementedError


def tell(sentence: str) -> None:
    """Print *sentence* at once."""
    print(sentence, flush=True)  # noqa: T201
