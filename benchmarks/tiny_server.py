"""A server that costs next to nothing, on eight loopback hosts, from a process of its own.

    python benchmarks/tiny_server.py [--delay SECONDS] [--folder CORPUS]

prints its port and serves until standard input ends. ``/tiny/N`` is a page of a few words, ``/small/N`` one of 2 KB,
``/heavy/BYTES/N`` one of that size; with ``--folder``, any other path is a page of that corpus. Each says at its end
which path it was served as. Each answer waits for the delay. ``/first`` tells when the first page went out since
``/forget``: seconds since the epoch. Other scripts use :func:`serving_tiny`.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from serve import HOSTS, parent_gone, served_by, with_marker

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

WORDS = "Paragraph {line} of page {name} has a few words of its own, a <a href='/tiny/{line}'>link</a> and an end."
PARAGRAPH = len(WORDS) + 10


def made_up(kind: str, name: str) -> bytes:
    """Return a page of *kind*: tiny, small or heavy; the name of a heavy one begins with its size."""
    length = {"tiny": 1, "small": 2048}.get(kind) or int(name.partition("/")[0])
    lines = (f"<p>{WORDS.format(line=line, name=name)}</p>\n" for line in range(max(1, length // PARAGRAPH)))
    page = f"<html><head><title>Page {name}</title></head><body>\n<h1>Page {name}</h1>\n{''.join(lines)}</body></html>"
    return with_marker(page.encode(), f"/{kind}/{name}")


class Pages:
    """What is answered, by path.

    :param folder: of a corpus; each of its pages is read once.
    """

    def __init__(self, folder: Path | None) -> None:
        self._files = (folder / "files").resolve() if folder else None
        self._kept: dict[str, bytes] = {}
        self.first: float | None = None
        """When the first page went out."""

    def answer(self, path: str) -> bytes:
        """Return the whole answer to a request for *path*, with its head."""
        if path == "/first":
            return head("200 OK", body := f"{self.first or 0:.6f}".encode()) + body
        if path == "/forget":
            self.first = None
            return head("200 OK", b"")
        kind, _, name = path[1:].partition("/")
        if kind in {"tiny", "small"}:
            body = made_up(kind, name)
        else:
            if path not in self._kept:
                self._kept[path] = made_up(kind, name) if kind == "heavy" else self._read(path)
            body = self._kept[path]
        return head("200 OK" if body else "404 Not Found", body) + body

    def _read(self, path: str) -> bytes:
        file = (self._files / unquote(path[1:])).resolve() if self._files else None
        if file is None or self._files not in file.parents or not file.is_file():
            return b""
        return with_marker(file.read_bytes(), path)

    def sent(self, path: str) -> None:
        """Note when the first page is out; no page is what only looks at the server, or was not there."""
        if self.first is None and path not in {"/first", "/forget", "/robots.txt"}:
            self.first = time.time()


def head(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n".encode()


class Connection(asyncio.Protocol):
    """Answers requests without bodies in their order, for as long as the client keeps the connection."""

    def __init__(self, pages: Pages, delay: float) -> None:
        self._pages = pages
        self._delay = delay
        self._read = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            request, self._read = self._read[:end], self._read[end + 4 :]
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._answer, request)
            else:
                self._answer(request)

    def _answer(self, request: bytes) -> None:
        assert self._transport
        if self._transport.is_closing():
            return
        path = request.split(b" ", 2)[1].decode("ascii")
        self._transport.write(self._pages.answer(path))
        self._pages.sent(path)
        if b"connection: close" in request.lower():
            self._transport.close()


async def run(folder: Path | None, delay: float) -> None:
    pages = Pages(folder)
    servers = await listen(lambda: Connection(pages, delay))
    print(servers[0].sockets[0].getsockname()[1], flush=True)
    await parent_gone()
    for server in servers:
        server.close()


async def listen(connection: Callable[[], Connection]) -> list[asyncio.Server]:
    """Listen on every host at one port that is free on all."""
    loop = asyncio.get_running_loop()
    for _ in range(20):
        servers = [await loop.create_server(connection, HOSTS[0], 0, backlog=1000)]
        port = servers[0].sockets[0].getsockname()[1]
        try:
            for host in HOSTS[1:]:
                servers.append(await loop.create_server(connection, host, port, backlog=1000))  # noqa: PERF401 - see below
        except OSError:  # those that do listen are closed
            for server in servers:
                server.close()
        else:
            return servers
    raise SystemExit("No port is free on all hosts.")


def serving_tiny(delay: float = 0.0, folder: Path | None = None) -> AbstractContextManager[int]:
    """Serve from another process while the block runs; gives the port."""
    return served_by(__file__, "--delay", str(delay), *(("--folder", str(folder)) if folder else ()))


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve made-up pages for next to nothing.")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that each answer waits")
    parser.add_argument("--folder", type=Path, help="a corpus whose pages are served too")
    options = parser.parse_args()
    asyncio.run(run(options.folder, options.delay))


if __name__ == "__main__":
    main()
