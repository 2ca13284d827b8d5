"""Observe, then notify, then escalate: what goes out, what is recorded, and what a change of step calls.

Alice is on duty, Bob is next, Charlie is ops.
"""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from servers.free_port import free_port
from servers.receiver import PhoneServer, serving, until, write_config
from servers.story import Hands, Phone, Story, alert, book, person, webhook
from streamwatch.alert import BY_PERSON, BY_RECEIVER
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.incidents.adopting import Adopting
from streamwatch.incidents.adoption import Adoption, Step
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.escalating import Escalating
from streamwatch.incidents.escalation import DEFAULT, REMINDERS
from streamwatch.incidents.rearranging import Rearranging

LISTS = {"tech": ("alice", "bob"), "ops": ("charlie",), "service": ("charlie",)}


class Week:
    """A story in which everything that calls looks again and again."""

    def __init__(self, folder: Path, **phones: Phone) -> None:
        cast = (person("alice", *phones), person("bob", *phones), person("charlie"))
        self.story = story = Story(folder, book(cast, default=LISTS), **phones)
        self._hands()
        self.clock: Hands = story.clock

    def _hands(self) -> None:
        story = self.story
        self.calling = Calling(lambda: story.book, story.clock, story.metrics, adoption=lambda: story.adoption)
        self.adopting = Adopting(story.store, lambda: story.adoption, self.calling, story.clock)
        self.escalating = Escalating(
            story.store,
            lambda: story.book,
            lambda: DEFAULT,
            story.clock,
            reminders=lambda: REMINDERS,
            adoption=lambda: story.adoption,
        )

    def be_at(self, step: Step, **procedures: Step) -> None:
        """As after a reload."""
        self.story.adoption = Adoption(step, procedures, frozenset({"call"}))

    async def restart(self) -> None:
        await self.story.restart()
        self._hands()

    async def wait(self, seconds: int, step: int = 10) -> None:
        for _ in range(seconds // step):
            self.story.clock.advance(step)
            await self.adopting.step()
            await self.escalating.step()
            await self.story.turn()

    def rang(self) -> list[str]:
        """Whom, each as often; two who are called at one moment have no order."""
        return sorted(to for phone in self.story.phones.values() for to, _ in phone.rang)

    def told(self) -> list[str]:
        """The timeline of the newest incident, without the routine."""
        rows = self.story.incidents()[-1].timeline
        return [row.kind for row in rows if row.kind not in ("opened", "routed", "nobody_told", "delivered")]

    def states(self) -> list[str]:
        return sorted(page.state for page in self.story.incidents()[-1].pages)


@pytest.fixture
async def week(tmp_path: Path) -> AsyncIterator[Week]:
    week = Week(tmp_path)
    yield week
    await week.story.close()


async def test_observed_a_p0_is_decided_and_recorded_and_calls_nobody(week: Week) -> None:
    """Who, how, and each step of the escalation stand in the timeline; ten minutes later no phone has rung."""
    week.be_at("observe")
    await week.story.push(alert())
    await week.wait(600, 60)

    assert week.rang() == []
    assert week.told() == ["would_call", "would_escalate", "would_escalate"]
    rows = {row.kind: row for row in week.story.incidents()[0].timeline}
    assert rows["would_call"].text_en == (
        "recorded, nothing was sent: would have called alice by phone: default duty list"
    )
    assert week.states() == ["observed", "observed", "observed"]

    await week.story.push(alert(status="resolved"))
    assert week.rang() == []


async def test_notified_the_first_call_goes_out_and_no_other(week: Week) -> None:
    """Alice hears of the start and of the end; that Bob and Charlie would have is recorded, no reminder comes."""
    week.be_at("notify")
    await week.story.push(alert())
    await week.wait(900, 60)
    await week.story.push(alert(status="resolved"))

    assert week.story.phone.heard() == [("alice", "firing"), ("alice", "over")]
    assert week.told() == ["called", "would_escalate", "would_escalate", "ended", "resolved"]


async def test_what_becomes_more_urgent_is_a_first_call_again(week: Week) -> None:
    """While notifying, the P0 that joins a P2 calls Alice a second time."""
    week.be_at("notify")
    await week.story.push(alert("BitrateLow", severity="P2"))
    await week.story.push(alert())
    assert week.story.phone.heard() == [("alice", "firing"), ("alice", "raised")]


@pytest.mark.parametrize("step", ["notify", "escalate"])
async def test_what_fires_still_when_the_observation_ends_calls_then(week: Week, step: Step) -> None:
    """Once, whoever is on duty by then, also after a restart; what was over by then calls nobody."""
    week.be_at("observe")
    await week.story.push(alert(stream="over"))
    await week.story.push(alert(stream="over", status="resolved"))
    await week.story.push(alert())
    await week.wait(200, 50)
    assert week.rang() == []

    week.story.book = book(default={**LISTS, "tech": ("bob", "alice")})
    week.be_at(step)
    await week.restart()
    await week.wait(30)

    assert week.rang() == ["bob"]
    assert week.told()[-2:] == ["adopted", "called"]
    await week.wait(40)
    assert week.rang() == (["bob"] if step == "notify" else ["alice", "bob", "charlie"])


async def test_from_notify_to_escalate_what_nobody_took_begins_anew(week: Week) -> None:
    """Steps that were only recorded are not lost: Alice is called again, and the others in their turn."""
    week.be_at("notify")
    await week.story.push(alert())
    await week.wait(200, 50)
    assert week.rang() == ["alice"]

    week.be_at("escalate")
    await week.wait(70)
    assert week.rang() == ["alice", "alice", "bob", "charlie"]


async def test_a_step_that_goes_out_first_leaves_nobody_out(week: Week) -> None:
    """The observation ended between two looks: the escalation called Bob and Charlie, and Alice is called too."""
    week.be_at("observe")
    await week.story.push(alert())
    week.clock.advance(60)
    assert not await week.adopting.step()
    week.be_at("escalate")
    assert await week.escalating.step()
    await week.story.turn()
    assert week.rang() == ["bob", "charlie"]
    await week.wait(10)
    assert week.rang() == ["alice", "bob", "charlie"]


async def test_all_whose_work_it_is_are_called_when_the_observation_ends(week: Week) -> None:
    """A second P0 that joined is the work of ops: Charlie is called beside Alice."""
    week.be_at("observe")
    await week.story.push(alert())
    await week.story.push(alert("PlaybackUnreachable", hop="playback", role="ops"))
    await week.story.push(alert("ChannelSilent", hop="picture", severity="P2", role="service"))
    week.be_at("escalate")
    await week.wait(10)
    assert week.rang() == ["alice", "charlie"]


async def test_what_somebody_took_while_it_was_observed_calls_nobody(week: Week) -> None:
    """An ack on the console holds when the step changes, and does not run out while nothing may go out."""
    week.be_at("observe")
    await week.story.push(alert())
    week.story.store.acks.acknowledge(week.story.incidents()[0].incident.id, "bob", week.clock())
    await week.wait(1200, 300)
    assert week.rang() == []
    assert week.story.incidents()[0].incident.state == "acknowledged"


async def test_a_call_that_went_out_by_itself_is_not_made_again(week: Week) -> None:
    """It became more urgent after the change and before anybody looked at what was held back: Alice hears once."""
    week.be_at("observe")
    await week.story.push(alert("BitrateLow", severity="P2"))
    week.be_at("escalate")
    await week.story.push(alert())
    await week.wait(20)
    assert week.story.phone.heard() == [("alice", "raised")]


async def test_back_to_observing_nobody_else_is_called(week: Week) -> None:
    """Who was called hears of the end; the escalation is recorded only."""
    await week.story.push(alert())
    week.be_at("observe")
    await week.wait(200, 50)
    await week.story.push(alert(status="resolved"))
    assert week.story.phone.heard() == [("alice", "firing"), ("alice", "over")]


async def test_one_procedure_may_call_while_another_is_observed(week: Week) -> None:
    """Each incident by its own procedure."""
    week.be_at("escalate", viewer_complaints="observe")
    await week.story.push(alert("ComplaintSpike", procedure="viewer_complaints", role="service"))
    await week.story.push(alert())
    await week.wait(70)
    assert week.rang() == ["alice", "bob", "charlie"]


async def test_what_a_person_reports_calls_and_escalates_while_all_is_observed(week: Week) -> None:
    """Also when it joins what was only observed until then; of that, too, somebody hears now."""
    week.be_at("observe")
    await week.story.push(alert())
    await week.wait(70)
    assert week.rang() == []

    await week.story.push({**alert("ReportedInterruption"), "fingerprint": f"{BY_PERSON}1"})
    await week.wait(10)
    assert week.rang() == ["alice"]
    await week.wait(60)
    assert week.rang() == ["alice", "bob", "charlie"]


async def test_the_silence_of_the_watchdog_calls_while_all_is_observed(week: Week) -> None:
    """Else nothing would be observed, and nobody would know."""
    week.be_at("observe")
    await week.story.push(alert(BY_RECEIVER, stream="all", procedure="monitoring"))
    await week.wait(70)
    assert week.rang() == ["alice", "bob", "charlie"]


async def test_a_drill_calls_while_all_is_observed(week: Week) -> None:
    """Somebody made it to see that it does."""
    week.be_at("observe")
    at = week.clock()
    week.story.store.drills.begin("demo", "encoder_crash", at, at.replace(hour=at.hour + 1))
    await week.story.push(alert())
    assert week.rang() == ["alice"]


async def test_no_telephone_rings_while_notifying(tmp_path: Path) -> None:
    """Alice's first contact rings, her second does not: that one is used, until all is adopted."""
    week = Week(tmp_path, call=Phone(), phone=Phone())
    week.be_at("notify")
    await week.story.push(alert())
    assert [len(each.rang) for each in week.story.phones.values()] == [0, 1]
    week.be_at("escalate")
    await week.story.push(alert(stream="other"))
    assert [len(each.rang) for each in week.story.phones.values()] == [1, 1]
    await week.story.close()


async def test_no_telephone_rings_either_where_the_first_cannot_be_reached(tmp_path: Path) -> None:
    """Bob is called instead of Alice, over the contact of his that does not ring."""
    refused = ChannelError("no such number", reason=Reason.REJECTED)
    week = Week(tmp_path, call=Phone(), phone=Phone(script=[refused]))
    week.be_at("notify")
    await week.story.push(alert())
    assert {name: phone.asked for name, phone in week.story.phones.items()} == {
        "call": [],
        "phone": ["alice", "bob"],
    }
    await week.story.close()


async def test_a_merge_into_what_somebody_was_called_for_calls_nobody(week: Week) -> None:
    """What was only observed is part of what somebody knows; only two observations stay one."""
    week.be_at("escalate", viewer_complaints="observe")
    await week.story.push(alert("ComplaintSpike", procedure="viewer_complaints", role="service"))
    await week.story.push(alert())
    one, two = (record.incident.id for record in week.story.incidents())
    rearranging = Rearranging(week.story.store.database, week.calling, week.clock)
    assert rearranging.merge(one, two, "alice") is None
    await week.wait(30)
    assert week.rang() == ["alice"]


def test_the_real_receiver_says_loudly_that_nobody_is_called_until_a_reload(tmp_path: Path) -> None:
    """Console, incident, status, readiness and metric tell it; one reload later the P0 that fires still calls."""
    phone, port = PhoneServer(), free_port()
    with closing(phone), serving(write_config(tmp_path, port, phone.url, adoption="observe")) as receiver:
        assert receiver.post(webhook(alert())).status_code == 200
        (incident,) = until(lambda: receiver.get("/api/v1/incidents")["incidents"])
        page = until(lambda: receiver.get(f"/api/v1/incidents/{incident['id']}")["pages"])[0]
        assert (page["state"], page["person"]) == ("observed", "alice")
        warnings = receiver.get("/api/v1/status")
        assert "NOBODY IS CALLED" in warnings["warnings"][0]
        assert "不呼叫任何人" in warnings["warnings_zh"][0]
        assert "NOBODY IS CALLED" in receiver.get("/-/ready")["warnings"][0]
        for path in ("/", f"/incidents/{incident['id']}"):
            shown = httpx.get(f"{receiver.base}{path}", timeout=30).text
            assert '<p class="banner">只观察：' in shown
            assert "只记录，未发出" in shown
        metrics = httpx.get(f"{receiver.base}/metrics", timeout=30).text
        assert 'streamwatch_adoption_info{procedure="stream_interruption",step="observe"} 1.0' in metrics

        write_config(tmp_path, port, phone.url, adoption={"default": "notify"})
        receiver.post(b"", "/-/reload").raise_for_status()
        called = until(lambda: phone.pages)[0]
        assert (called["person"], called["kind"]) == ("alice", "firing")
        assert "ONLY NOTIFYING" in receiver.get("/-/ready")["warnings"][0]
