"""A local web site for tests: several hosts on loopback, every request recorded.

The server runs in a thread of its own with an event loop of its own, so that it serves whatever the test does
with its own loop, its reactor or its threads. All methods of `Site` may be called from any thread.

Routes (any method, any host):

    /page/<n>                   an article "Page <n>" with links, an image, a table and its own URL
    /size/<bytes>               an HTML page of exactly so many bytes
    /status/<code>              that status, with an HTML body
    /retry-after/<key>/<times>  the first <times> requests of <key> get ?code=429 with Retry-After: ?after=, or the
                                HTTP date that lies ?date= seconds ahead, rounded up; the next ones a page
    /slow/<seconds>             a page, later
    /hang                       no answer before `Site.release()` or `Site.close()`
    /gate/<name>                no answer before `Site.open_gate(name)`; sets the cookie ?cookie=
    /redirect/<n>               n redirects, the last one to /page/0
    /redirect-to?url=&code=302  one redirect
    /echo                       JSON: method, url, headers, cookies, body
    /set-cookie/<name>/<value>  a page that sets a cookie
    /robots.txt                 what `Site.set_robots()` says, everything allowed otherwise
    /binary /text /json         bodies that are not HTML
    /chunked                    a page of unknown length, in two pieces
    /truncated                  less body than Content-Length says, then the end of the connection
    /reset                      a connection reset in place of an answer
    anything else               what `Site.put()` has put there, or 404
"""

import asyncio
import itertools
import math
import socket
import struct
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from types import TracebackType
from typing import Self

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WORDS = "Rivers carry sand to the sea and the sea returns it to the shore in another order. "


@dataclass(frozen=True)
class Seen:
    """One request as the server saw it."""

    time: float
    """`time.monotonic()` at arrival."""
    host: str
    """The address the client asked for, such as 127.0.0.1."""
    method: str
    path: str
    """Path and query."""
    headers: dict[str, str]
    """Names in lower case."""


@dataclass(frozen=True)
class _Stored:
    """What `Site.put` keeps; a web.Response can be sent only once."""

    body: bytes
    content_type: str
    status: int
    headers: dict[str, str]

    def response(self) -> web.Response:
        headers = {"Content-Type": self.content_type, **self.headers}
        return web.Response(body=self.body, status=self.status, headers=headers)


@dataclass
class _State:
    """What `Site.reset()` replaces. A request belongs to the state it arrived in."""

    seen: list[Seen] = field(default_factory=list)
    active: Counter[str] = field(default_factory=Counter)
    peak: int = 0
    peaks: Counter[str] = field(default_factory=Counter)
    limited: Counter[str] = field(default_factory=Counter)
    robots: dict[str, str] = field(default_factory=dict)
    robots_held: bool = False
    content: dict[str, _Stored] = field(default_factory=dict)
    likenesses: dict[str, str] = field(default_factory=dict)
    gates: defaultdict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    hang: asyncio.Event = field(default_factory=asyncio.Event)

    def enter(self, seen: Seen) -> None:
        self.seen.append(seen)
        self.active[seen.host] += 1
        self.peak = max(self.peak, self.active.total())
        self.peaks[seen.host] = max(self.peaks[seen.host], self.active[seen.host])

    def release_all(self) -> None:
        for event in (self.hang, *self.gates.values()):
            event.set()


STATE = web.RequestKey("state", _State)


class Site:
    """The site. Use it as a context manager, or `start()` and `close()` it.

    :param hosts: number of loopback addresses, 127.0.0.1 and following, all on the same port.
    """

    def __init__(self, hosts: int = 8) -> None:
        self.hosts = [f"127.0.0.{number}" for number in range(1, hosts + 1)]
        self.port = 0
        self._changed = threading.Condition()
        self._state = _State()
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._run, name="test-site", daemon=True)

    # Life

    def start(self) -> Self:
        """Listen, then return."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def close(self) -> None:
        """End every request and connection, then the thread."""
        self.release()
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Use

    def url(self, path: str = "/", host: int = 1) -> str:
        """The URL of `path` on the host with that number, counted from 1."""
        return f"http://{self.hosts[host - 1]}:{self.port}{path}"

    def urls(self, count: int, path: str = "/page/{}", hosts: int = 1) -> list[str]:
        """`count` different URLs, spread over so many hosts."""
        return [self.url(path.format(number), host=1 + number % hosts) for number in range(count)]

    def reset(self) -> None:
        """Forget all records, texts and gates; let go of the requests that wait for one."""
        with self._changed:
            old, self._state = self._state, _State()
        self._loop.call_soon_threadsafe(old.release_all)

    def release(self) -> None:
        """Answer all requests of /hang, those to come too, until `reset()`."""
        self._loop.call_soon_threadsafe(self._state.hang.set)

    def open_gate(self, name: str) -> None:
        """Answer all requests of /gate/<name>, those to come too, until `reset()`."""
        gates = self._state.gates
        self._loop.call_soon_threadsafe(lambda: gates[name].set())

    def set_robots(self, text: str, host: int | None = None) -> None:
        """Serve `text` as /robots.txt of that host, or of all."""
        numbers = range(1, len(self.hosts) + 1) if host is None else [host]
        self._state.robots.update({self.hosts[number - 1]: text for number in numbers})

    def hold_robots(self) -> None:
        """Answer /robots.txt like /hang, until `reset()`."""
        self._state.robots_held = True

    def put(
        self,
        path: str,
        body: str | bytes,
        *,
        content_type: str = "text/html; charset=utf-8",
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Serve `body` at `path` (without query) of all hosts until `reset()`."""
        raw = body.encode() if isinstance(body, str) else body
        self._state.content[path] = _Stored(raw, content_type, status, headers or {})

    def answer_like(self, path: str, route: str) -> None:
        """Answer `path` of all hosts as the route (`/hang`, `/reset`, ...) does until `reset()`."""
        self._state.likenesses[path] = route

    # Records

    @property
    def requests(self) -> list[Seen]:
        """The requests since `reset()`, in the order of arrival."""
        with self._changed:
            return list(self._state.seen)

    def paths(self) -> list[str]:
        """Path and query of each request."""
        return [seen.path for seen in self.requests]

    @property
    def active(self) -> int:
        """Number of requests that are being answered."""
        with self._changed:
            return self._state.active.total()

    @property
    def peak(self) -> int:
        """Highest number of requests at once."""
        return self._state.peak

    @property
    def peaks(self) -> dict[str, int]:
        """The same for each host, by address."""
        with self._changed:
            return dict(self._state.peaks)

    @property
    def connections(self) -> int:
        """Number of open connections, idle ones included."""

        async def count() -> int:
            return len(self._runner.server.connections)

        return asyncio.run_coroutine_threadsafe(count(), self._loop).result(10)

    def wait_for(self, condition: Callable[["Site"], bool], timeout: float = 100) -> bool:
        """Block until `condition(site)`, looked at after each start and end of a request and every now and then.

        Gives false after `timeout` seconds. From a coroutine: `await asyncio.to_thread(site.wait_for, ...)`.
        """
        ends = time.monotonic() + timeout
        while not condition(self):  # without the lock, which the server's thread may need to answer
            if time.monotonic() > ends:
                return False
            with self._changed:
                self._changed.wait(0.02)
        return True

    def wait_active(self, count: int, timeout: float = 100) -> bool:
        """Block until `count` requests are being answered."""
        return self.wait_for(lambda site: site.active == count, timeout)

    # The server's thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()

    async def _listen(self) -> None:
        app = web.Application(middlewares=[self._recorded], client_max_size=2**26)
        for path, handler in ROUTES.items():
            app.router.add_route("*", path, handler)
        # Handlers are cancelled when their client goes away, so that `active` is true.
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2, max_headers=2**10
        )
        await self._runner.setup()
        sockets = self._bind()
        self.port = sockets[0].getsockname()[1]
        for sock in sockets:
            await web.SockSite(self._runner, sock, backlog=1024).start()

    def _bind(self) -> list[socket.socket]:
        """One socket for each host, all on one port that is free on all of them."""
        for _attempt in range(50):
            sockets: list[socket.socket] = []
            port = 0
            try:
                for host in self.hosts:
                    sock = socket.socket()
                    sockets.append(sock)
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    sock.bind((host, port))
                    port = sock.getsockname()[1]
            except OSError:
                for sock in sockets:
                    sock.close()
            else:
                return sockets
        raise OSError("no port is free on all hosts")

    @web.middleware
    async def _recorded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.url.host or ""
        seen = Seen(
            time.monotonic(),
            host,
            request.method,
            request.raw_path,
            {name.lower(): value for name, value in request.headers.items()},
        )
        with self._changed:
            state = request[STATE] = self._state
            state.enter(seen)
            self._changed.notify_all()
        try:
            return await handler(request)
        finally:
            with self._changed:
                state.active[host] -= 1
                self._changed.notify_all()


# Pages


def _html(text: str, status: int = 200, **headers: str) -> web.Response:
    return web.Response(text=f"<!doctype html>\n{text}", status=status, content_type="text/html", headers=headers)


def _article(request: web.Request, title: str) -> str:
    number = int(request.match_info.get("number", 0))
    other = f"http://127.0.0.{1 + number % 3}:{request.url.port}/page/{number + 2}"
    return f"""<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="description" content="About {title}"></head>
<body><nav><a href="/page/0">Start</a></nav>
<main><h1>{title}</h1>
<p>This is <em>{title}</em>. {WORDS * 3}</p>
<p>It lives at <code class="marker">{request.url}</code>.</p>
<ul><li><a href="/page/{number + 1}" title="onwards">Next page</a></li>
<li><a href="{other}">Neighbour</a></li>
<li><a href="http://example.org/far?a=1&amp;b=2">Far away</a></li></ul>
<img src="/images/{number}.png" alt="Picture of {title}" width="640" height="480">
<table><caption>Figures</caption><thead><tr><th>Name</th><th>Value</th></tr></thead>
<tbody><tr><td>number</td><td>{number}</td></tr>
<tr><td>square</td><td>{number * number}</td></tr></tbody></table>
</main><footer>The end of {title}</footer></body></html>"""


async def _page(request: web.Request) -> web.StreamResponse:
    return _html(_article(request, f"Page {request.match_info['number']}"))


async def _size(request: web.Request) -> web.StreamResponse:
    wanted = int(request.match_info["bytes"])
    head = f"<!doctype html>\n<title>Size {wanted}</title><h1>Size {wanted}</h1><p><code>{request.url}</code>\n"
    paragraph = f"<p>{WORDS * 5}\n"
    text = head + "".join(itertools.repeat(paragraph, max(0, wanted - len(head)) // len(paragraph)))
    return web.Response(body=text.encode().ljust(wanted)[:wanted], content_type="text/html")


async def _status(request: web.Request) -> web.StreamResponse:
    code = int(request.match_info["code"])
    if code in {204, 304}:
        return web.Response(status=code)
    return _html(_article(request, f"Status {code}"), status=code)


async def _retry_after(request: web.Request) -> web.StreamResponse:
    limited, key = request[STATE].limited, request.match_info["key"]
    limited[key] += 1
    if limited[key] > int(request.match_info["times"]):
        return _html(_article(request, f"Recovered {key}"))
    after = request.query.get("after")
    if "date" in request.query:
        after = formatdate(math.ceil(time.time()) + int(request.query["date"]), usegmt=True)
    headers = {} if after is None else {"Retry-After": after}
    return _html(_article(request, "Slow down"), status=int(request.query.get("code", "429")), **headers)


async def _slow(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(float(request.match_info["seconds"]))
    return _html(_article(request, "Slow"))


async def _hang(request: web.Request) -> web.StreamResponse:
    await request[STATE].hang.wait()
    return _html(_article(request, "Released"))


async def _gate(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    await request[STATE].gates[name].wait()
    cookie = request.query.get("cookie")
    headers = {"Set-Cookie": f"{cookie}=1"} if cookie else {}
    return _html(_article(request, f"Gate {name}"), **headers)


async def _redirect(request: web.Request) -> web.StreamResponse:
    left = int(request.match_info["count"]) - 1
    return web.Response(status=302, headers={"Location": f"/redirect/{left}" if left > 0 else "/page/0"})


async def _redirect_to(request: web.Request) -> web.StreamResponse:
    code = int(request.query.get("code", "302"))
    return web.Response(status=code, headers={"Location": request.query["url"]})


async def _echo(request: web.Request) -> web.StreamResponse:
    return web.json_response(
        {
            "method": request.method,
            "url": str(request.url),
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "cookies": dict(request.cookies),
            "body": (await request.read()).decode("utf-8", "replace"),
        }
    )


async def _set_cookie(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    response = _html(_article(request, f"Cookie {name}"))
    response.set_cookie(name, request.match_info["value"])
    return response


async def _robots(request: web.Request) -> web.StreamResponse:
    if request[STATE].robots_held:
        await request[STATE].hang.wait()
    text = request[STATE].robots.get(request.url.host or "", "User-agent: *\nDisallow:\n")
    return web.Response(text=text)


async def _binary(request: web.Request) -> web.StreamResponse:
    return web.Response(body=bytes(range(256)), content_type="application/octet-stream")


async def _text(request: web.Request) -> web.StreamResponse:
    return web.Response(text=f"Plain text of {request.url}\n\nSecond paragraph.\n")


async def _json(request: web.Request) -> web.StreamResponse:
    return web.json_response({"url": str(request.url), "numbers": [1, 2, 3]})


async def _chunked(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/html"})
    await response.prepare(request)
    await response.write(b"<!doctype html><title>Pieces</title><p>The beginning ")
    await response.write(b"and the end.</p>")
    return response


async def _truncated(request: web.Request) -> web.StreamResponse:
    content_type = request.query.get("type", "text/html")
    response = web.StreamResponse(headers={"Content-Type": content_type, "Content-Length": "4096"})
    await response.prepare(request)
    await response.write(b"<!doctype html><title>Cut</title><p>The beginning of a text that")
    if "hold" in request.query:
        await request[STATE].hang.wait()
    request.transport.close()
    return response


async def _reset(request: web.Request) -> web.StreamResponse:
    # With a linger time of zero the end of the connection is a reset.
    sock = request.transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
    return web.Response()


async def _stored(request: web.Request) -> web.StreamResponse:
    if request.path in request[STATE].likenesses:
        return await ROUTES[request[STATE].likenesses[request.path]](request)
    stored = request[STATE].content.get(request.path)
    return stored.response() if stored else _html(_article(request, "Not found"), status=404)


ROUTES: dict[str, Handler] = {
    r"/page/{number:\d+}": _page,
    r"/size/{bytes:\d+}": _size,
    r"/status/{code:\d{3}}": _status,
    r"/retry-after/{key}/{times:\d+}": _retry_after,
    "/slow/{seconds}": _slow,
    "/hang": _hang,
    "/gate/{name}": _gate,
    r"/redirect/{count:\d+}": _redirect,
    "/redirect-to": _redirect_to,
    "/echo": _echo,
    "/set-cookie/{name}/{value}": _set_cookie,
    "/robots.txt": _robots,
    "/binary": _binary,
    "/text": _text,
    "/json": _json,
    "/chunked": _chunked,
    "/truncated": _truncated,
    "/reset": _reset,
    "/{rest:.*}": _stored,
}
