"""A service on 127.0.0.1 that answers by its own rules, or misbehaves as the test scripted."""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What came in. *query* holds the first value of each parameter, decoded once; *raw_query* is as written."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    raw_query: str

    @property
    def json(self) -> Any:
        """The body as JSON; None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def says(body: object, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON; `retry_after="5"` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = json.dumps(body, ensure_ascii=False).encode()
    return Answer(status, content, {"Content-Type": "application/json", **named})


HTML = Answer(200, b"<!DOCTYPE html><title>Please wait</title>", {"Content-Type": "text/html"})
ELSEWHERE = Answer(302, b"", {"Location": "/busy.html"})
FIREWALL = says({"status": 1111, "punish": "deny", "wait": 5})


def hang_up(_: Request) -> None:
    """The connection is closed without an answer, after the request was taken."""


Script = Answer | Callable[[Request], Answer | None]


class StandIn(ABC):
    """Listens on a free port until `close`. *script* is used up first, one entry for each request."""

    def __init__(self, path: str) -> None:
        self.script: list[Script] = []
        self.requests: list[Request] = []
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.url = self.base + path
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @abstractmethod
    def answer(self, request: Request) -> Answer | None:
        """By the rules of the service; None hangs up."""

    def hang(self, _: Request) -> None:
        """Take the request and say nothing for as long as the stand-in lives."""
        self._closing.wait()

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _take(self, request: Request) -> Answer | None:
        self.requests.append(request)
        if not self.script:
            return self.answer(request)
        scripted = self.script.pop(0)
        return scripted if isinstance(scripted, Answer) else scripted(request)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # head and body in one packet: Nagle's algorithm would hold the body back for 40 ms

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                url = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(url.query).items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = take(Request(url.path, query, headers, body, url.query))
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_PUT = do_POST  # noqa: N815  # names of http.server

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    return  # who asked did not wait for the answer

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler
