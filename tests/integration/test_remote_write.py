"""What config/prometheus.yml sends elsewhere arrives there: two real Prometheus, the second behind a password."""

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from servers.prometheus import Prometheus
from servers.receiver import until
from streamwatch.stack.first_start import write_config
from streamwatch.stack.places import Places
from streamwatch.stack.ports import choose

REPOSITORY = Path(__file__).parents[2]
PASSWORD = "of-the-second-prometheus"  # and its bcrypt hash, of the lowest cost
HASHED = "$2b$04$9bo7OakK5GQ7uq7kSFdhjO9ooQzXLtW/K3IzHIe4UbzpE5Mx8VBTu"
REMOTE_WRITE = """
remote_write:
  - url: http://127.0.0.1:{port}/api/v1/write
    basic_auth: {{username: live, password_file: secrets/remote_write_password}}
    queue_config: {{batch_send_deadline: 200ms}}
"""


class Guarded(Prometheus):
    """A second one that takes samples, from whoever knows the password."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir()
        web = folder / "web.yml"
        web.write_text(f"basic_auth_users: {{live: '{HASHED}'}}\n")
        super().__init__(folder, port, "", "--web.enable-remote-write-receiver", f"--web.config.file={web}")

    def _ready(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()[-3000:]
        try:
            return httpx.get(f"{self.url}/-/ready", auth=("live", PASSWORD), timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str, **params: str) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=params, auth=("live", PASSWORD), timeout=10)
        return answer.raise_for_status().json()["data"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone's configuration, in a folder of the test's."""
    for name in ("config", "alert_rules"):
        shutil.copytree(REPOSITORY / name, tmp_path / "clone" / name, ignore=shutil.ignore_patterns("secrets"))
    return tmp_path / "clone"


def test_what_is_scraped_here_is_there_too(clone: Path, tmp_path: Path) -> None:
    """As `streamwatch up` runs it with other ports: with the password of its file, and nothing without it."""
    ports = choose(free=True)
    second = Guarded(tmp_path / "second", ports["http"])
    try:
        written = clone / "config" / "prometheus.yml"
        written.write_text(written.read_text() + REMOTE_WRITE.format(port=ports["http"]))
        secrets = clone / "config" / "secrets"
        secrets.mkdir()
        (secrets / "remote_write_password").write_text(PASSWORD)
        places = Places(clone, tmp_path / "state")
        places.make()
        write_config(places, ports)
        text = (places.copies / "prometheus.yml").read_text()
        first = Prometheus(places.copies, ports["prometheus"], text)
        try:
            assert httpx.post(f"{second.url}/api/v1/write", timeout=10).status_code == 401
            assert until(lambda: second.value('up{job="prometheus"}'), 60) == 1
            assert PASSWORD not in str(first.get("status/config"))
        finally:
            first.stop()
    finally:
        second.stop()
