"""The options of ``scrapy crawl4``: what they are, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from typing import Self

STANDARD_STREAM = "-"


class BadUsage(Exception):  # noqa: N818  (names what the user did)
    """Options that cannot be carried out; the text is one sentence that says what to change."""


@dataclass(frozen=True, slots=True)
class Options:
    """Checked options."""

    urls: tuple[str, ...]
    """URLs among the arguments."""

    input: str | None
    """File with more of them, ``-`` for standard input; None when there is none."""

    output: str | None
    """File for JSON Lines, ``-`` for standard output; None without."""

    overwrite: bool
    """Whether the output file is emptied first."""

    markdown: str | None
    """Folder for Markdown files, ``-`` for Markdown on standard output; None without."""

    stream: bool
    """True writes results as pages finish, False in the order of the URLs."""

    concurrency: int | None
    """Pages in flight at most; None leaves it to the settings."""

    @classmethod
    def checked(cls, arguments: Sequence[str], given: Namespace) -> Self:
        """Return the options in *arguments* (URLs) and *given*.

        :raises BadUsage: for an unknown option, a missing or a contradictory one, or a number out of range.
        """
        options = cls(
            urls=_urls(arguments),
            input=STANDARD_STREAM if STANDARD_STREAM in arguments else given.input,
            output=given.overwrite_output or given.output,
            overwrite=bool(given.overwrite_output),
            markdown=given.markdown,
            stream=given.stream,
            concurrency=_concurrency(given.concurrency),
        )
        if given.output and given.overwrite_output:
            raise BadUsage("Use -o to add to a file or -O to replace it, not both.")
        if STANDARD_STREAM in arguments and given.input not in (None, STANDARD_STREAM):
            raise BadUsage("Use - or --input FILE, not both.")
        options._check_streams()
        return options

    def _check_streams(self) -> None:
        if not self.urls and self.input is None:
            raise BadUsage("Nothing to crawl: give URLs, or a file of them with --input.")
        if self.markdown == STANDARD_STREAM and self.output == STANDARD_STREAM:
            raise BadUsage("Standard output takes JSON Lines (-o -) or Markdown (--markdown -), not both.")

    @property
    def json_on_stdout(self) -> bool:
        """Whether JSON Lines go to standard output: asked for, or nothing else was."""
        return self.output == STANDARD_STREAM or (self.output is None and self.markdown is None)


def add_options(parser: ArgumentParser) -> None:
    """Add the options to *parser*; their values are checked by :meth:`Options.checked`."""
    add = parser.add_argument
    add("-o", "--output", metavar="FILE", help="append the results to FILE as JSON Lines; - is standard output")
    add("-O", "--overwrite-output", metavar="FILE", help="like -o, with FILE emptied first")
    add(
        "--markdown",
        metavar="DIR",
        help="write the Markdown of each page that did not fail to a file in DIR, named after its URL; "
        "- writes it to standard output",
    )
    add("--input", metavar="FILE", help="read more URLs from FILE, one in each line; - is standard input")
    add(
        "--stream",
        action="store_true",
        help="write each result as soon as its page is finished; without it, in the order of the URLs",
    )
    add("--concurrency", metavar="N", help="pages in flight at most; without it, the setting CRAWL4_MAX_SESSION_PERMIT")


def _urls(arguments: Sequence[str]) -> tuple[str, ...]:
    urls = tuple(argument for argument in arguments if argument not in (STANDARD_STREAM, "--"))
    unknown = next((url for url in urls if url.startswith("-")), None)
    if unknown is not None:
        raise BadUsage(f"Unknown option {unknown}; 'scrapy crawl4 -h' lists the options.")
    return urls


def _concurrency(value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and int(value)):
        raise BadUsage(f"--concurrency must be a whole number of at least 1, got {value!r}.")
    return int(value)
