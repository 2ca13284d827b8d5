"""The queue of complaints on a real exporter: it fills, one has it, it is answered; unseen is not empty."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from servers.browsing import chromium, fits
from servers.console import PASSPHRASES, Browser, doors
from servers.exporter_process import ExporterProcess
from servers.free_port import free_port
from servers.receiver import AUTH, PhoneServer, ReceiverProcess, serving, until, write_config
from servers.story import alert, webhook
from streamwatch.cli import group

QUEUE = "/api/v1/complaints"


SAID = {"demo": ("好卡啊 13912345678", 60), "race": ("黑屏了", 9), "page": ("没声音", 12), "cli": ("进不去", 8)}


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExporterProcess]:
    exporter = ExporterProcess(tmp_path_factory.mktemp("exporter"), *SAID, "spike")
    yield exporter
    exporter.close()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer, exporter: ExporterProcess) -> Path:
    folder = tmp_path_factory.mktemp("complaints")
    return write_config(folder, free_port(), phone.url, exporter=exporter.settings, **doors(folder))


@pytest.fixture(scope="module")
def receiver(config: Path, exporter: ExporterProcess) -> Iterator[ReceiverProcess]:
    """All of them complain at once, so that one look of the receiver is waited for."""
    with serving(config) as receiver:
        exporter.say("demo", "没声音", 2, first=100)
        exporter.say("spike", "价格不对", 4)
        labels = {"role": "service", "procedure": "viewer_complaints", "category": "price", "hop": "audience"}
        receiver.post(webhook(alert("ComplaintSpike", stream="spike", severity="P1", **labels)))
        for stream, (text, people) in SAID.items():
            exporter.say(stream, text, people)
        yield receiver


def queued(receiver: ReceiverProcess, stream: str) -> dict[str, Any]:
    """The entry of *stream*, as soon as there is one."""

    def look() -> dict[str, Any] | None:
        found = receiver.get(QUEUE, params={"stream": stream})["complaints"]
        return found[0] if found else None

    found = until(look, 60)
    assert found is not None
    return found


def command(config: Path, *words: str) -> Result:
    said = ["complaints", *words, "--config", str(config)]
    return CliRunner().invoke(group, said, env={"STREAMWATCH_LANG": "en"})


def test_what_many_complain_about_is_in_the_queue(receiver: ReceiverProcess) -> None:
    """Sixty people are one entry, with the numbers; what two complain about is told and waits for nobody."""
    entry = queued(receiver, "demo")
    told = receiver.get(QUEUE, params={"stream": "demo"})

    assert (entry["category"], entry["state"], entry["taken_by"], entry["drill"]) == ("lag", "open", None, False)
    assert (entry["users"], entry["samples"]) == (60, [])  # their words are kept with incidents, and nowhere else
    assert [each["category"] for each in told["complaints"]] == ["lag"]
    (room,) = told["now"]
    assert {each["category"]: (each["users"], each["samples"]) for each in room["categories"]} == {
        "lag": (60, ["好卡啊 ***********"]), "audio": (2, ["没声音"]),
    }  # fmt: skip
    assert (room["stream"], room["heard"], told["unknown"]) == ("demo", True, None)


def test_two_press_at_once_and_one_has_it(receiver: ReceiverProcess) -> None:
    """The other one is told whose it is; then it is answered once."""
    number = queued(receiver, "race")["id"]
    people = ["alice", "bob", "charlie"] * 3
    with ThreadPoolExecutor(len(people)) as crowd:
        answers = list(crowd.map(lambda by: receiver.post({"by": by}, f"{QUEUE}/{number}/take"), people))
    told = [each.raise_for_status().json() for each in answers]

    (owner,) = {each["taken_by"] for each in told}
    assert [each["by"] for each in told if each["changed"]] == [owner]
    first = receiver.post({"by": "bob", "note": "已转技术"}, f"{QUEUE}/{number}/answer").raise_for_status().json()
    assert (first["state"], first["answered_by_name"], first["note"]) == ("answered", "Bob", "已转技术")
    assert first["taken_by"] == owner
    assert 0 <= first["seconds_to_take"] <= first["seconds_waited"]
    assert receiver.post({"by": "alice"}, f"{QUEUE}/{number}/answer").status_code == 409
    again = {"by": "alice", "note": "4G 已切"}
    more = receiver.post(again, f"{QUEUE}/{number}/answer").raise_for_status().json()
    assert (more["note"], more["answered_by"], more["answered_at"]) == (
        "已转技术 · 4G 已切", "bob", first["answered_at"],
    )  # fmt: skip
    assert receiver.post(again, f"{QUEUE}/{number}/answer").status_code == 409  # stands there already
    codes = [
        receiver.post({"by": "bob", "note": sign * 200}, f"{QUEUE}/{number}/answer").status_code
        for sign in "长短多少快"
    ]
    assert codes == [200, 200, 200, 200, 409]  # all of them have an end
    assert receiver.post({"by": "alice"}, f"{QUEUE}/{number}/take").status_code == 409
    counted = 'streamwatch_complaint_answer_seconds_count{category="video"} 1.0'
    assert counted in httpx.get(f"{receiver.base}/metrics").text


def test_a_spike_is_an_entry_with_what_its_incident_keeps(
    receiver: ReceiverProcess, exporter: ExporterProcess
) -> None:
    """Four people, and Prometheus says that they are many here: linked with the incident, with its words."""
    entry = queued(receiver, "spike")
    number = entry["incident"]

    assert (entry["category"], entry["users"]) == ("price", 4)
    assert receiver.get(f"/api/v1/incidents/{number}")["stream"] == "spike"
    assert until(lambda: queued(receiver, "spike")["samples"], 60) == ["价格不对"]


def test_service_works_it_off_in_the_console(receiver: ReceiverProcess) -> None:
    """Bob sees it with words to say, takes it and notes his answer, for the audit log too. A viewer reads."""
    number = queued(receiver, "page")["id"]
    with Browser(receiver.base) as browser:
        assert browser.get("/complaints").headers["location"].startswith("/login")
        browser.log_in("charlie")
        assert "没声音" in browser.get("/complaints?stream=page").text
        assert [
            each.action for each in browser.forms(f"/complaints/{number}") if "/complaints/" in each.action
        ] == []
        browser.send(browser.form("/", "/logout"))
        browser.log_in("bob")
        page = browser.get("/complaints?stream=page")
        assert "got it, we check the sound" in page.text
        assert 'http-equiv="refresh"' in page.text
        taken = browser.send(browser.form("/complaints?stream=page", f"/{number}/take"))
        assert (taken.status_code, taken.headers["location"]) == (303, f"/complaints/{number}")
        assert "Bob is answering" in browser.get(f"/complaints/{number}").text
        assert "hand to tech → tech says" in browser.get(f"/complaints/{number}").text  # whom to hand it to
        assert 'http-equiv="refresh"' not in browser.get(f"/complaints/{number}").text  # somebody writes there
        form = browser.form(f"/complaints/{number}", "/answer")
        assert browser.send(form, press="forged").status_code == 403
        assert browser.send(form, note="told them, tech is at it").status_code == 303
        assert "answered by Bob" in browser.get("/complaints?stream=page").text
        assert "told them, tech is at it" in browser.get("/complaints?stream=page").text

    rows = receiver.get("/api/v1/audit", params={"person": "bob", "limit": 3})["audit"][:2]
    assert [(each["act"], each["how"], each["what"]) for each in rows] == [
        ("complaint_answer", "session", f"#{number} page audio: told them, tech is at it"),
        ("complaint_take", "session", f"#{number} page audio"),
    ]


def test_the_queue_by_command(receiver: ReceiverProcess, config: Path) -> None:
    """Listed, taken and answered in the terminal; what is not there is said, with exit code 1."""
    number = queued(receiver, "cli")["id"]
    listed = json.loads(command(config, "list", "--stream", "cli", "--json").output)
    assert [each["id"] for each in listed["complaints"]] == [number]
    taken = command(config, "take", number, "--by", "Alice").output
    assert ("being answered" in taken, "Alice" in taken, "8 people" in taken) == (True, True, True)
    late = command(config, "take", number, "--by", "bob")
    assert (late.exit_code, late.stdout) == (1, "")
    assert f"nothing changed: complaint #{number} is taken by Alice since" in late.stderr
    assert command(config, "take", number, "--by", "alice").exit_code == 0  # hers already
    answered = command(config, "answer", number, "--by", "alice", "--json").output
    assert json.loads(answered)["state"] == "answered"
    noted = json.loads(command(config, "answer", number, "--by", "bob", "--note", "try 4G", "--json").output)
    assert (noted["note"], noted["answered_by_name"]) == ("try 4G", "Alice")
    refused = command(config, "take", "99999", "--by", "alice")
    assert (refused.exit_code, "there is no complaint #99999" in str(refused.exception)) == (1, True)
    assert receiver.post({"by": "nobody"}, f"{QUEUE}/{number}/take").status_code == 422
    odd = httpx.get(f"{receiver.base}{QUEUE}", params={"state": "odd"}, headers=AUTH)
    assert (odd.status_code, "there is no state 'odd'" in odd.json()["detail"]) == (422, True)


def test_without_the_exporter_the_page_says_so(
    receiver: ReceiverProcess, exporter: ExporterProcess, config: Path
) -> None:
    """The last of this file: it is gone. In both languages, wide and narrow; and what waited still waits."""
    queued(receiver, "demo")
    exporter.close()
    told = receiver.get(QUEUE, params={"stream": "demo"})
    assert (told["now"], told["unknown"].startswith("the exporter does not answer")) == (None, True)
    assert [each["state"] for each in told["complaints"]] == ["open"]
    assert "the exporter does not answer" in command(config, "list").stderr
    with chromium() as browser:
        page = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844}).new_page()
        page.goto(f"{receiver.base}/login?next=/complaints")
        page.fill("[name=name]", "bob")
        page.fill("[name=passphrase]", PASSPHRASES["bob"])
        page.click("main button")
        page.wait_for_url("**/complaints")
        assert ("采集端没有应答" in page.inner_text(".banner >> nth=0"), fits(page)) == (True, True)
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(f"{receiver.base}/complaints?lang=en")
        assert ("does not answer" in page.inner_text(".banner >> nth=0"), fits(page)) == (True, True)
