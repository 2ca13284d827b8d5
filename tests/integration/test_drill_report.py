"""A drill of an emergency that people report: called like the real thing, marked, timed, ended, and kept apart."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from servers.free_port import free_port
from servers.receiver import STREAMWATCH, PhoneServer, ReceiverProcess, serving, until, write_config
from servers.story import Story
from streamwatch.incidents import trigger
from streamwatch.intake.alertmanager_api import webhook
from streamwatch.watching.drill_ends import EVERY, LASTS, DrillEnds


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, phone: PhoneServer) -> Path:
    return write_config(tmp_path_factory.mktemp("drill-report"), free_port(), phone.url)


@pytest.fixture(scope="module")
def receiver(config: Path) -> Iterator[ReceiverProcess]:
    with serving(config) as receiver:
        yield receiver


def incidents(receiver: ReceiverProcess, stream: str, state: str = "open,acknowledged") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = receiver.get("/api/v1/incidents", params={"stream": stream, "state": state})[
        "incidents"
    ]
    return found


def begin(config: Path, stream: str, *words: str) -> "subprocess.Popen[str]":
    command = [STREAMWATCH, "drill", "report", "fire", "--stream", stream, "--by", "charlie", "--config", config]
    return subprocess.Popen([*command, "--json", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_fire_drill_is_taken_and_ends(config: Path, receiver: ReceiverProcess, phone: PhoneServer) -> None:
    """Both roles are called with a mark on every message, hear of the end, and the result is kept."""
    drill = begin(config, "hall")
    try:
        (rehearsed,) = until(lambda: incidents(receiver, "hall"), 60)
        assert rehearsed["drill"]
        receiver.post({"by": "bob"}, f"/api/v1/incidents/{rehearsed['id']}/ack").raise_for_status()
        out, err = drill.communicate(timeout=120)
    finally:
        drill.kill()
        drill.communicate()

    told = json.loads(out)
    # A machine that is busy with other tests may be late; how late is judged by the unit tests.
    assert [each for each in told["wrong"] if "too late" not in each] == [], err
    assert drill.returncode == (1 if told["wrong"] else 0)
    assert told["incidents"] == [rehearsed["id"]]
    assert told["taken"] >= 0
    mine = [page for page in phone.pages if page["incident_id"] == rehearsed["id"]]
    assert {(page["to"], page["kind"]) for page in mine} == {
        (person, kind) for person in ("alice", "bob") for kind in ("firing", "over")
    }
    assert all(page["drill"] and re.match(r"【演练】|\[DRILL\]", page["title"]) for page in mine)
    assert incidents(receiver, "hall") == []
    kept = receiver.get("/api/v1/drills")["drills"][0]
    assert (kept["fault"], kept["stream"], kept["wrong"], kept["taken"]) == (
        "fire",
        "hall",
        told["wrong"],
        told["taken"],
    )


def test_a_drill_that_nobody_takes_says_so_and_ends(config: Path, receiver: ReceiverProcess) -> None:
    """Exit 1, the reason, no incident left."""
    drill = begin(config, "empty", "--timeout", "2")
    out, err = drill.communicate(timeout=120)
    assert drill.returncode == 1
    assert "nobody took it within 2 s" in json.loads(out)["wrong"]
    assert "nobody took it within 2 s" in err or "2 秒内没有人认领" in err
    assert incidents(receiver, "empty") == []


async def report(story: Story, *, drill: bool) -> None:
    matter = trigger.find("sudden_situation", "fire")
    assert matter is not None
    given = trigger.Report(matter, "demo", "", "charlie", story.clock(), f"press-{drill}", drill)
    await story.store.inbox.accept("person", webhook([trigger.firing(given)]), story.clock())
    await story.turn()


async def test_it_ends_by_itself_and_a_real_one_does_not(tmp_path: Path) -> None:
    """Whoever began it may have gone: after five minutes it is over; a real fire goes on."""
    story = Story(tmp_path)
    ends = DrillEnds(story.store, story.clock)
    await report(story, drill=True)
    await report(story, drill=False)
    assert not await ends.step()
    story.clock.advance((LASTS + EVERY).total_seconds())
    assert await ends.step()
    await story.turn()
    states = {record.incident.drill: record.incident.state for record in story.incidents()}
    assert states == {True: "resolved", False: "open"}
    story.clock.advance(EVERY.total_seconds())
    assert not await ends.step()
    await story.close()


async def test_what_a_person_reports_while_a_fault_is_drilled_is_true(tmp_path: Path) -> None:
    """An encoder is broken on purpose on this stream; the fire is real, and no message may call it a drill."""
    story = Story(tmp_path)
    story.store.drills.begin("demo", "encoder_crash", story.clock(), story.clock() + timedelta(minutes=2))
    await report(story, drill=False)
    assert [record.incident.drill for record in story.incidents()] == [False]
    await story.close()
