"""A real Prometheus with a configuration of the test, and the page of metrics that it scrapes."""

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from servers.receiver import until


class Prometheus:
    """Started on *port* with what `config` says; its data and its log are in *folder*."""

    def __init__(self, folder: Path, port: int, config: str, *options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prometheus.yml").write_text(config)
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "prometheus.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--rules.alert.resend-delay=15s",
                    "--log.level=warn",
                    *options,
                ],
                stdout=log,
                stderr=log,
            )
        try:
            until(self._ready, 30)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def _ready(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()[-3000:]
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str, **params: str) -> Any:
        """The `data` of an answer of the API."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=params, timeout=10).raise_for_status().json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def value(self, expression: str) -> float | None:
        """What an expression with at most one result is now; None when it has none."""
        found = self.get("query", query=expression)["result"]
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def states(self, alertname: str, stream: str) -> list[str]:
        """`pending` or `firing` for each alert of that name and stream; empty when there is none."""
        alerts = self.get("alerts")["alerts"]
        wanted = {"alertname": alertname, "stream": stream}.items()
        return [alert["state"] for alert in alerts if wanted <= alert["labels"].items()]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


class MetricsPage:
    """A page of metrics on a free port: what was set, until it is changed; 500 while it is `broken`."""

    def __init__(self) -> None:
        self.broken = False
        self._values: dict[str, float] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def set(self, series: str, value: float) -> None:
        """As it stands on a page: `set('streamwatch_viewers{stream="demo"}', 120)`."""
        self._values = {**self._values, series: value}  # a scrape meanwhile sees all of the old or of the new

    def text(self) -> str:
        return "".join(f"{series} {value}\n" for series, value in self._values.items())

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = b"" if page.broken else page.text().encode()
                self.send_response(500 if page.broken else 200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler
