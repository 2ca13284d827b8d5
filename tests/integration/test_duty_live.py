"""Duty while the receiver runs: overrides, swaps, sessions that begin early, hand-overs, the calendar of phones."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from servers.duty_file import write_duty_file
from servers.free_port import free_port
from servers.receiver import STREAMWATCH, PhoneServer, ReceiverProcess, serving, until, write_config
from servers.story import alert, webhook

NOW = datetime.now().astimezone()
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer) -> Path:
    """Alice has tech in her turn of this week; the show of this evening begins in three hours. That of `early`,
    where Bob has tech, ended ten minutes ago.
    """
    folder = tmp_path_factory.mktemp("duty")
    write_duty_file(folder)  # for its small procedure
    port = free_port()
    show = {
        "id": "show/1",
        "stream": "demo",
        "start": NOW + 3 * HOUR,
        "end": NOW + 5 * HOUR,
        "expected_viewers": 900,
        "platform": "抖音",
        "room": "8812",
        "site": "二号棚",
    }
    times = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in show.items()}
    over = {"id": "双十二-A", "stream": "early", "start": (NOW - 3 * HOUR).isoformat(),
            "end": (NOW - HOUR / 6).isoformat(), "duty": {"tech": ["bob"]}}  # fmt: skip
    sessions = [times | {"duty": {"host": ["charlie"]}}, over]
    return write_config(folder, port, phone.url, alert_rules="alert_rules", sessions=sessions)


@pytest.fixture(scope="module")
def receiver(config: Path) -> Iterator[ReceiverProcess]:
    with serving(config) as receiver:
        yield receiver


def command(config: Path, *words: str, code: int = 0) -> Any:
    """What a command prints as JSON."""
    done = subprocess.run(
        [STREAMWATCH, *words, "--config", config, "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


def called(
    receiver: ReceiverProcess, role: str = "tech", stream: str = "demo", at: datetime | None = None
) -> list[str]:
    params = {"role": role, "stream": stream} | ({"at": at.isoformat()} if at else {})
    (answer,) = receiver.get("/api/v1/duty", params=params)["duty"]
    found: list[str] = answer["people"]
    return found


def metric(receiver: ReceiverProcess, line: str) -> float:
    page = httpx.get(f"{receiver.base}/metrics").text
    return next(float(each.rpartition(" ")[2]) for each in page.splitlines() if each.startswith(line))


def test_the_console_and_the_api_name_those_of_a_session_too(receiver: ReceiverProcess) -> None:
    """Half an hour after its end its list still counts: Bob is called there, and Alice everywhere else."""
    told = receiver.get("/api/v1/duty", params={"role": "tech"})
    page = httpx.get(f"{receiver.base}/", headers={"Accept-Language": "en"}).text
    table = " ".join(re.sub(r"<[^>]+>", " ", page.partition("On duty now")[2].partition("</table>")[0]).split())

    assert [each["people"] for each in told["duty"]] == [["alice"]]
    (own,) = told["streams"]
    assert (own["stream"], own["session"], own["phase"]) == ("early", "双十二-A", "after")
    assert [(each["role"], each["people"]) for each in own["duty"]] == [("tech", ["bob"])]
    assert "tech Alice Bob default duty list" in table
    assert "Stream early · session 双十二-A · after the end tech Bob duty list of session 双十二-A" in table


def test_an_override_counts_at_once_and_until_it_is_withdrawn(config: Path, receiver: ReceiverProcess) -> None:
    """Bob for Alice, by the command; who answers like the receiver, and the page goes to Bob."""
    assert called(receiver) == ["alice"]
    made = command(
        config, "duty", "override", "--role", "tech", "--person", "Bob", "--to", (NOW + HOUR).isoformat(),
        "--by", "alice", "--reason", "病假",
    )  # fmt: skip
    assert called(receiver) == ["bob"]
    (told,) = command(config, "who", "--role", "tech", "--stream", "demo")["duty"]
    assert (told["people"], told["reason_zh"]) == (["bob"], "默认值班表，由 Alice 改派（病假）")

    command(config, "duty", "withdraw", made["ids"][0])
    assert called(receiver) == ["alice"]
    assert "no override" in command(config, "duty", "withdraw", made["ids"][0], code=1)


def test_a_swap_is_both_or_nothing(config: Path, receiver: ReceiverProcess) -> None:
    """Alice and Bob change places on two days; with a mistake in the second neither is made."""
    days = [NOW + timedelta(days=day) for day in (2, 3, 4)]
    one, two, three = (each.isoformat() for each in days)
    swap = ("duty", "swap", "--role", "ops", "alice", one, two, "bob", two, three)
    command(config, *swap)
    assert called(receiver, "ops", at=days[0] + HOUR) == ["bob"]
    assert called(receiver, "ops", at=days[1] + HOUR) == ["alice"]

    before = receiver.get("/api/v1/duty/overrides")["overrides"]
    command(config, *swap[:-1], (NOW - HOUR).isoformat(), code=1)
    assert receiver.get("/api/v1/duty/overrides")["overrides"] == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"person": "mallory"}, "nobody has the id 'mallory'"),
        ({"role": "host"}, "Input should be 'tech'"),
        ({"to": (NOW - HOUR).isoformat()}, "it ends before it starts"),
        ({"from": (NOW - 2 * HOUR).isoformat(), "to": (NOW - HOUR).isoformat()}, "it is over already"),
        ({"to": "2026-11-22T10:00"}, "timezone"),
    ],
)
def test_an_override_that_cannot_be_is_refused(
    receiver: ReceiverProcess, change: dict[str, str], says: str
) -> None:
    """With its reason, and nothing is kept."""
    good = {"role": "tech", "person": "bob", "from": NOW.isoformat(), "to": (NOW + HOUR).isoformat()}
    reply = receiver.post({"overrides": [good | change]}, "/api/v1/duty/overrides")
    assert (reply.status_code, says in reply.text) == (422, True)
    assert called(receiver) == ["alice"]


def test_nobody_changes_duty_without_the_token(receiver: ReceiverProcess) -> None:
    """Neither overrides nor sessions nor incidents."""
    for path in ("/duty/overrides", "/sessions/show/1/start", "/incidents/1/take-over"):
        assert httpx.post(f"{receiver.base}/api/v1{path}", json={}).status_code == 401


def test_what_was_said_survives_a_reload_and_a_restart(config: Path, receiver: ReceiverProcess) -> None:
    """The file is swapped as a whole; what was said on the fly is in the database."""
    made = command(
        config, "duty", "override", "--role", "service", "--person", "charlie", "--to", (NOW + HOUR).isoformat()
    )
    assert receiver.post({}, "/-/reload").status_code == 200
    assert called(receiver, "service") == ["charlie"]
    receiver.kill()
    receiver.start()
    assert called(receiver, "service") == ["charlie"]
    command(config, "duty", "withdraw", made["ids"][0])


def test_an_early_start_and_a_late_end_are_metrics_at_once(config: Path, receiver: ReceiverProcess) -> None:
    """Off air; started three hours early on air; ended after; started again it goes on."""
    phase = 'streamwatch_session_phase{phase="%s",stream="demo"}'
    assert metric(receiver, phase % "off_air") == 1
    assert command(config, "session", "start", "show/1", "--by", "bob")["changed"]
    assert (metric(receiver, phase % "on_air"), metric(receiver, phase % "off_air")) == (1, 0)
    assert metric(receiver, 'streamwatch_session_expected_viewers{stream="demo"}') == 900
    assert not command(config, "session", "start", "show/1")["changed"]

    assert command(config, "session", "end", "show/1")["phase"] == "after"
    assert metric(receiver, phase % "after") == 1
    assert command(config, "session", "start", "show/1")["phase"] == "on_air"
    longer = command(config, "session", "end", "show/1", "--at", (NOW + 7 * HOUR).isoformat())
    assert (longer["phase"], longer["ended"][:13]) == (
        "on_air",
        (NOW + 7 * HOUR).astimezone(_zone(longer)).isoformat()[:13],
    )


def test_a_session_says_where_it_is(config: Path, receiver: ReceiverProcess) -> None:
    """Platform, room and place: in the list for people, by the API, and in no metric."""
    (shown,) = command(config, "session", "list", "--stream", "demo")["sessions"]
    assert (shown["platform"], shown["room"], shown["site"]) == ("抖音", "8812", "二号棚")
    listed = [STREAMWATCH, "session", "list", "--config", config]
    line = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
    assert line.rstrip().endswith("抖音 · 8812 · 二号棚")
    metrics = httpx.get(f"{receiver.base}/metrics").text
    assert [word for word in ("抖音", "8812", "二号棚") if word in metrics] == []


def _zone(session: dict[str, Any]) -> Any:
    return datetime.fromisoformat(session["ended"]).tzinfo


def test_a_host_on_air_early_is_not_called(config: Path, receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """Charlie hosts and is on air before the plan: an override to him is passed over, and the timeline says why."""
    command(config, "session", "start", "show/1")
    made = command(
        config, "duty", "override", "--role", "data", "--person", "charlie", "--to", (NOW + HOUR).isoformat()
    )
    receiver.post(webhook(alert("Passed", stream="studio", role="data", severity="P2")))
    (incident,) = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "studio"})["incidents"])
    timeline = receiver.get(f"/api/v1/incidents/{incident['id']}")["timeline"]
    assert "Charlie is not called: on air" in [row["text_en"] for row in timeline]
    assert "未呼叫 Charlie：正在出镜" in [row["text_zh"] for row in timeline]
    assert until(lambda: {page["person"] for page in phone.pages if page["stream"] == "studio"})
    assert "charlie" not in {page["person"] for page in phone.pages if page["stream"] == "studio"}
    command(config, "duty", "withdraw", made["ids"][0])


def test_a_session_that_is_not_there_names_those_that_are(config: Path, receiver: ReceiverProcess) -> None:
    """And a time that cannot be is refused."""
    assert "near ones are: show/1" in command(config, "session", "start", "show/2", code=1)
    later = (NOW + HOUR).isoformat()
    assert "future" in command(config, "session", "start", "show/1", "--at", later, code=1)
    never = (NOW + 40 * HOUR).isoformat()
    assert "12 hours" in command(config, "session", "end", "show/1", "--at", never, code=1)


def test_who_comes_takes_over_by_a_button(config: Path, receiver: ReceiverProcess) -> None:
    """Alice had it; the card shows it to Bob, opening it changes nothing, the button does, and it is on record."""
    receiver.post(webhook(alert("Handed", stream="handed")))
    (incident,) = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "handed"})["incidents"])
    receiver.post({"by": "alice"}, f"/api/v1/incidents/{incident['id']}/ack")
    card = command(config, "duty", "handover", "--person", "bob")
    assert incident["id"] in [each["id"] for each in card["incidents"]]

    page = httpx.get(card["link"], headers={"Accept-Language": "en"})
    assert _has(receiver, incident["id"]) == "alice"
    action = next(
        each for each in re.findall(r'action="([^"]+)"', page.text) if each.endswith(f"/{incident['id']}")
    )
    assert "I take it over · Bob" in page.text
    pressed = httpx.post(receiver.base + action, follow_redirects=True)
    assert pressed.status_code == 200
    assert _has(receiver, incident["id"]) == "bob"
    whole = receiver.get(f"/api/v1/incidents/{incident['id']}")
    assert "Bob takes over from Alice" in [row["text_en"] for row in whole["timeline"]]
    assert f'/{incident["id"]}"' not in "".join(re.findall(r'action="[^"]+"', pressed.text))


def _has(receiver: ReceiverProcess, incident: str) -> str:
    found: str = receiver.get(f"/api/v1/incidents/{incident}")["acknowledged_by"]
    return found


def test_the_console_has_the_card_too(receiver: ReceiverProcess) -> None:
    """On this machine without a password; the button is in the name of whoever is on duty."""
    page = httpx.get(f"{receiver.base}/handover", headers={"Accept-Language": "zh"})
    assert (page.status_code, "交接班" in page.text, "我接手 · Alice" in page.text) == (200, True, True)


def test_a_take_over_needs_an_incident_that_is_open(receiver: ReceiverProcess) -> None:
    """404 for none; taking what one has changes nothing."""
    assert receiver.post({"by": "bob"}, "/api/v1/incidents/9999/take-over").status_code == 404
    receiver.post(webhook(alert("Twice", stream="twice")))
    (incident,) = until(lambda: receiver.get("/api/v1/incidents", params={"stream": "twice"})["incidents"])
    path = f"/api/v1/incidents/{incident['id']}/take-over"
    assert [receiver.post({"by": "bob"}, path).json()["changed"] for _ in range(2)] == [True, False]


def test_a_phone_subscribes_to_its_duty(config: Path, receiver: ReceiverProcess) -> None:
    """By a token that opens this and nothing else: one person's, everybody's, none at all."""
    links = {
        person: command(config, "duty", "calendar", *(("--person", person) if person else ()))["link"]
        for person in ("", "charlie", "alice")
    }
    feeds = {person: httpx.get(link) for person, link in links.items()}
    assert {reply.headers["content-type"] for reply in feeds.values()} == {"text/calendar; charset=utf-8"}
    shows = {
        person: [
            str(event["SUMMARY"]) for event in Calendar.from_ical(reply.text).walk("VEVENT") if "LOCATION" in event
        ]
        for person, reply in feeds.items()
    }
    assert shows == {"": ["show/1", "双十二-A"], "charlie": ["show/1"], "alice": []}
    token = links["alice"].partition("token=")[2]
    assert httpx.get(f"{receiver.base}/duty.ics", params={"token": token + "x"}).status_code == 404
    assert httpx.get(f"{receiver.base}/h/{token}").status_code == 404
    assert (
        httpx.get(f"{receiver.base}/api/v1/duty", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    )


def test_the_preview_of_the_api_is_the_one_of_the_command(config: Path, receiver: ReceiverProcess) -> None:
    """Same people at the same times."""
    asked = receiver.get("/api/v1/duty/preview", params={"days": 3, "role": "tech"})["shifts"]
    told = command(config, "duty", "preview", "--days", "3", "--role", "tech")["shifts"]
    assert [(each["stream"], each["people"], each["source"]) for each in asked] == [
        (each["stream"], each["people"], each["source"]) for each in told
    ]
