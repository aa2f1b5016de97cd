"""Serve real documentation with its style sheets, scripts and pictures, from a process of its own.

    python benchmarks/browser_site.py [FOLDER] [--port PORT]

prints the port and serves until standard input ends. Unlike ``serve.py``, which sends pages alone, this answers as a
plain web server would: each file with its media type, ``Last-Modified`` and ``ETag``, and ``304 Not Modified`` where
the client has it already. Other scripts use :func:`serving`.
"""

from __future__ import annotations

import argparse
import asyncio
import mimetypes
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web
from corpus import PACKAGES, ensure
from serve import listen, parent_gone, served_by

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from corpus import Page

ASSETS = ("libjs-jquery", "libjs-underscore")
"""Packages that the pages of the others load scripts from."""


def pages(folder: Path, wanted: int) -> list[Page]:
    """Return the first *wanted* pages of the corpus in *folder*, which is made first when it is not there."""
    return ensure(folder, PACKAGES + ASSETS)[:wanted]


class Files:
    """The files below a folder, each read once.

    :param folder: links that lead out of it are not followed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._known: dict[str, tuple[bytes, dict[str, str]]] = {}

    async def answer(self, request: web.Request) -> web.Response:
        """Answer with a file."""
        path = request.match_info["path"]
        if path not in self._known:
            self._known[path] = self._read(path)
        body, headers = self._known[path]
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)

    def _read(self, path: str) -> tuple[bytes, dict[str, str]]:
        file = (self._folder / path).resolve()
        if not file.is_relative_to(self._folder) or not file.is_file():
            raise web.HTTPNotFound
        changed = file.stat().st_mtime
        return file.read_bytes(), {
            "Content-Type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
            "Last-Modified": formatdate(changed, usegmt=True),
            "ETag": f'"{file.stat().st_size:x}-{int(changed):x}"',
        }


async def run(folder: Path, port: int) -> None:
    app = web.Application()
    app.router.add_get("/{path:.+}", Files(folder / "files").answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        print(await listen(runner, port), flush=True)
        await parent_gone()
    finally:
        await runner.cleanup()


def serving(folder: Path) -> AbstractContextManager[int]:
    """Serve the files of *folder* from another process while the block runs; gives the port."""
    return served_by(__file__, str(folder))


def default_folder() -> Path:
    from corpus import default_folder as others

    return others().with_name("browser-docs")


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve documentation with all that its pages load.")
    parser.add_argument("folder", nargs="?", type=Path, default=default_folder())
    parser.add_argument("--port", type=int, default=0, help="port on every host; 0 takes a free one (default)")
    options = parser.parse_args()
    asyncio.run(run(options.folder, options.port))


if __name__ == "__main__":
    main()
