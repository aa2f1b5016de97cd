"""The embedded site: three small hosts on loopback, written for this example.

    python serve_pages.py [PORT]

serves 127.0.0.1 (notes), 127.0.0.2 (docs) and 127.0.0.3 (archive), all on one port, until Ctrl-C.
"""

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

PAGES = Path(__file__).parent / "pages"
HOSTS = {"notes": "127.0.0.1", "docs": "127.0.0.2", "archive": "127.0.0.3"}

TYPES = {".html": "text/html", ".png": "image/png", ".svg": "image/svg+xml"}
CHARSETS = {"/japanese.html": "shift_jis"}  # the other pages state theirs inside
REDIRECTS = {
    ("notes", "/latest"): "/articles/moss.html",
    ("notes", "/old/tides"): "/old/tide-pools",
    ("notes", "/old/tide-pools"): "/articles/tide-pools.html",
}
NOT_FOUND = ("archive", "/lost.html")
LIMITED = ("archive", "/popular.html")
SLOW = ("archive", "/catalogue.html")
SLOW_SECONDS = 1.0
RETRY_AFTER_SECONDS = 1


class Turnstile:
    """Sends each visitor away once and lets it in when it comes back, not before the time it was told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused_at: float | None = None

    def lets_in(self) -> bool:
        now = time.monotonic()
        with self._lock:
            # A client may round, so a little early is fine.
            if self._refused_at is not None and now - self._refused_at > RETRY_AFTER_SECONDS * 0.9:
                self._refused_at = None
                return True
            self._refused_at = now
            return False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "HostServer"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        place = (self.server.name, path)
        if place in REDIRECTS:
            self._answer(302, b"", {"Location": REDIRECTS[place]})
        elif place == LIMITED and not self.server.turnstile.lets_in():
            page = b"<!doctype html><title>Later</title><p>Please come back in a second."
            self._answer(429, page, {"Content-Type": "text/html", "Retry-After": str(RETRY_AFTER_SECONDS)})
        else:
            if place == SLOW:
                time.sleep(SLOW_SECONDS)
            self._answer_with_file(place)

    def _answer_with_file(self, place: tuple[str, str]) -> None:
        host, path = place
        file = PAGES / host / path.strip("/")
        if path.endswith("/"):
            file /= "index.html"
        if not file.is_file() or not file.resolve().is_relative_to(PAGES):
            self._answer(404, b"<!doctype html><title>Not found</title><p>There is no such page.")
            return
        kind = TYPES[file.suffix]
        if path in CHARSETS:
            kind += f"; charset={CHARSETS[path]}"
        self._answer(404 if place == NOT_FOUND else 200, self._linked(file.read_bytes()), {"Content-Type": kind})

    def _linked(self, body: bytes) -> bytes:
        """The pages say notes.test and so on where the address and port of this server belong."""
        for name, address in HOSTS.items():
            body = body.replace(f"http://{name}.test".encode(), f"http://{address}:{self.server.server_port}".encode())
        return body

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": "text/html",
            **(headers or {}),
            "Content-Length": len(body),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing; the crawler's own log tells what was asked for."""


class HostServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, name: str, port: int) -> None:
        super().__init__((HOSTS[name], port), Handler)
        self.name = name
        self.turnstile = Turnstile()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


def _listen(port: int) -> list[HostServer]:
    """A server for each host, all on one port."""
    servers: list[HostServer] = []
    try:
        for name in HOSTS:
            servers.append(HostServer(name, servers[0].server_port if servers else port))
    except OSError:
        for server in servers:
            server.server_close()
        raise
    return servers


class ExampleSite:
    """The three hosts, each in a thread; a context manager.

    :param port: the same for all three; 0 takes one that is free.
    :raises OSError: when the port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        try:
            self.servers = _listen(port)
        except OSError:
            if port:
                raise
            # Free on the first address and taken on another one: that does not happen twice.
            self.servers = _listen(0)
        self.port = self.servers[0].server_port
        self._threads = [threading.Thread(target=server.serve_forever) for server in self.servers]

    def url(self, host: str, path: str = "/") -> str:
        """The URL of a path on "notes", "docs" or "archive"."""
        return f"http://{HOSTS[host]}:{self.port}{path}"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server, thread in zip(self.servers, self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


if __name__ == "__main__":
    with ExampleSite(int(sys.argv[1]) if len(sys.argv) > 1 else 0) as site:
        for host in HOSTS:
            print(f"{host:8} {site.url(host)}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("Bye.")
