"""The demo's phone: a server that every page of the demo rings, so that it is seen without any account."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Page = dict[str, Any]
MAX_BODY = 1_000_000  # bytes
KEPT = 1000


class Phone:
    """Listens on *port*; *ring* is called with each page. GET /pages lists what rang."""

    def __init__(self, port: int, ring: Callable[[Page], None]) -> None:
        self.pages: list[Page] = []
        self._ring = ring
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def take(self, page: Page) -> str:
        self.pages.append(page)
        del self.pages[:-KEPT]
        self._ring(page)
        return f"phone-{page.get('page_id')}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(phone: Phone) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            if length > MAX_BODY:
                self._answer(413, {"error": "too large"})
                return
            try:
                page = json.loads(self.rfile.read(length))
            except ValueError:
                self._answer(400, {"error": "not JSON"})
                return
            self._answer(200, {"id": phone.take(page)})

        def do_GET(self) -> None:
            self._answer(200, {"pages": phone.pages})

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """The pages are the log."""

    return Handler
