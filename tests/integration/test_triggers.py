"""Reporting an emergency to the real receiver: by API, by the page of a phone, by the terminal; and ending it."""

import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from servers.free_port import free_port
from servers.receiver import STREAMWATCH, PhoneServer, ReceiverProcess, serving, until, write_config
from servers.story import alert, webhook
from streamwatch.cli import group
from streamwatch.report.alarms import by_alert

PATH = "/api/v1/triggers"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer) -> Path:
    return write_config(tmp_path_factory.mktemp("triggers"), free_port(), phone.url)


@pytest.fixture(scope="module")
def receiver(config: Path) -> Iterator[ReceiverProcess]:
    with serving(config) as receiver:
        yield receiver


@pytest.fixture
def browser(receiver: ReceiverProcess) -> Iterator[httpx.Client]:
    """As a person has it: no token."""
    with httpx.Client(base_url=receiver.base, timeout=10, headers={"Accept-Language": "en"}) as client:
        yield client


def heard(phone: PhoneServer, stream: str, kind: str = "firing") -> list[str]:
    return sorted(page["to"] for page in phone.pages if (page["stream"], page["kind"]) == (stream, kind))


def trigger(receiver: ReceiverProcess, **body: Any) -> dict[str, Any]:
    reply = receiver.post(body, PATH)
    assert reply.status_code == 201, reply.text
    answer: dict[str, Any] = reply.json()["incident"]
    return answer


def resolve(receiver: ReceiverProcess, incident: str, by: str = "bob") -> httpx.Response:
    return receiver.post({"by": by, "note": "all safe"}, f"/api/v1/incidents/{incident}/resolve")


def test_a_report_by_api_opens_an_incident_and_rings(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """The answer has the number; Bob (ops) reads the step for a hijack, Alice (tech) can cut."""
    incident = trigger(
        receiver, kind="content_violation", what="hijack", stream="api", note="foreign logo", by="Alice"
    )

    assert (incident["procedure"], incident["severity"], incident["role"]) == ("content_violation", "P0", "ops")
    assert (incident["ends_by"], incident["runbook_step"]) == ("person", "first-60s")
    until(lambda: heard(phone, "api") == ["alice", "bob"])
    page = next(page for page in phone.pages if page["stream"] == "api" and page["to"] == "bob")
    assert "the stream is hijacked: foreign logo" in page["title"]
    assert page["steps"][0].startswith("1. tech: cut to the slate")


def test_a_person_ends_it_once(receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """Everyone who was called hears of it; said again, it is over already."""
    incident = trigger(receiver, kind="other", stream="ends", note="odd noise")["id"]
    until(lambda: heard(phone, "ends") == ["bob"])
    over = resolve(receiver, incident)

    assert (over.status_code, over.json()["state"], over.json()["ends_by"]) == (200, "resolved", "probes")
    until(lambda: heard(phone, "ends", "over") == ["bob"])
    assert resolve(receiver, incident).status_code == 409
    assert resolve(receiver, "99999").status_code == 404


def test_what_probes_tell_is_not_ended_by_a_word(receiver: ReceiverProcess) -> None:
    """It could be silence that a tired person wants."""
    receiver.post(webhook(alert(stream="probed")))
    found = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "probed"})["incidents"])
    refusal = resolve(receiver, found[0]["id"])
    assert (refusal.status_code, "measured" in refusal.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "earthquake", "stream": "bad"},
        {"kind": "content_violation", "what": "fire", "stream": "bad"},
        {"kind": "other"},
        {"kind": "other", "stream": ""},
        {"kind": "other", "stream": "bad", "by": "mallory"},
        {"kind": "other", "stream": "bad", "note": "x" * 201},
        {"kind": "other", "stream": "bad", "severity": "P3"},
    ],
)
def test_what_cannot_be_reported_is_refused_and_calls_nobody(
    receiver: ReceiverProcess, phone: PhoneServer, body: dict[str, Any]
) -> None:
    """422 with what there is."""
    assert receiver.post(body, PATH).status_code == 422
    assert not receiver.get("/api/v1/incidents", params={"stream": "bad"})["incidents"]


def test_without_a_token_the_api_takes_nothing(receiver: ReceiverProcess) -> None:
    """401 for the report, its end, a mark and evidence."""
    for path in (PATH, *(f"/api/v1/incidents/1/{what}" for what in ("resolve", "marks", "evidence?name=x&by=bob"))):
        assert httpx.post(receiver.base + path, json={"kind": "other", "stream": "x"}).status_code == 401


def pressed(browser: httpx.Client, path: str) -> str:
    """The hidden mark of the form on *path*."""
    return re.search(r'name="press" value="([^"]+)"', browser.get(path).text)[1]  # type: ignore[index]


def test_two_taps_on_a_phone(receiver: ReceiverProcess, phone: PhoneServer, browser: httpx.Client) -> None:
    """Choose, confirm; the next page says who was reached. Looking calls nobody."""
    choices = browser.get("/sos", params={"stream": "tapped"}).text
    link = next(each for each in re.findall(r'href="([^"]+)"', choices) if "fire" in each)
    confirm = browser.get(link).text
    assert 'href="tel:119"' in confirm
    assert not receiver.get("/api/v1/incidents", params={"stream": "tapped"})["incidents"]

    form = {"press": pressed(browser, link), "stream": "tapped", "by": "charlie", "note": "kitchen"}
    answer = browser.post(link, data=form)
    assert answer.status_code == 303
    sent = until(lambda: (text := browser.get(answer.headers["location"]).text).count("delivered") >= 2 and text)
    assert "fire, smoke: kitchen" in sent
    assert heard(phone, "tapped") == ["alice", "bob"]


def test_a_form_from_elsewhere_reports_nothing(receiver: ReceiverProcess, browser: httpx.Client) -> None:
    """A page elsewhere can make a browser post; without the mark of our form nothing happens."""
    for mark in ("", "sos", pressed(browser, "/sos/other")[::-1]):
        reply = browser.post("/sos/other", data={"press": mark, "stream": "forged"})
        assert reply.status_code == 403
    assert browser.post("/incidents/1/resolve", data={"by": "bob"}).status_code == 403
    assert not receiver.get("/api/v1/incidents", params={"stream": "forged"})["incidents"]


def test_get_never_acts(receiver: ReceiverProcess, browser: httpx.Client) -> None:
    """Chat programs open every link of a page to preview it."""
    before = receiver.get("/api/v1/incidents")["incidents"]
    for kind in receiver.get(PATH)["triggers"]:
        path = f"/sos/{kind['kind']}" + (f"/{kind['what']}" if kind["what"] else "")
        assert browser.get(path, params={"stream": "looked"}).status_code == 200
    assert browser.get("/sos/sent/0000").status_code == 200
    assert browser.get("/sos/earthquake").status_code == 404
    assert len(receiver.get("/api/v1/incidents")["incidents"]) == len(before)


def test_the_page_of_the_incident_has_the_button(receiver: ReceiverProcess, browser: httpx.Client) -> None:
    """Ended by whoever says so, and then there is no button any more."""
    incident = trigger(receiver, kind="sudden_situation", what="venue", stream="button")["id"]
    path = f"/incidents/{incident}"
    assert "It is over" in browser.get(path).text
    form = {"press": pressed(browser, path), "by": "alice", "note": "rain is over"}
    assert browser.post(f"{path}/resolve", data=form).status_code == 303
    page = browser.get(path).text
    assert "Alice says that it is over: rain is over" in page
    assert "It is over</button>" not in page


def test_whoever_took_it_ends_it_by_the_same_link(
    receiver: ReceiverProcess, phone: PhoneServer, browser: httpx.Client
) -> None:
    """No console and no password on a phone: take it, later end it. Looking does neither."""
    incident = trigger(receiver, kind="other", stream="by link", note="alarm bell")["id"]
    link = until(lambda: next((page["ack_url"] for page in phone.pages if page["stream"] == "by link"), ""))
    browser.post(link)
    assert "It is over · Bob" in browser.get(link).text
    assert browser.get(f"{link}/over").status_code == 405
    assert browser.post(f"{link}x/over").status_code == 404
    assert browser.post(f"{link}/over").status_code == 303
    assert receiver.get(f"/api/v1/incidents/{incident}")["state"] == "resolved"
    assert "over" in browser.get(link).text


def test_marks_measure_the_time_to_cut_and_to_report(receiver: ReceiverProcess) -> None:
    """From when it was noticed; the first of each counts; no limit is stated."""
    incident = trigger(receiver, kind="content_violation", stream="marked")
    opened = datetime.fromisoformat(incident["opened_at"])
    for seconds, what in ((0, "cut"), (0, "cut"), (0.001, "authority_told")):
        body = {"mark": what, "by": "bob", "at": (opened + timedelta(seconds=seconds)).isoformat()}
        shown = receiver.post(body, f"/api/v1/incidents/{incident['id']}/marks").json()
    assert abs(shown["seconds_to_cut"]) < 0.001
    assert shown["seconds_to_tell"] == pytest.approx(0.001, abs=0.001)

    late = {"mark": "cut", "by": "bob", "at": (opened + timedelta(hours=1)).isoformat()}
    assert receiver.post(late, f"/api/v1/incidents/{incident['id']}/marks").status_code == 422


def run(config: Path, *words: str, code: int = 0, language: str = "en") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "STREAMWATCH_LANG": language}
    done = subprocess.run(
        [STREAMWATCH, *words, "--config", str(config)], capture_output=True, text=True, timeout=60, env=environment,
        check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr + done.stdout
    return done


def test_from_the_terminal(receiver: ReceiverProcess, config: Path, phone: PhoneServer) -> None:
    """The numbers to telephone first; then who is called; then its end."""
    said = run(config, "trigger", "sudden_situation", "--what", "injury", "--stream", "terminal", "--by", "alice")
    assert "ambulance 120" in said.stderr
    number = re.search(r"incident #(\d+), calling Bob, Alice", said.stdout)[1]  # type: ignore[index]
    until(lambda: heard(phone, "terminal") == ["alice", "bob"])
    assert "已结束" in run(config, "resolve", number, "--by", "bob", language="zh").stdout
    assert "over already" in run(config, "resolve", number, "--by", "bob", code=1).stderr
    assert "platform_cut" in run(config, "trigger", "content_violation", "--what", "fire", code=1).stderr


def test_what_was_merged_says_where_it_went(receiver: ReceiverProcess, config: Path) -> None:
    """In both languages, and nothing is ended by the old number; then that the other one is over too."""
    for what in ("fire", "injury"):
        receiver.post({"kind": "sudden_situation", "what": what, "stream": "moved", "note": ""}, PATH)
    two = until(
        lambda: (
            len(found := receiver.get("/api/v1/incidents", params={"stream": "moved"})["incidents"]) == 2 and found
        )
    )
    into, gone = (each["id"] for each in two)
    run(config, "merge", gone, "--into", into, "--by", "bob")
    refusal = run(config, "resolve", gone, "--by", "bob", code=1)
    assert f"incident #{gone} is part of #{into}, to end that one: streamwatch resolve {into}" in refusal.stderr
    refusal = run(config, "resolve", gone, "--by", "bob", language="zh", code=1)
    assert f"事件 #{gone} 已并入 #{into}，要结束请用 streamwatch resolve {into}" in refusal.stderr
    assert receiver.get(f"/api/v1/incidents/{into}")["state"] == "open"

    resolve(receiver, into)
    until(lambda: receiver.get(f"/api/v1/incidents/{into}")["state"] == "resolved")
    assert f"part of #{into}, which is over already" in run(config, "resolve", gone, "--by", "bob", code=1).stderr
    assert "也已经结束" in run(config, "resolve", gone, "--by", "bob", language="zh", code=1).stderr


def test_an_interruption_is_over_when_the_probes_agree(receiver: ReceiverProcess, config: Path) -> None:
    """A person's word ends the person's report; the command says what still fires, and exits 1."""
    receiver.post(webhook(alert(stream="both")))
    found = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "both"})["incidents"])
    said = run(config, "trigger", "stream_interruption", "--stream", "both", "--json")
    assert json.loads(said.stdout)["incident"]["id"] == found[0]["id"]
    refusal = run(config, "resolve", found[0]["id"], "--by", "bob", code=1)
    assert "still firing: StreamNotPublishing" in refusal.stderr


def test_nothing_is_promised_that_is_not_on_the_disk(tmp_path: Path, phone: PhoneServer) -> None:
    """A database that takes nothing: 503, and to telephone."""
    port = free_port()
    receiver = ReceiverProcess(write_config(tmp_path, port, phone.url), port)
    receiver.start()
    try:
        with sqlite3.connect(tmp_path / "data" / "streamwatch.db") as database:
            database.execute("ALTER TABLE inbox RENAME TO gone")
        database.close()
        reply = receiver.post({"kind": "other", "stream": "lost"}, PATH)
        assert (reply.status_code, "telephone" in reply.json()["detail"]) == (503, True)
    finally:
        receiver.stop()


def test_kill_9_after_the_answer_loses_no_report(tmp_path: Path) -> None:
    """Answered, killed, started: it rings."""
    phone, port = PhoneServer(), free_port()
    receiver = ReceiverProcess(write_config(tmp_path, port, phone.url), port)
    receiver.start()
    try:
        assert receiver.post({"kind": "sudden_situation", "what": "fire", "stream": "killed"}, PATH).is_success
        receiver.kill()
        receiver.start()
        until(lambda: set(heard(phone, "killed")) == {"alice", "bob"})
    finally:
        receiver.stop()
        phone.close()


def test_where_nobody_logs_in_people_choose_who_they_are(
    config: Path, receiver: ReceiverProcess, browser: httpx.Client
) -> None:
    """Their alerts of a month, each with when, how soon it was taken and how it ended; rated from the terminal."""
    receiver.post(webhook(alert(stream="mine")))
    (incident,) = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "mine"})["incidents"])
    assert "choose who you are" in browser.get("/mine").text
    receiver.post({"by": "bob"}, f"/api/v1/incidents/{incident['id']}/ack")
    number = incident["id"]

    def useful(*words: str) -> str:
        asked = ["useful", number, "--by", "Alice", *words, "--config", str(config)]
        return CliRunner().invoke(group, asked, env={"STREAMWATCH_LANG": "zh"}).output

    assert useful() == f"事件 #{number}：Alice 还没有说过；请写 --yes 或 --no\n"
    assert useful("--no", "--why", "known") == f"事件 #{number}：没用\n"
    assert "--why 要和 --yes 或 --no 一起写" in useful("--why", "calm")
    (said,) = json.loads(useful("--json"))["ratings"]  # only shown: nothing is wiped
    assert (said["person"], said["useful"], said["why"]) == ("alice", False, "known")
    assert useful() == f"事件 #{number}：没用（known）\n"
    page = browser.get("/mine?person=alice").text
    own = page[page.index(f'id="i{incident["id"]}"') :].partition("</article>")[0]
    assert ("not taken by me" in own, "not useful" in own, "known" in own) == (True, True, True)
    assert browser.get("/mine?person=nobody").status_code == 422


def test_a_false_alarm_is_said_on_the_incident_and_counted_by_alert(
    config: Path, receiver: ReceiverProcess, browser: httpx.Client
) -> None:
    """From the terminal; the page shows it and asks no more; a number that is none is told."""
    receiver.post(webhook(alert(stream="wolf")))
    (incident,) = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "wolf"})["incidents"])
    assert "It was a false alarm" in browser.get(f"/incidents/{incident['id']}").text
    command = [STREAMWATCH, "mark", incident["id"], "false_alarm", "--by", "alice", "--note", "all fine"]
    subprocess.run([*command, "--config", config], check=True, capture_output=True)
    shown = receiver.get(f"/api/v1/incidents/{incident['id']}")
    assert shown["false_alarm_at"]
    assert "Alice notes: a false alarm" in [row["text_en"] for row in shown["timeline"]][-1]
    page = browser.get(f"/incidents/{incident['id']}").text
    assert ("called a false alarm" in page, "It was a false alarm" in page) == (True, False)
    (counted,) = by_alert([shown])
    assert (counted["alertname"], counted["incidents"], counted["false_alarms"]) == (shown["alertname"], 1, 1)
    refused = subprocess.run(
        [*command[:2], "99999", *command[3:], "--config", config], check=False, capture_output=True, text=True
    )
    assert (refused.returncode, "#99999" in refused.stderr) == (1, True)
