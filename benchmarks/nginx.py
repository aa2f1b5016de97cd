"""Serve a folder with nginx on eight loopback hosts.

    python benchmarks/nginx.py FOLDER

prints the port and serves until standard input ends, from one worker, with connections that are kept and no log. Other
scripts use :func:`serving_with_nginx`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from serve import HOSTS, served_by, with_marker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

PATIENCE = 10.0
"""Seconds that nginx has to begin."""

XML = re.compile(rb"\A\s*<\?xml[^>]*\?>\s*")

CONFIG = """
{user}
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  default_type text/html;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 75;
  keepalive_requests 1000000;
  open_file_cache max=5000;
  server {{
    {listen}
    root {root};
  }}
}}
"""


def program() -> str:
    # Where Debian puts it, which is not on everybody's path.
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not found:
        raise SystemExit("nginx is not installed: apt-get install nginx-light")
    return found


def with_markers(pages: dict[str, Path], folder: Path) -> None:
    """Write each page, a file by its path in URLs, below *folder*, with the paragraph that says which one it is.

    The XML declaration of a page of XHTML is left out: crawl4ai over HTTP takes none that has one.
    """
    for path, file in pages.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(with_marker(XML.sub(b"", file.read_bytes()), f"/{quote(path)}"))


def free_port() -> int:
    """Return a port that is free on every host at this moment."""
    for _ in range(20):
        with ExitStack() as held:
            first = held.enter_context(socket.socket())
            first.bind((HOSTS[0], 0))
            port: int = first.getsockname()[1]
            try:
                for host in HOSTS[1:]:
                    held.enter_context(socket.socket()).bind((host, port))
            except OSError:
                continue
            return port
    raise SystemExit("No port is free on all hosts.")


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """Run nginx while the block runs; gives the port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as home:
        listen = " ".join(f"listen {host}:{port};" for host in HOSTS)
        # The worker of one who may be anybody would be nobody, who can't read a folder of ours.
        text = CONFIG.format(
            home=home, listen=listen, root=folder.resolve(), user="user root;" if os.geteuid() == 0 else ""
        )
        (Path(home) / "nginx.conf").write_text(text, encoding="utf-8")
        with subprocess.Popen([program(), "-p", home, "-e", "stderr", "-c", f"{home}/nginx.conf"]) as process:
            try:
                until_open(port, process)
                yield port
            finally:
                process.terminate()


def until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        with socket.socket() as client:
            if client.connect_ex((HOSTS[-1], port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit("nginx did not begin to listen.")


def serving_with_nginx(folder: Path) -> AbstractContextManager[int]:
    """Serve *folder* from other processes while the block runs; gives the port."""
    program()
    return served_by(__file__, str(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a folder with nginx.")
    parser.add_argument("folder", type=Path)
    with running(parser.parse_args().folder) as port:
        print(port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
