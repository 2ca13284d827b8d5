"""A crowd at the real receiver: connections that never finish keep nobody out, least of all the alerts."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from servers.free_port import free_port
from servers.receiver import AUTH, PhoneServer, ReceiverProcess, until, write_config
from servers.story import alert, webhook

UPLOADS = 8


@pytest.fixture
def receiver(tmp_path: Path, phone: PhoneServer) -> Iterator[ReceiverProcess]:
    port = free_port()
    receiver = ReceiverProcess(write_config(tmp_path, port, phone.url), port)
    receiver.start()
    yield receiver
    receiver.stop()


def begun(receiver: ReceiverProcess, path: str, length: int) -> socket.socket:
    """A request that announces more than it sends."""
    place = urlsplit(receiver.base)
    line = socket.create_connection((str(place.hostname), place.port or 80), timeout=30)
    head = f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: {AUTH['Authorization']}\r\n"
    line.sendall(f"{head}Content-Length: {length}\r\n\r\nhalf".encode())
    return line


def test_nobody_holds_the_receiver_by_sending_nothing(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """A hundred forms and calls that never end: pages open, alerts are taken, somebody is called."""
    with ExitStack() as lines:
        for number in range(100):
            path = "/sos/other" if number % 2 else "/api/v1/triggers"
            lines.enter_context(begun(receiver, path, 1000))
        assert httpx.get(f"{receiver.base}/", timeout=30).status_code == 200
        assert receiver.post(webhook(alert(stream="crowded"))).status_code == 200
        until(lambda: any(page["stream"] == "crowded" for page in phone.pages))


def test_uploads_that_hang_fill_their_own_lane(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """The ninth file is told when to come again; console and alerts go on; when one hangs up there is room."""
    receiver.post(webhook(alert(stream="evidence")))
    until(lambda: receiver.get("/api/v1/incidents")["incidents"])
    path = "/api/v1/incidents/1/evidence?name=a&by=bob"

    def upload() -> httpx.Response:
        return httpx.post(receiver.base + path, content=b"seen", headers=AUTH, timeout=30)

    with ExitStack() as lines:
        for _ in range(UPLOADS):
            lines.enter_context(begun(receiver, path, 100_000))
        until(lambda: upload().status_code == 503)
        refused = upload()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert httpx.get(f"{receiver.base}/", timeout=30).status_code == 200
        assert receiver.post(webhook(alert(stream="more"))).status_code == 200
    until(lambda: upload().status_code == 201)
    assert 'streamwatch_requests_turned_away_total{reason="busy"}' in httpx.get(f"{receiver.base}/metrics").text
