"""The servers of the workloads, and the URLs that are crawled."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from corpus import ensure
from nginx import serving_with_nginx, with_markers
from serve import HOSTS, url_of
from tiny_server import serving_tiny

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW = 0.2
"""Seconds that the slow server waits."""
HEAVY_EVERY = 20
"""One of so many pages is a heavy one."""
HEAVY_MB = (1, 2, 5)


@contextmanager
def serving(server: str, pages: int, folder: Path) -> Iterator[tuple[int, list[str]]]:
    """Serve from other processes while the block runs; gives the port and the URLs of *pages* pages."""
    if server == "slow":
        with serving_tiny(SLOW) as port:
            yield port, [url_of(number, f"small/{number}", port) for number in range(pages)]
        return
    corpus = [page.path for page in ensure(folder)][:pages]
    if server == "nginx":
        with tempfile.TemporaryDirectory() as root, serving_from(corpus, folder, Path(root)) as port:
            yield port, [url_of(number, path, port) for number, path in enumerate(corpus)]
        return
    with serving_tiny(folder=folder) as port:
        paths = list(with_heavy(corpus)) if server == "heavy" else corpus
        yield port, [url_of(number, path, port) for number, path in enumerate(paths)]


@contextmanager
def serving_from(corpus: list[str], folder: Path, root: Path) -> Iterator[int]:
    with_markers({path: folder / "files" / path for path in corpus}, root)
    with serving_with_nginx(root) as port:
        yield port


def with_heavy(corpus: list[str]) -> Iterator[str]:
    """Give the paths of *corpus*, with made-up pages of some MB in place of some of them."""
    for number, path in enumerate(corpus):
        nth, rest = divmod(number, HEAVY_EVERY)
        if rest == HEAVY_EVERY - 1:
            yield f"heavy/{HEAVY_MB[nth % len(HEAVY_MB)] * 2**20}/{number}"
        else:
            yield path


def address(port: int) -> str:
    """Return the base of the URLs at which a server of ours is asked about itself."""
    return f"http://{HOSTS[0]}:{port}"
