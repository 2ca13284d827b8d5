"""Emergencies that people report, as a story on a clock: who is called, what joins, who ends it."""

from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import respx

from servers.postgresql import PostgreSQL
from servers.story import Story, alert
from streamwatch.incidents import trigger
from streamwatch.incidents.escalating import Escalating
from streamwatch.incidents.escalation import DEFAULT
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.intake.alertmanager_api import webhook
from streamwatch.store.reports import EvidenceFile
from streamwatch.watching.reconciling import Reconciling

URL = "http://127.0.0.1:9093"


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    story = Story(tmp_path)
    yield story
    await story.close()


async def press(story: Story, kind: str, what: str = "", *, by: str | None = "charlie", note: str = "") -> None:
    matter = trigger.find(kind, what)
    assert matter is not None
    given = trigger.Report(matter, "demo", note, by, story.clock(), f"{story.clock.now.timestamp()}-{kind}-{what}")
    await take(story, trigger.firing(given))


async def take(story: Story, *alerts: dict[str, Any]) -> None:
    await story.store.inbox.accept("person", webhook(list(alerts)), story.clock())
    await story.turn()


async def end(story: Story, incident: int, by: str = "bob") -> None:
    at = story.clock()
    rows = story.store.reports.firing(incident)
    await take(story, *(trigger.over(r.labels, r.fingerprint, r.starts_at, by, "safe", at) for r in rows))


async def test_a_fire_calls_who_decides_and_who_can_cut(story: Story) -> None:
    """Bob has ops, Alice has tech: both at once; Charlie, who reported it, is in the timeline."""
    await press(story, "sudden_situation", "fire", note="third floor")

    (record,) = story.incidents()
    assert sorted(story.phone.heard()) == [("alice", "firing"), ("bob", "firing")]
    assert (record.incident.severity, record.incident.role) == ("P0", "ops")
    assert record.incident.runbook_step == "fire"
    told = next(row for row in record.timeline if row.kind == "reported")
    assert told.text_en == "charlie reports: fire, smoke: third floor"


async def test_pressed_by_two_people_it_calls_once(story: Story) -> None:
    """Both are in the timeline."""
    await press(story, "sudden_situation", "fire")
    story.clock.advance(30)
    await press(story, "sudden_situation", "fire", by=None)

    (record,) = story.incidents()
    assert len(story.phone.heard()) == 2
    assert story.kinds(record).count("joined") == 1
    assert "reported_by_somebody" in story.kinds(record)


async def test_a_fire_in_a_power_cut_calls_again(story: Story) -> None:
    """It is another matter, with another step to take."""
    await press(story, "sudden_situation", "power")
    await press(story, "sudden_situation", "fire")
    assert len(story.incidents()) == 2
    assert story.phone.heard().count(("bob", "firing")) == 2


async def test_what_nobody_ended_does_not_swallow_the_next(story: Story) -> None:
    """The fire of the morning was taken and never ended; that of the evening calls again."""
    await press(story, "sudden_situation", "fire")
    (record,) = story.incidents()
    story.store.acks.acknowledge(record.incident.id, "bob", story.clock())
    story.clock.advance(6 * 3600)
    await press(story, "sudden_situation", "fire")

    (record,) = story.incidents()
    assert record.incident.state == "open"
    assert sorted(story.phone.heard()[2:]) == [("alice", "raised"), ("bob", "raised")]


async def test_an_interruption_joins_what_the_probes_tell(story: Story) -> None:
    """Alice has been called already: one trouble, one call; the probes' end leaves the person's word standing."""
    await story.push(alert())
    await press(story, "stream_interruption")
    (record,) = story.incidents()
    assert story.phone.heard() == [("alice", "firing")]

    story.clock.advance(60)
    await story.push(alert(status="resolved"))
    assert story.incidents()[0].incident.state == "open"
    await end(story, record.incident.id)
    assert story.incidents()[0].incident.state == "resolved"


async def test_a_person_ends_it_and_everyone_who_was_called_hears_of_it(story: Story) -> None:
    """With the name of who said so."""
    await press(story, "content_violation", "hijack")
    story.clock.advance(300)
    await end(story, story.incidents()[0].incident.id)

    (record,) = story.incidents()
    assert record.incident.state == "resolved"
    assert sorted(story.phone.heard()[2:]) == [("alice", "over"), ("bob", "over")]
    closed = next(row for row in record.timeline if row.kind == "closed")
    assert closed.text_en == "bob says that it is over: safe"


async def test_a_report_that_nobody_takes_escalates(story: Story) -> None:
    """As every P0 does: after two and a half minutes everyone."""
    escalating = Escalating(story.store, lambda: story.book, lambda: DEFAULT, story.clock)
    await press(story, "sudden_situation", "")
    for _ in range(4):
        story.clock.advance(40)
        await escalating.step()
        await story.turn()
    assert {to for to, _ in story.phone.heard()} == {"alice", "bob", "charlie"}


async def test_reconciling_leaves_it_alone(story: Story) -> None:
    """Alertmanager never heard of it, which is no reason to end it; an alert of a rule that it lost is ended."""
    await press(story, "sudden_situation", "fire")
    await story.push(alert())
    reconciling = Reconciling(story.store, story.http, lambda: URL, story.clock)
    watchdog = alert("Watchdog", severity="none")
    listed = {**watchdog, "receivers": [{"name": "streamwatch"}], "status": {"state": "active"}, "fingerprint": "w"}
    for _ in range(0, 300, 15):
        story.clock.advance(15)
        await story.push(watchdog)
        with respx.mock:
            respx.get(f"{URL}/api/v2/alerts").respond(json=[listed])
            await reconciling.step()
        await story.turn()

    states = {each.incident.procedure: each.incident.state for each in story.incidents()}
    assert states == {"sudden_situation": "open", "stream_interruption": "resolved"}


async def test_who_keeps_evidence_is_at_work(story: Story) -> None:
    """An ack runs out when nothing is heard; a mark and a file are heard."""
    await press(story, "content_violation")
    number = story.incidents()[0].incident.id
    story.store.acks.acknowledge(number, "bob", story.clock())
    story.clock.advance(60)
    marked = story.clock.now
    story.store.reports.mark(number, tell(Kind.CUT, person="bob", what=""), marked - timedelta(seconds=30), marked)
    assert story.incidents()[0].incident.progressed_at == marked
    story.clock.advance(60)
    file = EvidenceFile("a", "1/a", 1, "0" * 64, "", story.clock(), "bob")
    story.store.reports.keep(number, file, tell(Kind.EVIDENCE_KEPT, person="bob", what="a", digest="0"))
    assert story.incidents()[0].incident.progressed_at == story.clock.now


async def test_it_survives_kill_9(story: Story) -> None:
    """Accepted, not folded, killed: after the start the call goes out."""
    matter = trigger.find("sudden_situation", "injury")
    assert matter is not None
    given = trigger.Report(matter, "demo", "", None, story.clock(), "x")
    await story.store.inbox.accept("person", webhook([trigger.firing(given)]), story.clock())
    await story.restart()
    story.clock.advance(timedelta(seconds=1).total_seconds())
    await story.turn()
    assert sorted(story.phone.heard()) == [("alice", "firing"), ("bob", "firing")]


async def test_it_is_the_same_on_postgresql(tmp_path: Path) -> None:
    """Reported twice, later again, a file kept, ended: every statement of it."""
    with closing(PostgreSQL()) as server:
        story = Story(tmp_path, database=server.url())
        await press(story, "sudden_situation", "fire")
        await press(story, "sudden_situation", "fire", by=None)
        story.clock.advance(3600)
        await press(story, "sudden_situation", "fire")
        (record,) = story.incidents()
        assert sorted(kind for _, kind in story.phone.heard()) == ["firing", "firing", "raised", "raised"]

        number = record.incident.id
        file = EvidenceFile("a.png", "1/a.png", 2**33, "0" * 64, "", story.clock(), "bob")
        kept = story.store.reports.keep(number, file, tell(Kind.EVIDENCE_KEPT, person="bob", what="a", digest="0"))
        found = story.store.reports.file(number, kept)
        assert found is not None
        assert (found.bytes, story.store.reports.file(number + 1, kept)) == (2**33, None)
        assert story.store.reports.streams() == ["demo"]
        await end(story, number)
        assert story.incidents()[0].incident.state == "resolved"
        await story.close()
