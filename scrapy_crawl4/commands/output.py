"""Where the results of a crawl go: lines of JSON, Markdown files, Markdown on standard output."""

from __future__ import annotations

import os
import select
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..monitor.text import clean
from .filenames import markdown_name
from .urls import descriptor

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Self

    from ..results import CrawlResult


class Output(Protocol):
    """Takes finished results, one at a time; each is all there or not there at all."""

    def write(self, result: CrawlResult) -> None:
        """Write *result*; raise ``OSError`` when that is not possible."""

    def close(self) -> None:
        """Close what was opened."""


class JsonLines:
    """One line of JSON for each result, failed ones too, appended to a file.

    Every line is handed to the system as a whole, so that whoever reads the file sees no half of one, and the lines of
    an ended or a killed crawl stay.

    :param path: the file; made when it is not there.
    :param overwrite: True starts with an empty file, False adds to what it has.
    :raises OSError: when the file cannot be opened for writing.
    """

    def __init__(self, path: str, *, overwrite: bool = False) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | (os.O_TRUNC if overwrite else 0)
        self._file = Path(path)
        self._fd = os.open(path, flags, 0o666)
        self.mend()

    def mend(self) -> None:
        """End a line that was left without its end."""
        if _has_unfinished_line(self._file):
            _write_all(self._fd, b"\n")

    def write(self, result: CrawlResult) -> None:
        """Append *result*."""
        _write_all(self._fd, json_line(result))

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


class StandardOutput:
    """Results on standard output.

    :param render: makes the bytes of a result; empty bytes are not written.
    :param above: keeps a progress bar off the terminal while a result is written to it.
    :raises OSError: when the program was started without it.
    """

    def __init__(
        self, render: Callable[[CrawlResult], bytes], above: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._fd = descriptor(sys.stdout)
        sys.stdout.flush()
        self._render = render
        self._above = above if os.isatty(self._fd) else ExitStack

    def write(self, result: CrawlResult) -> None:
        """Write what *result* is rendered to."""
        text = self._render(result)
        with self._above():
            _write_all(self._fd, text)

    def close(self) -> None:
        """Do nothing: standard output belongs to the program."""


class MarkdownFolder:
    """A file of Markdown for each page that did not fail, named after its URL.

    The same URL gets the same file again, in this crawl or the next.

    :param folder: made when it is not there, with the folders above it.
    :raises OSError: when the folder cannot be made or written to.
    """

    def __init__(self, folder: str) -> None:
        self._folder = make_folder(folder)

    def write(self, result: CrawlResult) -> None:
        """Write the file of *result*, or replace it."""
        if not result.success:
            return
        target = self._folder / markdown_name(result.url)
        partial = target.with_name(f".{target.name}.part")
        partial.write_bytes(_encoded(str(result.markdown or "")))
        partial.replace(target)

    def close(self) -> None:
        """Do nothing: each file was closed when it was written."""


class Outputs:
    """Several outputs as one."""

    def __init__(self) -> None:
        self._outputs: list[Output] = []

    def add(self, output: Output) -> None:
        """Write to *output* too, from now on."""
        self._outputs.append(output)

    def write(self, result: CrawlResult) -> None:
        """Write *result* to all of them."""
        for output in self._outputs:
            output.write(result)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for output in self._outputs:
            output.close()


def make_folder(name: str) -> Path:
    """Return the folder *name*, made if need be; raise ``OSError`` when it cannot be made or written to."""
    folder = Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(13, os.strerror(13), name)
    return folder


def json_line(result: CrawlResult) -> bytes:
    """Return *result* as one line of JSON with all its fields, in UTF-8, with its line end."""
    return _encoded(result.model_dump_json() + "\n")


def markdown_page(result: CrawlResult) -> bytes:
    """Return the Markdown of *result* below a comment with its URL; nothing for a failed one."""
    if not result.success:
        return b""
    url = clean(result.url).replace("--", "-%2D")  # two dashes would end the comment
    return _encoded(f"<!-- {url} -->\n\n{result.markdown or ''}\n\n")


def _has_unfinished_line(path: Path) -> bool:
    """Whether *path* is a file whose last line has no end, as a program that was killed may leave it."""
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a lone surrogate in a page must not lose the page


def _write_all(fd: int, data: bytes) -> None:
    """Write *data* in one call to the system; in more only when the system takes a part."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:  # another program set the terminal or pipe that it shares with us to non-blocking
            select.select([], [fd], [])
