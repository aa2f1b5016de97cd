"""A model on loopback: an OpenAI-compatible endpoint that says what a test wants it to say."""

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Asked:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def rules(self) -> str:
        return self.body["messages"][0]["content"]

    @property
    def page(self) -> str:
        """What the model is told of the page, without the tags around it."""
        return self.body["messages"][1]["content"].partition(">\n")[2].rpartition("\n</")[0]


@dataclass
class Reply:
    """What to answer; a `content` is wrapped as a chat's answer, `raw` is sent as it is."""

    content: Any = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    cut: bool = False
    finish: str = "stop"
    usage: Any = field(default_factory=lambda: {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15})
    others: tuple[Any, ...] = ()

    def bytes(self) -> bytes:
        if self.raw is not None:
            return self.raw
        if self.status != 200:
            return json.dumps({"error": {"message": self.content, "type": "test"}}).encode()
        choices = [
            {"index": number, "message": {"role": "assistant", "content": said}, "finish_reason": self.finish}
            for number, said in enumerate((self.content, *self.others))
        ]
        data = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
        return json.dumps({**data, "choices": choices, "usage": self.usage}).encode()


Script = Callable[[Asked], Reply | str]


class Model:
    """The endpoint, on a thread; `asked` holds what came, `script` makes the answers."""

    def __init__(self, script: Script | list[Reply | str] | str = "[]") -> None:
        self.asked: list[Asked] = []
        self.script = script
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="test-model")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def wait(self, event: threading.Event) -> None:
        """For scripts: wait for *event*, or for the end of the test."""
        while not event.wait(0.01) and not self._end.is_set():
            pass

    def never(self) -> Reply:
        """For scripts: do not answer until the test ends."""
        self._end.wait()
        return Reply()

    def _say(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            script = self.script
            said = script.pop(0) if isinstance(script, list) else script
        said = said(asked) if callable(said) else said
        return said if isinstance(said, Reply) else Reply(said)

    def _handler(model) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = model._say(Asked(self.path, headers, body))
                with contextlib.suppress(OSError):
                    self._send(reply)

            def _send(self, reply: Reply) -> None:
                data = reply.bytes()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) // 2] if reply.cut else data)
                if reply.cut:
                    self.close_connection = True

            def log_message(self, *args: Any) -> None:
                pass

        return Handler

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
