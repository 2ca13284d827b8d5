"""Merging and splitting at the real receiver: by the API, from the terminal, and by the forms of the console."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from servers.free_port import free_port
from servers.receiver import PhoneServer, ReceiverProcess, streamwatch, until, write_config
from servers.story import alert, webhook

INCIDENTS = "/api/v1/incidents"


@pytest.fixture(scope="module")
def phone() -> Iterator[PhoneServer]:
    with closing(PhoneServer()) as phone:
        yield phone


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer) -> Iterator[ReceiverProcess]:
    folder, port = tmp_path_factory.mktemp("receiver"), free_port()
    receiver = ReceiverProcess(write_config(folder, port, phone.url), port)
    receiver.start()
    yield receiver
    receiver.stop()


def opened(receiver: ReceiverProcess, stream: str, count: int = 1) -> list[dict[str, Any]]:
    """Oldest first."""
    return until(
        lambda: (
            (found := receiver.get(INCIDENTS, params={"stream": stream})["incidents"][::-1])
            and len(found) == count
            and found
        )
    )


def two(receiver: ReceiverProcess, stream: str) -> list[str]:
    receiver.post(
        webhook(alert(stream=stream), alert("Spike", stream=stream, severity="P2", procedure="complaints"))
    )
    return [each["id"] for each in opened(receiver, stream, 2)]


def test_merge_and_split_over_the_api(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """Each answers with the incident that people go on with; what is no legal move is a 409 in words."""
    first, second = two(receiver, "api")
    answer = receiver.post({"into": first, "by": "bob"}, f"{INCIDENTS}/{second}/merge")
    assert (answer.status_code, answer.json()["id"], len(answer.json()["alerts"])) == (200, first, 2)
    merged = receiver.get(f"{INCIDENTS}/{second}")
    assert (merged["state"], merged["merged_into"], merged["alerts"]) == ("merged", first, [])
    assert [each["id"] for each in receiver.get(INCIDENTS, params={"state": "merged"})["incidents"]] == [second]
    assert second not in [each["id"] for each in receiver.get(INCIDENTS)["incidents"]]

    again = receiver.post({"into": first, "by": "bob"}, f"{INCIDENTS}/{second}/merge")
    assert again.status_code == 409
    assert "is part of another one already" in again.json()["detail"]
    ack = receiver.post({"by": "alice"}, f"{INCIDENTS}/{second}/ack").json()
    assert (ack["id"], ack["acknowledged_by"], ack["changed"]) == (first, "alice", True)

    answer = receiver.post({"alerts": ["Spike"], "by": "bob"}, f"{INCIDENTS}/{first}/split")
    third = answer.json()["id"]
    assert (answer.status_code, third not in (first, second)) == (201, True)
    until(lambda: any(page["incident_id"] == third for page in list(phone.pages)))
    for body, status in (
        ({"alerts": ["Spike"], "by": "bob"}, 409),
        ({"alerts": ["StreamNotPublishing"], "by": "bob"}, 409),
        ({"alerts": [], "by": "bob"}, 422),
        ({"alerts": ["Spike"], "by": "mallory"}, 422),
    ):
        assert receiver.post(body, f"{INCIDENTS}/{first}/split").status_code == status
    assert receiver.post({"into": first, "by": "bob"}, f"{INCIDENTS}/999999/merge").status_code == 404


def test_merge_and_split_from_the_terminal(receiver: ReceiverProcess) -> None:
    """One line each; a refusal is exit 1 with the reason."""
    first, second = two(receiver, "terminal")
    done = streamwatch(receiver, "merge", second, "--into", first, "--by", "Bob")
    assert (done.returncode, done.stdout) == (0, f"incident #{second} is part of #{first} now\n")
    done = streamwatch(receiver, "split", first, "Spike", "--by", "bob")
    assert re.fullmatch(rf"incident #\d+ is split off #{first}\n", done.stdout)
    refused = streamwatch(receiver, "split", first, "Nothing", "--by", "bob")
    assert (refused.returncode, "no such alert fires" in refused.stderr) == (1, True)


def test_merge_and_split_on_the_console(receiver: ReceiverProcess) -> None:
    """The forms say what is open beside it and what fires in it; a form from elsewhere changes nothing."""
    first, second = two(receiver, "console")
    with httpx.Client(base_url=receiver.base, timeout=10, headers={"Accept-Language": "en"}) as browser:
        page = browser.get(f"/incidents/{second}").text
        assert f'<option value="{first}">#{first} P0 console' in page
        press = re.search(r'name="press" value="([^"]+)"', page)
        assert press is not None
        form = {"press": press[1], "by": "bob", "into": first}
        assert browser.post(f"/incidents/{second}/merge", data=form | {"press": "x"}).status_code == 403
        reply = browser.post(f"/incidents/{second}/merge", data=form)
        assert (reply.status_code, reply.headers["location"]) == (303, f"/incidents/{first}")
        assert (
            f'<a href="/incidents/{first}">part of incident #{first}</a>'
            in browser.get(f"/incidents/{second}").text
        )

        page = browser.get(f"/incidents/{first}").text
        ticked = re.findall(r'name="(alert-[0-9a-f]+)" value="1"> Spike', page)
        assert len(ticked) == 1
        reply = browser.post(f"/incidents/{first}/split", data={"press": press[1], "by": "bob", ticked[0]: "1"})
        assert reply.status_code == 303
        assert reply.headers["location"] != f"/incidents/{first}"
        assert browser.post(f"/incidents/{first}/merge", data=form | {"into": "²"}).status_code == 404
