"""A real Node-Media-Server in a folder of its own, on free ports of 127.0.0.1, with its API behind a login."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from servers.free_port import free_port

PACKAGES = Path(__file__).parents[2] / ".streamwatch" / "node" / "node_modules"
RELEASES = ("2", "4-challenge", "4")  # as package.json in `node` names them: 2.7, 4.2, 4.3
USERNAME, PASSWORD = "robot-1", "pass-of-the-test"
_RUN = "const Server = require(process.argv[1]); new Server(JSON.parse(process.argv[2])).run()"


class NodeMediaServer:
    """One server of a release. A changed `jwt_secret` makes old tokens worthless after a restart."""

    def __init__(self, folder: Path, release: str) -> None:
        self.folder, self.release = folder, release
        self.rtmp_port, self.http_port = free_port(), free_port()
        self.http_url = f"http://127.0.0.1:{self.http_port}"
        self.jwt_secret = "first"
        self._process: subprocess.Popen[bytes] | None = None

    def publish_url(self, name: str) -> str:
        return f"rtmp://127.0.0.1:{self.rtmp_port}/live/{name}"

    def flv_url(self, name: str) -> str:
        return f"{self.http_url}/live/{name}.flv"

    def start(self) -> None:
        """Start, and return when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        package = PACKAGES / f"node-media-server-{self.release}"
        if not package.exists():
            raise RuntimeError("run tools/install-node-packages")
        with (self.folder / "log").open("ab") as log:
            command = ["node", "-e", _RUN, str(package), json.dumps(self._config())]
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def _config(self) -> dict[str, Any]:
        if self.release == "2":
            # It knows no address to bind to, but hands this on to listen().
            here = {"host": "127.0.0.1"}
            return {
                "logType": 1,
                "rtmp": {"port": {**here, "port": self.rtmp_port}, "chunk_size": 60000, "gop_cache": True,
                         "ping": 30, "ping_timeout": 60},
                "http": {"port": {**here, "port": self.http_port}, "mediaroot": str(self.folder)},
                "auth": {"api": True, "api_user": USERNAME, "api_pass": PASSWORD},
            }  # fmt: skip
        users = [{"username": USERNAME, "password": PASSWORD, "role": "admin"}]
        # A recorder plays the stream; only 4.3 and later say that there is one.
        record = {"record": {"auto": True, "path": str(self.folder)}} if self.release == "4" else {}
        return {
            "bind": "127.0.0.1",
            "auth": {"play": False, "publish": False, "jwt": {"secret": self.jwt_secret, "users": users}},
            "rtmp": {"port": self.rtmp_port},
            "http": {"port": self.http_port},
            "store": {"path": str(self.folder / "data")},
            **record,
        }

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.http_url + "/api/v1/health", timeout=1):
                return True
        except urllib.error.HTTPError:
            return True  # release 2 knows no such page
        except OSError:
            return False


@contextmanager
def node_media_server(folder: Path, release: str) -> Iterator[NodeMediaServer]:
    """A running server, ended with the block."""
    server = NodeMediaServer(folder, release)
    server.start()
    try:
        yield server
    finally:
        server.stop()
