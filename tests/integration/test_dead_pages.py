"""At the real receiver: pages that nobody could be told, notes, and the list behind the link of a digest."""

import json
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from servers.free_port import free_port
from servers.receiver import PhoneServer, ReceiverProcess, streamwatch, until, write_config
from servers.story import alert, webhook


@pytest.fixture(scope="module")
def phone() -> Iterator[PhoneServer]:
    with closing(PhoneServer()) as phone:
        yield phone


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer) -> Iterator[ReceiverProcess]:
    """Alice cannot be reached; Bob is next; many pages go together."""
    people = [
        {"id": "alice", "name": "Alice", "language": "zh", "contacts": []},
        {"id": "bob", "name": "Bob", "language": "en", "contacts": [{"channel": "phone", "to": "bob"}]},
    ]
    folder, port = tmp_path_factory.mktemp("receiver"), free_port()
    duty = {"tech": ["alice", "bob"], "ops": ["bob"], "service": ["bob"]}
    config = write_config(folder, port, phone.url, people=people, duty=duty, delivery={})
    receiver = ReceiverProcess(config, port)
    receiver.start()
    yield receiver
    receiver.stop()


def test_a_dead_page_is_shown_and_sent_once_more(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """Listed with exit 1, replayed, dead again as nothing was mended; the timeline tells of it."""
    receiver.post(webhook(alert(stream="dead", severity="P2")))
    until(lambda: any(page["stream"] == "dead" for page in list(phone.pages)))
    shown = streamwatch(receiver, "pages", "dead")
    assert shown.returncode == 1
    assert "Alice" in shown.stdout

    (page,) = json.loads(streamwatch(receiver, "pages", "dead", "--json").stdout)["pages"]
    assert (page["person"], page["severity"], page["state"]) == ("alice", "P2", "dead")
    assert "1 pages" in streamwatch(receiver, "pages", "replay", page["id"]).stdout
    path = f"/api/v1/incidents/{page['incident']}"
    until(lambda: [row["kind"] for row in receiver.get(path)["timeline"]].count("dead") == 2)
    refused = streamwatch(receiver, "pages", "replay", "999999")
    assert (refused.returncode, "not a dead one" in refused.stderr) == (1, True)


def test_a_note_stands_on_the_timeline(receiver: ReceiverProcess) -> None:
    """With who wrote it; a stranger and a missing incident are refused."""
    receiver.post(webhook(alert(stream="noted", severity="P2")))
    found = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "noted"})["incidents"])
    path = f"/api/v1/incidents/{found[0]['id']}"
    note = {"by": "bob", "text": "switched to the backup"}
    assert receiver.post(note, f"{path}/notes").status_code == 201
    assert "Bob: switched to the backup" in [row["text_en"] for row in receiver.get(path)["timeline"]]
    assert receiver.post(note, "/api/v1/incidents/999999/notes").status_code == 404
    assert receiver.post(note | {"by": "mallory"}, f"{path}/notes").status_code == 422


def test_the_link_of_a_digest_shows_and_the_button_takes(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """GET takes nothing; POST takes all that Bob was called for and nobody has; a changed link is refused."""
    receiver.post(webhook(*(alert(stream=f"many-{number}") for number in range(8))))
    digest = until(lambda: next((page for page in list(phone.pages) if page["kind"] == "digest"), None), 60)
    assert digest is not None
    shown = httpx.get(digest["ack_url"], headers={"Accept-Language": "en"})
    assert shown.status_code == 200
    assert "I take all of them" in shown.text
    states = [each["state"] for each in receiver.get("/api/v1/incidents", params={"limit": 100})["incidents"]]
    assert "acknowledged" not in states

    assert "took" in httpx.post(digest["ack_url"], headers={"Accept-Language": "en"}).text
    taken = receiver.get("/api/v1/incidents", params={"state": "acknowledged"})["incidents"]
    assert {each["id"] for each in taken} >= set(digest["incidents"])
    assert {each["acknowledged_by"] for each in taken} == {"bob"}
    assert httpx.get(digest["ack_url"] + "x").status_code == 404
