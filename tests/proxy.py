"""A local HTTP proxy for tests, with CONNECT and log-in, that records what clients tell it."""

import asyncio
import base64
import threading
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as the proxy saw it."""

    method: str
    target: str
    """A URL, or for CONNECT a host and a port."""
    headers: dict[str, str]
    """Names in lower case."""


class Proxy:
    """The proxy, in a thread of its own. Use it as a context manager.

    :param login: ``user:password`` that it wants; None for none.
    :param status: what it answers to everything, instead of passing it on; 0 passes it on.
    """

    def __init__(self, login: str | None = None, status: int = 0) -> None:
        self.login = login
        self.status = status
        self.port = 0
        self.asked: list[Asked] = []
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="test-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def server(self) -> str:
        """Its URL without log-in."""
        return f"http://127.0.0.1:{self.port}"

    def targets(self) -> list[str]:
        """What it was asked for."""
        return [asked.target for asked in self.asked]

    # The proxy's thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for task in self._clients:
            task.cancel()
        if self._clients:
            await asyncio.wait(self._clients)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._clients.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the test has ended
        finally:
            self._clients.discard(task)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        self.asked.append(Asked(method, target, headers))
        status = self.status or (0 if self._let_in(headers) else 407)
        if status:
            await self._answer(writer, status)
        elif method == "CONNECT":
            host, _, port = target.rpartition(":")
            upstream = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._pipe((reader, writer), upstream)
        else:
            await self._pass_on(method, target, headers, (reader, writer))

    def _let_in(self, headers: dict[str, str]) -> bool:
        if self.login is None:
            return True
        token = base64.b64encode(self.login.encode("latin-1")).decode()
        return headers.get("proxy-authorization") == f"Basic {token}"

    async def _answer(self, writer: asyncio.StreamWriter, status: int) -> None:
        wants = 'Proxy-Authenticate: Basic realm="test"\r\n' if status == 407 else ""
        head = (
            f"HTTP/1.1 {status} No\r\n{wants}Content-Type: text/html\r\nContent-Length: 9\r\nConnection: close\r\n\r\n"
        )
        writer.write(f"{head}<p>no</p>".encode())
        await writer.drain()

    async def _pass_on(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        parts = urlsplit(target)
        own = {name: value for name, value in headers.items() if not name.startswith(("proxy-", "connection"))}
        head = "".join(f"{name}: {value}\r\n" for name, value in (own | {"connection": "close"}).items())
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        upstream = await asyncio.open_connection(parts.hostname, parts.port or 80)
        upstream[1].write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
        await self._pipe(client, upstream)

    async def _pipe(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Carry bytes both ways until the server has nothing more to say, or either side has gone."""

        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()

        ways = [asyncio.create_task(carry(client[0], upstream[1])), asyncio.create_task(carry(upstream[0], client[1]))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.wait(ways)
            upstream[1].close()
            with suppress(OSError):
                await upstream[1].wait_closed()
