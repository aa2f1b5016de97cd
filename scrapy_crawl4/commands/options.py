"""The options of ``scrapy crawl4``: what they are, and what is wrong with them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import CacheMode, CrawlerRunConfig
from ..content.urls import is_page_url

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

    downloads: str | None
    """Folder for files that are no pages; None keeps none."""

    job: str | None = None
    """Folder that the crawl outlives its process in; None for a crawl that does not."""

    cache: CacheMode | None = None
    """What is done with the cache; None leaves it to the settings."""

    render: str | None = None
    """Where pages are fetched: ``http``, ``browser`` or ``auto``; None leaves it to the settings."""

    engines: int | str | None = None
    """Processes that crawl, or ``auto``; None leaves it to the settings."""

    html: tuple[str, ...] = ()
    """Files that are read in place of URLs, ``-`` for standard input; empty for a crawl."""

    url: str | None = None
    """What relative links in those files resolve against; None is each file's own ``file:`` URL."""

    @classmethod
    def checked(cls, arguments: Sequence[str], given: Namespace) -> Self:
        """Return the options in *arguments* (URLs) and *given*.

        :raises BadUsage: for an unknown option, a missing or a contradictory one, or a number out of range.
        """
        if given.html is not None:
            return cls._of_files(_urls(arguments), given)
        if given.url is not None:
            raise BadUsage("--url is for pages in files: use it with --html.")
        options = cls(
            urls=_urls(arguments),
            input=STANDARD_STREAM if STANDARD_STREAM in arguments else given.input,
            output=given.overwrite_output or given.output,
            overwrite=bool(given.overwrite_output),
            markdown=given.markdown,
            stream=given.stream,
            concurrency=_concurrency(given.concurrency),
            downloads=given.downloads,
            job=given.job,
            cache=_cache(given.cache),
            render=_render(given.render),
            engines=_engines(given.engines),
        )
        options._check_job()
        if STANDARD_STREAM in arguments and given.input not in (None, STANDARD_STREAM):
            raise BadUsage("Use - or --input FILE, not both.")
        if not options.urls and options.input is None:
            raise BadUsage("Nothing to crawl: give URLs, or a file of them with --input.")
        options._check_outputs(given)
        return options

    @classmethod
    def _of_files(cls, urls: tuple[str, ...], given: Namespace) -> Self:
        """Return the options of a call with ``--html``."""
        if urls:
            raise BadUsage("Use URLs or --html FILE, not both.")
        for name in ("input", "concurrency", "downloads", "job", "cache", "render", "engines"):
            if getattr(given, name) is not None:
                raise BadUsage(f"--{name} is for a crawl: leave it out with --html.")
        if given.html.count(STANDARD_STREAM) > 1:
            raise BadUsage("Standard input can be read once: give - to --html only once.")
        if given.url is not None and not is_page_url(given.url):
            raise BadUsage(f"--url must be an absolute URL such as https://example.org/, got {given.url!r}.")
        options = cls(
            urls=(),
            input=None,
            output=given.overwrite_output or given.output,
            overwrite=bool(given.overwrite_output),
            markdown=given.markdown,
            stream=given.stream,
            concurrency=None,
            downloads=None,
            html=tuple(given.html),
            url=given.url,
        )
        options._check_outputs(given)
        return options

    def _check_job(self) -> None:
        if self.job == "":
            raise BadUsage("--job needs the name of a folder.")
        if self.job and self.output not in (None, STANDARD_STREAM):
            folder, output = os.path.realpath(self.job), os.path.realpath(self.output)
            if output.startswith(os.path.join(folder, "")):
                raise BadUsage("The file of -o or -O must not lie in the folder of --job.")

    def _check_outputs(self, given: Namespace) -> None:
        if given.output and given.overwrite_output:
            raise BadUsage("Use -o to add to a file or -O to replace it, not both.")
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
    add(
        "--engines",
        metavar="N",
        help="processes that crawl, each with a part of the hosts; auto is one for each processor; without it, the "
        "setting CRAWL4_ENGINES",
    )
    add(
        "--job",
        metavar="DIR",
        help="keep each result in DIR as soon as it is there, so that the same command goes on where it stopped, "
        "however it stopped",
    )
    add(
        "--cache",
        action="store_const",
        const=CacheMode.ENABLED.value,
        help="take pages from the cache where it has them, and keep in it those that are fetched",
    )
    add(
        "--cache-mode",
        dest="cache",
        metavar="MODE",
        help=f"one of {', '.join(mode.value for mode in CacheMode)}; --cache is --cache-mode enabled",
    )
    add(
        "--render",
        metavar="WHERE",
        help="http, browser, or auto: only pages that are empty over HTTP are shown; without it, CRAWL4_RENDER",
    )
    add("--downloads", metavar="DIR", help="keep what is no page, and PDFs, as files in DIR")
    add(
        "--html",
        metavar="FILE",
        nargs="+",
        help="read pages from files in place of URLs, without any network; - is standard input",
    )
    add("--url", metavar="URL", help="with --html: what relative links resolve against; without it, the file's own URL")


def _urls(arguments: Sequence[str]) -> tuple[str, ...]:
    urls = tuple(argument for argument in arguments if argument not in (STANDARD_STREAM, "--"))
    unknown = next((url for url in urls if url.startswith("-")), None)
    if unknown is not None:
        raise BadUsage(f"Unknown option {unknown}; 'scrapy crawl4 -h' lists the options.")
    return urls


def _cache(value: str | None) -> CacheMode | None:
    if value is None:
        return None
    try:
        return CacheMode(value)
    except ValueError:
        modes = ", ".join(mode.value for mode in CacheMode)
        raise BadUsage(f"--cache-mode must be one of {modes}, got {value!r}.") from None


def _render(value: str | None) -> str | None:
    try:
        return CrawlerRunConfig(render=value).render
    except ValueError:
        raise BadUsage(f"--render must be http, browser or auto, got {value!r}.") from None


def _concurrency(value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and int(value)):
        raise BadUsage(f"--concurrency must be a whole number of at least 1, got {value!r}.")
    return int(value)


def _engines(value: str | None) -> int | str | None:
    if value is None or value == "auto":
        return value
    if not (value.isascii() and value.isdigit() and int(value)):
        raise BadUsage(f"--engines must be a whole number of at least 1 or auto, got {value!r}.")
    return int(value)
