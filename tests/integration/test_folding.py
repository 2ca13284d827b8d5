"""Webhooks become incidents and pages: on a real database, on a clock that the test moves."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from servers.story import NOON, Phone, Story, alert, book, person
from streamwatch.duty import Session


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    story = Story(tmp_path)
    yield story
    await story.close()


async def test_alice_is_paged_with_the_step_to_do_now(story: Story) -> None:
    """An alert of role tech calls Alice alone, with the runbook's steps and a link to acknowledge."""
    await story.push(alert())

    ((to, message),) = story.phone.rang
    assert to == "alice"
    assert message.title == "【P0】demo 推流断开 @Alice"
    assert message.steps[0] == "1. 第 1"
    assert message.ack_url is not None
    assert message.ack_url.startswith("http://127.0.0.1:8780/a/")


async def test_the_same_webhook_a_hundred_times_is_one_page(story: Story) -> None:
    """Retries and a second Alertmanager are absorbed and counted, in whatever order they come."""
    order = random.Random(7)
    posts = [alert(status=status) for status in ("firing", "resolved") for _ in range(50)]
    await story.push(alert())
    order.shuffle(posts)

    for post in posts:
        await story.push(post)

    assert story.phone.heard() == [("alice", "firing"), ("alice", "over")]
    assert len(story.incidents()) == 1
    assert story.metrics.registry.get_sample_value("streamwatch_alerts_total", {"move": "duplicate"}) == 99


async def test_alerts_of_one_stream_and_procedure_are_one_incident(story: Story) -> None:
    """A second symptom joins as evidence: it is on the timeline and wakes nobody again."""
    await story.push(alert())
    await story.push(alert("PlaybackStalled", hop="playback"))

    (record,) = story.incidents()
    assert story.phone.heard() == [("alice", "firing")]
    assert "joined" in story.kinds(record)
    assert len(record.episodes) == 2


async def test_what_is_the_work_of_another_role_calls_that_role_too(story: Story) -> None:
    """Once, with what it has to do, though the first one has acknowledged; and all hear of the end."""
    power = alert("PowerNearlyGone", procedure="sudden_situation")
    site = alert("SiteDown", procedure="sudden_situation", role="ops")
    await story.push(power)
    (record,) = story.incidents()
    story.store.acks.acknowledge(record.incident.id, "alice", story.clock())
    await story.push(site)
    await story.push(alert("SiteDown", procedure="sudden_situation", role="ops", site="second"))

    assert story.phone.heard() == [("alice", "firing"), ("bob", "raised")]
    (record,) = story.incidents()
    incident = record.incident
    assert (incident.state, incident.role, incident.alertname) == ("open", "ops", "SiteDown")
    assert story.kinds(record).count("widened") == 1
    for each in (power, site, alert("SiteDown", procedure="sudden_situation", role="ops", site="second")):
        await story.push({**each, "status": "resolved", "endsAt": (NOON + timedelta(minutes=1)).isoformat()})
    assert sorted(story.phone.heard()[2:]) == [("alice", "over"), ("bob", "over")]


async def test_two_streams_do_not_mix(story: Story) -> None:
    """The same fault on two streams is two incidents and two pages."""
    await story.push(alert(), alert(stream="second"))

    assert sorted(record.incident.stream for record in story.incidents()) == ["demo", "second"]
    assert len(story.phone.rang) == 2


async def test_over_is_told_when_the_last_alert_ends(story: Story) -> None:
    """While one alert of the incident still fires nothing is over; then exactly who heard hears the end."""
    other = alert("PlaybackStalled", hop="playback")
    await story.push(alert(), other)
    await story.push(alert(status="resolved"))
    assert story.phone.heard() == [("alice", "firing")]

    await story.push({**other, "status": "resolved"})

    assert story.phone.heard() == [("alice", "firing"), ("alice", "over")]
    assert story.incidents()[0].incident.state == "resolved"


async def test_a_second_interruption_pages_again(story: Story) -> None:
    """The same series with a new start is a new episode: a new incident, a new page, also within minutes."""
    await story.push(alert())
    await story.push(alert(status="resolved"))
    story.clock.advance(120)
    await story.push(alert(started=NOON + timedelta(seconds=120)))

    assert story.phone.heard() == [("alice", "firing"), ("alice", "over"), ("alice", "firing")]


async def test_an_end_before_its_start_was_heard_calls_nobody(story: Story) -> None:
    """What began and ended while nobody could tell us is written down; the late "firing" is old news."""
    await story.push(alert(status="resolved"))
    await story.push(alert())

    assert story.phone.rang == []
    assert story.incidents() == []


async def test_an_alert_given_up_for_lack_of_news_is_not_lost(story: Story) -> None:
    """When Prometheus was cut off from Alertmanager, the alert "ends" and comes back with its old start."""
    await story.push(alert())
    await story.push(alert(status="resolved"))
    await story.wait(61, step=61)

    await story.push(alert())

    assert story.phone.heard() == [("alice", "firing"), ("alice", "over"), ("alice", "firing")]
    assert "again" in story.kinds(story.incidents()[1])


async def test_a_more_urgent_alert_calls_again(story: Story) -> None:
    """P2 that becomes P0 calls once more, takes the ack back, and names the incident."""
    await story.push(alert("BackupLost", severity="P2"))
    story.store.acks.acknowledge(story.incidents()[0].incident.id, "alice", story.clock())

    await story.push(alert())

    (record,) = story.incidents()
    assert story.phone.heard() == [("alice", "firing"), ("alice", "raised")]
    assert (record.incident.severity, record.incident.state) == ("P0", "open")
    assert record.incident.alertname == "StreamNotPublishing"


@pytest.mark.parametrize("role", ["", "nonsense", "host"])
async def test_an_alert_that_nobody_claims_goes_to_the_fallback(story: Story, role: str) -> None:
    """No role, an unknown one, or the host: ops is called, it is counted, and the timeline says why."""
    await story.push(alert(role=role))

    (record,) = story.incidents()
    assert story.phone.heard() == [("bob", "firing")]
    assert "unrouted" in story.kinds(record)
    assert story.metrics.registry.get_sample_value("streamwatch_alerts_unrouted_total") == 1


async def test_nobody_on_duty_calls_everyone(tmp_path: Path) -> None:
    """An empty role is filled by everyone, and that is counted as a gap."""
    story = Story(tmp_path, book(default={}))
    await story.push(alert())

    assert sorted(to for to, _ in story.phone.rang) == ["alice", "bob", "charlie"]
    assert story.metrics.registry.get_sample_value("streamwatch_duty_gaps_total") == 1
    await story.close()


async def test_the_host_on_air_is_never_called(tmp_path: Path) -> None:
    """Who stands before the camera is passed over, also when everyone is called, and the timeline says so."""
    evening = Session("1122-A", "other", NOON - timedelta(hours=1), NOON + timedelta(hours=1), {"host": ("alice",)})
    story = Story(tmp_path, book(sessions=(evening,)))
    await story.push(alert())

    assert story.phone.heard() == [("bob", "firing")]
    assert "passed_over" in story.kinds(story.incidents()[0])
    await story.close()


async def test_the_watchdog_calls_nobody(story: Story) -> None:
    """The heartbeat is remembered with its time, and opens no incident."""
    await story.push(alert("Watchdog", severity="none", procedure="monitoring"))

    assert story.incidents() == []
    assert story.store.standing().heartbeats == {"Watchdog": NOON}


async def test_labels_of_any_kind_become_a_page(story: Story) -> None:
    """Newlines, quotes, markup, emoji, 10,000 labels: the page comes, on one line, in one piece."""
    many = {f"label_{number}": "x" for number in range(10_000)}
    wild = "直播间\n\"one\" <b>'two'</b> 😀\u202e\x00"
    await story.push(alert(**many) | {"annotations": {"summary_zh": wild}})

    ((_, message),) = story.phone.rang
    assert message.title == "【P0】demo 直播间 \"one\" <b>'two'</b> 😀 @Alice"


async def test_alerts_without_any_label_are_not_lost(story: Story) -> None:
    """Not even a name: the fallback role hears of it, as P1."""
    await story.push(alert("", stream="", severity="", role="", procedure="", hop=""))

    ((to, message),) = story.phone.rang
    assert (to, message.severity) == ("bob", "P1")


async def test_a_webhook_that_cannot_be_folded_is_set_aside(story: Story) -> None:
    """It stays in the inbox where people see it, and those behind it are not held up."""
    await story.store.inbox.accept("alertmanager", b"not what intake lets through", story.clock())
    await story.push(alert())

    assert story.phone.heard() == [("alice", "firing")]
    assert (story.store.inbox.waiting(), story.store.inbox.troubled()) == (0, 1)


async def test_an_incident_during_a_drill_is_marked(story: Story) -> None:
    """Only the stream of the drill, and only until the drill ends."""
    drill = story.store.drills.begin("demo", "encoder_crash", story.clock(), NOON + timedelta(minutes=2))
    await story.push(alert(), alert(stream="second"))
    story.store.drills.end(drill, story.clock())
    story.clock.advance(1)
    await story.push(alert("Other", procedure="viewer_complaints"))

    assert [record.incident.drill for record in story.incidents()] == [True, False, False]
    titles = {message.stream: message.title for _, message in story.phone.rang[:2]}
    assert titles["demo"].startswith("【演练】")
    assert titles["second"].startswith("【P0】")


async def test_each_person_reads_their_own_language(tmp_path: Path) -> None:
    """Bob reads English, Alice Chinese."""
    story = Story(tmp_path, book((person("bob"),), {"tech": ("bob",)}), phone=Phone())
    await story.push(alert())

    assert story.phone.rang[0][1].title == "[P0] demo nothing arrives @Bob"
    await story.close()


async def test_an_end_that_was_never_told_does_not_swallow_the_next_page(story: Story) -> None:
    """A series fires once at a time: a new start, minutes later, calls again, and nobody is told of an end."""
    await story.push(alert())
    story.clock.advance(600)
    await story.push(alert(started=NOON + timedelta(seconds=600)))

    first, second = story.incidents()
    assert story.phone.heard() == [("alice", "firing"), ("alice", "firing")]
    assert (first.incident.state, second.incident.state) == ("resolved", "open")
    assert "ended_untold" in story.kinds(first)


async def test_two_views_of_one_start_are_one_incident(story: Story) -> None:
    """Two Prometheus see the same trouble begin five seconds apart: one page, and its end is its end."""
    later = NOON + timedelta(seconds=5)
    await story.push(alert(started=later))
    await story.push(alert())
    await story.push(alert(status="resolved"))
    await story.push(alert(started=later, status="resolved"))

    assert story.phone.heard() == [("alice", "firing"), ("alice", "over")]
    assert len(story.incidents()) == 1
