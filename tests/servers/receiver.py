"""The real receiver as a process of its own, with a phone that the test holds, and a configuration it wrote."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

T = TypeVar("T")

TOKEN = "a-token-of-the-test"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
REPOSITORY = Path(__file__).parents[2]
STREAMWATCH = Path(sys.executable).with_name("streamwatch")


def until(look: Callable[[], T], seconds: float = 20.0) -> T:
    """What *look* answers as soon as it is true; the deadline is for failures only."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.02)
    return found


class PhoneServer:
    """A webhook's far end: remembers every page with its order, answers 200 once it is remembered."""

    def __init__(self, pages: list[dict[str, Any]] | None = None) -> None:
        """*pages* is where they are remembered."""
        self.pages: list[dict[str, Any]] = [] if pages is None else pages
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # killed while it wrote: a page that did not arrive
                pages.append(json.loads(body))
                answer = json.dumps({"id": f"phone-{len(pages)}"}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Quiet."""

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    return  # a killed receiver hangs up in the middle

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/pages"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def write_config(folder: Path, port: int, phone: str, **changes: object) -> Path:
    """A duty.yml: Alice is on duty, Bob is next, Charlie is off."""
    secrets = folder / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    for name, text in (("token", TOKEN), ("link_key", "the key of links")):
        (secrets / name).write_text(text)
    people = [
        {
            "id": name,
            "name": name.capitalize(),
            "language": language,
            "contacts": [{"channel": "phone", "to": name}],
        }
        for name, language in (("alice", "zh"), ("bob", "en"), ("charlie", "zh"))
    ]
    content: dict[str, object] = {
        "listen": f"127.0.0.1:{port}",
        "public_url": f"http://127.0.0.1:{port}",
        "database": "sqlite:///data/streamwatch.db",
        "alert_rules": str(REPOSITORY / "alert_rules"),
        "token_files": ["secrets/token"],
        "link_key_file": "secrets/link_key",
        "delivery": {"together": False},
        "channels": {"phone": {"type": "webhook", "url": phone}},
        "people": people,
        "duty": {"tech": ["alice", "bob"], "ops": ["bob"], "service": ["bob"]},
    }
    path = folder / "duty.yml"
    path.write_text(yaml.safe_dump(content | changes, allow_unicode=True))
    return path


class ReceiverProcess:
    """`streamwatch serve`, started and killed by the test."""

    def __init__(self, config: Path, port: int, prefix: Sequence[str] = ()) -> None:
        """*prefix* stands before the command: it says where it runs."""
        self._config = config
        self._prefix = prefix
        self.base = f"http://127.0.0.1:{port}"
        self.log = config.parent / "receiver.log"
        self._http = httpx.Client(headers=AUTH | {"Content-Type": "application/json"}, timeout=10)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it is ready."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._prefix, STREAMWATCH, "serve", "--config", self._config],
                stdout=log,
                stderr=log,
                cwd=self._config.parent,
            )
        until(self.ready, 90)

    def _running(self) -> bool:
        assert self._process is not None
        return self._process.poll() is None

    def ready(self) -> bool:
        assert self._running(), self.log.read_text()[-3000:]
        try:
            return self._http.get(f"{self.base}/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """As a power cut does it."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        assert self._process is not None
        if self._process.poll() is None:
            os.kill(self._process.pid, how)
        code = self._process.wait(30)
        self._renew()
        return code

    def _renew(self) -> None:
        """Connections to a dead receiver are of no use to the next one."""
        self._http.close()
        self._http = httpx.Client(headers=AUTH | {"Content-Type": "application/json"}, timeout=10)

    def get(self, path: str, **kwargs: Any) -> Any:
        return self._http.get(f"{self.base}{path}", **kwargs).raise_for_status().json()

    def post(self, body: bytes | Mapping[str, object], path: str = "/api/v1/alerts/alertmanager") -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._http.post(f"{self.base}{path}", content=content)


@contextmanager
def serving(config: Path) -> Iterator[ReceiverProcess]:
    """A receiver where *config* says that it listens; it must end as it is told to."""
    port = int(re.search(r"listen: 127.0.0.1:(\d+)", config.read_text())[1])  # type: ignore[index]  # it is there
    receiver = ReceiverProcess(config, port)
    receiver.start()
    yield receiver
    assert receiver.stop() in (0, -15)


def streamwatch(receiver: ReceiverProcess, *words: str) -> subprocess.CompletedProcess[str]:
    """A command beside *receiver*, by somebody whose terminal speaks English."""
    command = [STREAMWATCH, *words, "--config", receiver.log.parent / "duty.yml"]
    environ = {"STREAMWATCH_LANG": "en", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ)
