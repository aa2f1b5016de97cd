"""Serve a corpus on eight loopback hosts, from a process of its own.

    python benchmarks/serve.py [FOLDER] [--port PORT]

prints the port and serves until it is stopped. Each page gets one visible paragraph more, at its end, with the URL
that it was asked for: a crawler that mixes up two pages is found out by it. ``/synthetic/N`` is a small made-up page.
Other scripts use :func:`serving` instead.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import re
import subprocess
import sys
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTS = tuple(f"127.0.0.{number}" for number in range(1, 9))
BODY_END = re.compile(rb"</body\s*>", re.IGNORECASE)
MARKER = re.compile(r"Served as `([^`]+)`")


def url_of(index: int, path: str, port: int) -> str:
    """The URL of the *index*-th page of a corpus: pages go round the hosts."""
    return f"http://{HOSTS[index % len(HOSTS)]}:{port}/{quote(path)}"


def markers_in(markdown: str) -> list[str]:
    """URLs of the pages whose markers are in *markdown*."""
    return MARKER.findall(markdown)


def with_marker(body: bytes, url: str) -> bytes:
    # A code element, so that no converter to Markdown escapes or links the URL.
    marker = f"<p>Served as <code>{html.escape(url)}</code></p>\n".encode("ascii")
    ends = [match.start() for match in BODY_END.finditer(body)]
    cut = ends[-1] if ends else len(body)
    return body[:cut] + marker + body[cut:]


def synthetic(number: str) -> bytes:
    words = "".join(f"<p>Paragraph {line} of page {number} has a few words of its own.</p>" for line in range(20))
    page = f"<html><head><title>Page {number}</title></head><body><h1>Page {number}</h1>{words}</body></html>"
    return page.encode()


def application(folder: Path) -> web.Application:
    files = (folder / "files").resolve()

    async def page(request: web.Request) -> web.Response:
        path = (files / request.match_info["path"]).resolve()
        if not path.is_relative_to(files) or not path.is_file():
            raise web.HTTPNotFound
        return answer(request, path.read_bytes())

    async def made_up(request: web.Request) -> web.Response:
        return answer(request, synthetic(request.match_info["number"]))

    app = web.Application()
    app.router.add_get("/synthetic/{number}", made_up)
    app.router.add_get("/{path:.+}", page)
    return app


def answer(request: web.Request, body: bytes) -> web.Response:
    url = f"http://{request.host}{request.raw_path}"
    # No charset: many pages declare their own, and not all of them UTF-8.
    return web.Response(body=with_marker(body, url), headers={"Content-Type": "text/html"})


async def run(folder: Path, port: int, with_parent: bool) -> None:
    runner = web.AppRunner(application(folder), access_log=None)
    await runner.setup()
    try:
        print(await listen(runner, port), flush=True)
        await (parent_gone() if with_parent else asyncio.Event().wait())
    finally:
        await runner.cleanup()


async def listen(runner: web.AppRunner, port: int) -> int:
    """Listen on every host at one port, a free one for *port* 0; return it."""
    for attempt in range(20):
        first = web.TCPSite(runner, HOSTS[0], port)
        await first.start()
        chosen: int = runner.addresses[-1][1]
        sites = [web.TCPSite(runner, host, chosen) for host in HOSTS[1:]]
        try:
            for site in sites:
                await site.start()
        except OSError:
            if port or attempt == 19:
                raise
            for site in (first, *sites):
                with suppress(RuntimeError):  # the ones that had not started
                    await site.stop()
        else:
            return chosen
    raise AssertionError("unreachable")


async def parent_gone() -> None:
    """Return when standard input ends, as it does when the process at its other end is gone."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


def serving(folder: Path) -> AbstractContextManager[int]:
    """Serve *folder* from another process while the block runs; gives the port."""
    return served_by(__file__, str(folder), "--with-parent")


@contextmanager
def served_by(*arguments: str) -> Iterator[int]:
    """Run a Python program that prints its port and serves until its input ends, which it does with the block."""
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def main() -> None:
    from corpus import default_folder, ensure

    parser = argparse.ArgumentParser(description="Serve a corpus of pages on eight loopback hosts.")
    parser.add_argument("folder", nargs="?", type=Path, default=default_folder())
    parser.add_argument("--port", type=int, default=0, help="port on every host; 0 takes a free one (default)")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input ends")
    options = parser.parse_args()
    if not options.with_parent:
        ensure(options.folder)
    with suppress(KeyboardInterrupt):
        asyncio.run(run(options.folder, options.port, options.with_parent))


if __name__ == "__main__":
    main()
