"""The whole system as a user starts it: `streamwatch up`, on free ports, with its state in the test's folder."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from servers.receiver import REPOSITORY, STREAMWATCH, until
from servers.undisturbed import undisturbed


class Stack:
    """Runs until `stop`; `api` asks the receiver, `pages` the demo's phone."""

    def __init__(self, state: Path, *options: str, home: Path = REPOSITORY) -> None:
        """*home* is the clone that it runs from."""
        self.state = state
        self.home = home
        self.output = state.parent / "up.log"
        environment = os.environ | {"STREAMWATCH_LANG": "en", "COLUMNS": "120"}
        with self.output.open("wb") as output, undisturbed():
            self._process = subprocess.Popen(
                [STREAMWATCH, "up", "--state", state, "--ports", "free", *options],
                stdout=output, stderr=output, cwd=home, env=environment,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_ready(self) -> None:
        until(self._ready, 90)
        self.ports: dict[str, int] = json.loads((self.state / "run" / "stack.json").read_text())["ports"]
        self.parts_seen = self.parts()

    def _ready(self) -> bool:
        words = self.output.read_text()
        assert self._process.poll() is None, words
        return "ready in" in words

    def parts(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.state / "run" / "stack.json").read_text())["parts"]
        return found

    def secret(self, name: str) -> str:
        return (self.state / "secrets" / name).read_text()

    def api(self, path: str, **params: str) -> Any:
        headers = {"Authorization": f"Bearer {self.secret('api_token')}"}
        url = f"http://127.0.0.1:{self.ports['receiver']}/api/v1{path}"
        return httpx.get(url, headers=headers, params=params, timeout=10).raise_for_status().json()

    def pages(self) -> list[dict[str, Any]]:
        """Everything that rang, in order."""
        url = f"http://127.0.0.1:{self.ports['phone']}/pages"
        found: list[dict[str, Any]] = httpx.get(url, timeout=10).json()["pages"]
        return found

    def query(self, query: str) -> list[Any]:
        """What Prometheus answers."""
        url = f"http://127.0.0.1:{self.ports['prometheus']}/api/v1/query"
        found: list[Any] = httpx.get(url, params={"query": query}, timeout=10).json()["data"]["result"]
        return found

    def chat(self, lines: list[dict[str, Any]]) -> dict[str, int]:
        body = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
        headers = {"Authorization": f"Bearer {self.secret('chat_token')}"}
        url = f"http://127.0.0.1:{self.ports['exporter']}/api/v1/chat/demo"
        taken: dict[str, int] = httpx.post(url, content=body, headers=headers, timeout=10).raise_for_status().json()
        return taken

    def command(self, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """A command of `streamwatch`, as typed in a second terminal."""
        where = ["--state", str(self.state)] if words[0] in ("drill", "status") else []
        return subprocess.run(
            [STREAMWATCH, *words, *where],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            cwd=self.home,
        )

    @contextmanager
    def broken(self, fault: str) -> Iterator[None]:
        """The fault, for as long as the block runs."""
        with socket.socket(socket.AF_UNIX) as control:
            folder = os.open(self.state / "run", os.O_PATH)
            control.connect(f"/proc/self/fd/{folder}/control.sock")
            os.close(folder)
            answers = control.makefile("rw")
            for do in ("inject", "restore"):
                answers.write(json.dumps({"do": do, "fault": fault}) + "\n")
                answers.flush()
                assert "error" not in json.loads(answers.readline())
                if do == "inject":
                    yield

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        if self._process.poll() is None:
            os.kill(self._process.pid, how)
        return self.wait()

    def wait(self) -> int:
        """Its exit code, when it has ended."""
        return self._process.wait(30)
