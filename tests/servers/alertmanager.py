"""A real Alertmanager with a configuration of the test, and the receiver of its webhooks."""

import subprocess
from pathlib import Path
from typing import Any

import httpx

from servers.receiver import until
from servers.stand_in import Answer, Request, StandIn, says


class Alertmanager:
    """Started on *port* with what `config` says; its data and its log are in *folder*."""

    def __init__(self, folder: Path, port: int, config: str) -> None:
        folder.mkdir(parents=True)
        (folder / "alertmanager.yml").write_text(config)
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "alertmanager.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus-alertmanager",
                    f"--config.file={folder / 'alertmanager.yml'}",
                    f"--storage.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--cluster.listen-address=",
                    "--log.level=warn",
                ],
                stdout=log,
                stderr=log,
            )
        try:
            until(self._ready, 30)
        except BaseException:
            self.stop()
            raise

    def _ready(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()[-3000:]
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def alerts(self, alertname: str, stream: str) -> list[dict[str, Any]]:
        """What it knows of that alert, inhibited ones as well, with `status.state` and `status.inhibitedBy`."""
        wanted = [f'alertname="{alertname}"', f'stream="{stream}"']
        answer = httpx.get(f"{self.url}/api/v2/alerts", params={"filter": wanted}, timeout=10)
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


class AlertReceiver(StandIn):
    """Takes what Alertmanager posts, in order; who does not show the token is refused and not heard."""

    def __init__(self, token: str) -> None:
        super().__init__("/api/v1/alerts/alertmanager")
        self.port = int(self.base.rpartition(":")[2])
        self.heard: list[dict[str, Any]] = []
        self._token = token

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self._token}":
            return says({"error": "unauthorized"}, status=401)
        if self.base + request.path != self.url:
            return says({"error": "not found"}, status=404)
        self.heard.extend(request.json["alerts"])
        return says({})

    def of(self, alertname: str, stream: str, status: str = "") -> list[dict[str, Any]]:
        """Each time it was told of that alert, as `firing` or `resolved`, or in any way."""
        wanted = {"alertname": alertname, "stream": stream}.items()
        return [
            alert
            for alert in list(self.heard)
            if wanted <= alert["labels"].items() and status in ("", alert["status"])
        ]
