"""One call of ``scrapy crawl4``: opens what the options name, crawls, closes it again."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ..config.enums import DisplayMode
from ..exceptions import Crawl4Error, EngineError, JobError
from ..monitor import CrawlerMonitor
from .crawl import Crawl
from .files import Files
from .log import log_handler, start_log
from .options import STANDARD_STREAM, BadUsage
from .output import JsonLines, MarkdownFolder, Outputs, StandardOutput, json_line, make_folder, markdown_page
from .plan import Plan, plan
from .resumed import ResumedLines
from .urls import descriptor, open_input, urls_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scrapy.settings import Settings

    from ..results import CrawlResult
    from .options import Options

FRAME_SECS = 0.25
"""Seconds between two frames of the progress bar."""

STOPPED_EARLY = 1
INTERRUPTED = 128 + signal.SIGINT


def crawl(options: Options, settings: Settings) -> int:
    """Crawl as *options* and *settings* say and return the exit status.

    :raises BadUsage: for a setting that cannot be carried out or a file that cannot be opened; nothing has been
        fetched then.
    """
    if options.concurrency is not None:
        settings.set("CRAWL4_MAX_SESSION_PERMIT", options.concurrency, priority="cmdline")
    if options.engines is not None:
        settings.set("CRAWL4_ENGINES", options.engines, priority="cmdline")
    planned = _plan(settings, options)
    try:
        status = _crawl(planned, options, settings)
    except KeyboardInterrupt:  # where nobody waits for it, such as while files are closed
        status = INTERRUPTED
    if options.job is not None and status == INTERRUPTED:
        print("scrapy crawl4: the same command goes on where this one stopped.", file=sys.stderr)  # noqa: T201
    return status


def _crawl(planned: Plan, options: Options, settings: Settings) -> int:
    monitor = CrawlerMonitor(refresh_rate=FRAME_SECS, display_mode=DisplayMode.AGGREGATED)
    with ExitStack() as stack:
        source = _open_source(options, stack)
        with _usage(f"Cannot write the log to {settings.get('LOG_FILE')}"):
            handler = log_handler(settings, sys.stderr, monitor)
        outputs = stack.enter_context(_outputs(options, monitor))
        start_log(settings, handler)
        total = len(options.urls or options.html)
        view = monitor.view(total if source is None else None)
        stack.callback(view.close)
        if options.html:
            return _run(Files(planned.config, options.html, options.url, outputs.write, view))
        urls = urls_of(options.urls, source)
        return _run(Crawl(planned, urls, outputs.write, view, ordered=not options.stream, job=options.job))


def _run(crawl: Crawl | Files) -> int:
    try:
        if isinstance(crawl, Files):
            crawl.run()
        else:
            asyncio.run(crawl.run())
    except KeyboardInterrupt:  # a second Ctrl-C, or one before the crawl began
        crawl.outcome.interrupted = True
    except EngineError as error:
        raise BadUsage(str(error)) from None
    except JobError as error:
        if not isinstance(error.__cause__, OSError):
            raise BadUsage(f"--job: {error}") from None
        print(f"scrapy crawl4: cannot go on: {_reason(error)}.", file=sys.stderr)  # noqa: T201
        return STOPPED_EARLY
    except BrokenPipeError:  # the reader of standard output has seen enough
        return 128 + signal.SIGPIPE
    except (OSError, Crawl4Error) as error:
        print(f"scrapy crawl4: cannot go on: {_reason(error)}.", file=sys.stderr)  # noqa: T201
        return STOPPED_EARLY
    return crawl.outcome.exitcode


def _plan(settings: Settings, options: Options) -> Plan:
    downloads = options.downloads
    if downloads is not None:
        with _usage(f"--downloads: cannot write to {downloads}"):
            make_folder(downloads)
    try:
        return plan(settings, downloads, options.cache, options.render)
    except (Crawl4Error, ImportError, TypeError, ValueError) as error:
        raise BadUsage(str(error)) from None


def _open_source(options: Options, stack: ExitStack) -> int | None:
    if STANDARD_STREAM in options.html:
        with _usage("--html: cannot read standard input"):
            descriptor(sys.stdin)
    if options.input is None:
        return None
    with _usage(f"--input: cannot read {options.input}"):
        source = open_input(options.input)
        if options.input != STANDARD_STREAM:
            stack.callback(os.close, source)
        if stat.S_ISDIR(os.fstat(source).st_mode):
            raise IsADirectoryError(0, "it is a folder")
    return source


def _outputs(options: Options, monitor: CrawlerMonitor) -> Outputs:
    outputs = Outputs()
    if options.markdown == STANDARD_STREAM:
        outputs.add(_standard_output(markdown_page, monitor))
    elif options.markdown is not None:
        with _usage(f"--markdown: cannot write to {options.markdown}"):
            outputs.add(MarkdownFolder(options.markdown))
    # Opened last: with -O it is empty from then on.
    if options.json_on_stdout:
        outputs.add(_standard_output(json_line, monitor))
    elif options.output is not None:
        with _usage(f"Cannot write to {options.output}"):
            outputs.add(_json_file(options.output, options))
    return outputs


def _standard_output(render: Callable[[CrawlResult], bytes], monitor: CrawlerMonitor) -> StandardOutput:
    with _usage("Cannot write to standard output"):
        return StandardOutput(render, monitor.above)


def _json_file(name: str, options: Options) -> JsonLines:
    if options.job is None:
        return JsonLines(name, overwrite=options.overwrite)
    return ResumedLines(name, options.job, overwrite=options.overwrite)


@contextmanager
def _usage(what: str) -> Iterator[None]:
    """Turn an ``OSError`` of the block into bad usage."""
    try:
        yield
    except OSError as error:
        raise BadUsage(f"{what}: {_reason(error)}.") from None


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).rstrip(".")
