"""The URLs of a crawl, read one block at a time and only as fast as they are wanted."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from threading import Thread
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

BLOCK_BYTES = 64 * 1024


def open_input(name: str) -> int:
    """Open *name*, ``-`` for standard input, and return its file descriptor; raise ``OSError`` as ``os.open``."""
    return descriptor(sys.stdin) if name == "-" else os.open(name, os.O_RDONLY | os.O_CLOEXEC)


def descriptor(stream: TextIO | None) -> int:
    """Return the file descriptor of *stream*, standard input or output.

    :raises OSError: when the program was started without it, for which Python has None.
    """
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return stream.fileno()


async def urls_of(given: Sequence[str], source: int | None) -> AsyncIterator[str]:
    """Yield the *given* URLs, then those in *source*, a file descriptor with one in each line.

    Blank lines and lines that start with ``#`` are left out. Nothing is read ahead but the block of a line.
    """
    for url in given:
        yield url
    if source is None:
        return
    async for line in _lines(source):
        url = line.decode("utf-8", "replace").strip().lstrip("\ufeff")
        if url and not url.startswith("#"):
            yield url


async def _lines(source: int) -> AsyncIterator[bytes]:
    parts: list[bytes] = []
    while block := await _in_thread(lambda: os.read(source, BLOCK_BYTES)):
        first, *others = block.split(b"\n")
        parts.append(first)
        for line in others:
            yield b"".join(parts)
            parts = [line]
    yield b"".join(parts)


async def _in_thread(work: Callable[[], bytes]) -> bytes:
    """Return the result of *work*, done in a thread that may be left behind.

    A pipe or a terminal may give nothing for hours. Neither the event loop nor the end of the program waits for it,
    as they would for a thread of an executor.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bytes] = loop.create_future()

    def settle(result: bytes | OSError) -> None:
        if done.cancelled():
            return
        if isinstance(result, OSError):
            done.set_exception(result)
        else:
            done.set_result(result)

    def run() -> None:
        result: bytes | OSError
        try:
            result = work()
        except OSError as error:
            result = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result)

    Thread(target=run, name="crawl4-input", daemon=True).start()
    return await done
