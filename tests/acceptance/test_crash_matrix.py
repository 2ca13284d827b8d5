"""The disk is full, or takes no writing; a service has no name any more: nothing that was promised is lost."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from servers.free_port import free_port
from servers.receiver import STREAMWATCH, PhoneServer, ReceiverProcess, until, write_config
from servers.small_disk import SmallDisk
from servers.story import alert, webhook


@pytest.fixture
def phone() -> Iterator[PhoneServer]:
    with closing(PhoneServer()) as phone:
        yield phone


def post(receiver: ReceiverProcess, count: int, name: str) -> tuple[set[str], list[int]]:
    """Which of *count* streams were promised, and every status that was answered."""
    promised, statuses = set[str](), list[int]()
    for number in range(count):
        stream = f"{name}-{number}"
        status = receiver.post(webhook(alert(stream=stream, severity="P2"))).status_code
        statuses.append(status)
        if status == 200:
            promised.add(stream)
    return promised, statuses


def told(phone: PhoneServer, promised: set[str]) -> bool:
    return {page["stream"] for page in list(phone.pages)} >= promised


def test_a_full_disk_promises_nothing_and_loses_nothing(tmp_path: Path, phone: PhoneServer) -> None:
    """Eight megabytes, filled while alerts come: 503 then, and all is told when there is room again."""
    port = free_port()
    with closing(SmallDisk(tmp_path / "data", "8m")) as disk:
        receiver = ReceiverProcess(write_config(tmp_path, port, phone.url), port, disk.prefix)
        receiver.start()
        before, _ = post(receiver, 10, "before")
        disk.fill()
        during, statuses = post(receiver, 200, "during")
        assert 503 in statuses
        assert set(statuses) <= {200, 503}

        disk.free()
        until(lambda: receiver.post(webhook(alert(stream="after", severity="P2"))).status_code == 200, 20)
        until(lambda: told(phone, before | during | {"after"}), 60)
        until(lambda: receiver.get("/api/v1/status")["outbox_due"] == 0, 30)
        receiver.kill()
    copies = Counter(page["page_id"] for page in phone.pages)
    marked = {page["page_id"] for page in phone.pages if page["maybe_repeated"]}
    print(f"{len(before | during)} promised, {statuses.count(503)} refused, {len(marked)} marked 'may repeat'")
    assert {page_id for page_id, count in copies.items() if count > 1} <= marked


def test_a_read_only_disk_is_said(tmp_path: Path, phone: PhoneServer) -> None:
    """The receiver does not start on it, says why, and tells what it promised as soon as it may write again."""
    port = free_port()
    with closing(SmallDisk(tmp_path / "data", "16m")) as disk:
        config = write_config(tmp_path, port, phone.url)
        receiver = ReceiverProcess(config, port, disk.prefix)
        receiver.start()
        promised, _ = post(receiver, 30, "room")
        receiver.kill()

        disk.remount("ro")
        serve = [*disk.prefix, STREAMWATCH, "serve", "--config", config]
        refused = subprocess.run(serve, capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode != 0
        assert "the database cannot be opened: Read-only file system" in refused.stderr

        disk.remount("rw")
        receiver.start()
        until(lambda: told(phone, promised), 60)
        receiver.stop()


def test_a_channel_whose_name_is_gone_gives_way(tmp_path: Path, phone: PhoneServer) -> None:
    """No DNS for the first one: Alice's second contact is asked in its turn, and readiness stays."""
    port = free_port()
    channels = {
        "lost": {"type": "webhook", "url": "http://robot.invalid/pages"},
        "phone": {"type": "webhook", "url": phone.url},
    }
    people = [
        {"id": "alice", "name": "Alice", "contacts": [{"channel": "lost", "to": "alice"}]},
        {"id": "bob", "name": "Bob", "contacts": [{"channel": "phone", "to": "bob"}]},
    ]
    duty = {"tech": ["alice", "bob"], "ops": ["bob"]}
    config = write_config(tmp_path, port, phone.url, channels=channels, people=people, duty=duty)
    receiver = ReceiverProcess(config, port)
    receiver.start()
    receiver.post(webhook(alert(stream="dns"))).raise_for_status()
    (page,) = until(lambda: list(phone.pages), 90)
    assert (page["to"], page["stream"]) == ("bob", "dns")
    (incident,) = receiver.get("/api/v1/incidents")["incidents"]
    alices = [each for each in incident["pages"] if each["person"] == "alice"]
    assert [(each["state"], each["maybe_repeated"]) for each in alices] == [("due", False)]
    assert receiver.ready()
    receiver.stop()
