"""A person says that what was told to be over is not: who is called, and who hears of the end that is one."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from servers.free_port import free_port
from servers.receiver import PhoneServer, ReceiverProcess, streamwatch, until, write_config
from servers.story import Story, alert, book, webhook
from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.incidents import trigger
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.incident import Refused, Unfit
from streamwatch.incidents.rearranging import Rearranging
from streamwatch.incidents.reopening import Reopening
from streamwatch.store import tables

LISTS = {"tech": ("alice", "bob"), "service": ("charlie",), "ops": ("bob",)}
INCIDENTS = "/api/v1/incidents"


class Evening:
    def __init__(self, folder: Path) -> None:
        self.story = Story(folder, book(default=LISTS))
        calling = Calling(lambda: self.story.book, self.story.clock, self.story.metrics)
        self.reopening = Reopening(self.story.store.database, calling, self.story.clock)
        self.rearranging = Rearranging(self.story.store.database, calling, self.story.clock)

    async def interruption(self) -> None:
        """Begins and ends, on record as number 1 if it is the first."""
        started = self.story.clock()
        await self.story.push(alert(started=started))
        self.story.clock.advance(30)
        await self.story.push(alert(started=started, status="resolved"))

    async def reopen(self, incident: int = 1, note: str = "still black") -> Refused | None:
        refused = self.reopening.reopen(incident, "bob", note)
        await self.story.turn()
        return refused

    async def close(self, incident: int = 1) -> None:
        """As `streamwatch resolve` does it."""
        fires = self.story.store.reports.firing(incident)
        at = self.story.clock()
        await self.story.push(
            *(trigger.over(each.labels, each.fingerprint, each.starts_at, "bob", "", at) for each in fires)
        )
        await self.story.wait(660, 10)  # an end is no call: it leaves them room

    def rang(self) -> list[tuple[str, str, str]]:
        return [(to, message.kind, message.incident_id) for to, message in self.story.phone.rang]

    def state(self, incident: int = 1) -> str:
        record = self.story.store.journal.incident(incident)
        assert record is not None
        return str(record.incident.state)


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    evening = Evening(tmp_path)
    yield evening
    await evening.story.close()


async def test_what_is_not_over_calls_again_and_its_end_is_told_again(evening: Evening) -> None:
    """Under its number; only a person ends it, whatever the probes say meanwhile; twice over, if need be."""
    await evening.interruption()
    assert evening.rang() == [("alice", "firing", "1"), ("alice", "over", "1")]
    for times in (1, 2):
        evening.story.clock.advance(60)
        assert await evening.reopen() is None
        assert evening.state() == "open"
        await evening.interruption()  # of its kind: joins, and does not end it
        assert evening.state() == "open"
        assert evening.rang()[2 * times :] == [("alice", "firing", "1")]
        await evening.close()
        assert evening.state() == "resolved"
        assert evening.rang()[2 * times :] == [("alice", "firing", "1"), ("alice", "over", "1")]
    assert len(evening.story.incidents()) == 1


async def test_an_end_that_was_not_told_yet_is_not_told(evening: Evening) -> None:
    """The phone was out of reach when it ended: it hears that the incident is open, and of the end that is one."""
    await evening.interruption()
    started = evening.story.clock()
    await evening.story.push(alert(stream="late", started=started))
    evening.story.clock.advance(30)
    await evening.story.accept(alert(stream="late", started=started, status="resolved"))
    while evening.story.folding.fold():
        pass  # its "over" waits to be sent
    late = next(each.incident.id for each in evening.story.incidents() if each.incident.stream == "late")
    assert await evening.reopen(late) is None
    heard = [kind for to, kind, number in evening.rang() if number == str(late)]
    assert heard == ["firing", "firing"]


async def test_what_it_is_named_after_counts_and_not_the_worst_it_ever_held(evening: Evening) -> None:
    """A P0 that is long over does not hide the next one: it raises the severity and calls."""
    worst, mild = alert("PlaybackStalled", hop="playback"), alert("BackupLost", severity="P2")
    await evening.story.push(worst, mild)
    evening.story.clock.advance(30)
    await evening.story.push(worst | {"status": "resolved"})
    low = alert("BitrateLow", severity="P1", hop="encoder", started=evening.story.clock())
    await evening.story.push(low)
    await evening.story.push(mild | {"status": "resolved"}, low | {"status": "resolved"})
    assert await evening.reopen() is None
    evening.story.store.acks.acknowledge(1, "alice", evening.story.clock())
    evening.story.clock.advance(720)
    await evening.story.push(alert("StreamNotPublishing", started=evening.story.clock()))
    assert evening.rang()[-1] == ("alice", "raised", "1")


async def test_what_was_merged_is_of_the_kind_it_is_named_after(evening: Evening) -> None:
    """Its own kind joins it again, and is what it calls for."""
    await evening.story.push(alert(stream="a"))
    await evening.story.push(alert(stream="b"))
    assert evening.rearranging.merge(1, 2, "bob") is None
    await evening.story.push(alert(stream="a", status="resolved"), alert(stream="b", status="resolved"))
    assert await evening.reopen(2) is None
    await evening.story.push(alert(stream="b", started=evening.story.clock() + timedelta(minutes=5)))
    assert [each.incident.id for each in evening.story.incidents() if each.incident.state == "open"] == [2]
    (fires,) = evening.story.store.reports.firing(2)
    assert fires.labels["stream"] == "b"


async def test_what_began_anew_as_another_incident(evening: Evening) -> None:
    """Its episode went on in a later one: it is opened again by what it is named after."""
    started = evening.story.clock()
    for _ in range(2):
        await evening.story.push(alert(started=started))
        evening.story.clock.advance(120)
        await evening.story.push(alert(started=started, status="resolved"))
        evening.story.clock.advance(120)
    assert len(evening.story.incidents()) == 2
    assert await evening.reopen(1) is None
    assert evening.state(1) == "open"


async def test_an_end_that_is_on_its_way_is_not_tried_again(evening: Evening) -> None:
    """The robot gave no answer to the "over"; then it was opened again: it is not said a second time."""
    started = evening.story.clock()
    await evening.story.push(alert(started=started))
    evening.story.clock.advance(30)
    evening.story.phone.script = [ChannelError("busy", reason=Reason.BUSY)]
    await evening.story.push(alert(started=started, status="resolved"))
    assert evening.story.phone.asked[-1] == "alice"
    with evening.story.store.database.writing() as connection:  # as if that try had not ended yet
        connection.execute(update(tables.page).where(tables.page.c.kind == "over").values(state="sending"))
    assert await evening.reopen() is None
    with evening.story.store.database.writing() as connection:
        connection.execute(update(tables.page).where(tables.page.c.kind == "over").values(state="due"))
    await evening.story.wait(200)
    assert [kind for _, kind, _ in evening.rang()] == ["firing", "firing"]


async def test_what_cannot_be_opened_again(evening: Evening) -> None:
    """It is open; there is none; it is part of another; its like is open; it ended long ago. Nothing changes."""
    await evening.interruption()
    assert await evening.reopen(9) == Refused("missing", 9)
    assert await evening.reopen() is None
    assert await evening.reopen() == Refused(Unfit.OPEN, 1)
    await evening.close()
    await evening.story.push(alert(started=evening.story.clock()))
    assert await evening.reopen() == Refused(Unfit.ANOTHER, 2)
    await evening.story.push(alert(stream="b"))
    assert evening.rearranging.merge(3, 2, "bob") is None
    assert await evening.reopen(3) == Refused(Unfit.PART, 3)
    await evening.story.push(alert(stream="c"))
    await evening.story.push(alert(stream="c", status="resolved"))
    evening.story.clock.advance(timedelta(hours=12, seconds=1).total_seconds())
    assert await evening.reopen(4) == Refused(Unfit.LONG_AGO, 4)
    assert evening.state(4) == "resolved"


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiverProcess]:
    folder, port = tmp_path_factory.mktemp("receiver"), free_port()
    with closing(PhoneServer()) as phone:
        receiver = ReceiverProcess(write_config(folder, port, phone.url), port)
        receiver.start()
        yield receiver
        receiver.stop()


def over(receiver: ReceiverProcess, stream: str) -> str:
    """The number of an incident that has ended."""
    receiver.post(webhook(alert(stream=stream)))
    receiver.post(webhook(alert(stream=stream, status="resolved")))
    wanted = {"stream": stream, "state": "resolved"}
    found = until(lambda: receiver.get(INCIDENTS, params=wanted)["incidents"])
    return str(found[0]["id"])


def test_from_the_terminal(receiver: ReceiverProcess) -> None:
    """A line that says how to end it; a refusal is exit 1 with the reason."""
    number = over(receiver, "reopened")
    done = streamwatch(receiver, "reopen", number, "--by", "Bob", "--note", "lag")
    assert (done.returncode, done.stdout) == (
        0, f"incident #{number} is open again; to end it: streamwatch resolve {number}\n",
    )  # fmt: skip
    refused = streamwatch(receiver, "reopen", number, "--by", "bob")
    assert (refused.returncode, "has not ended" in refused.stderr) == (1, True)
    assert streamwatch(receiver, "resolve", number, "--by", "bob").returncode == 0


def test_on_the_console(receiver: ReceiverProcess) -> None:
    """The page of what has ended has the form; a form from elsewhere changes nothing."""
    number = over(receiver, "reopened-here")
    with httpx.Client(base_url=receiver.base, timeout=10, headers={"Accept-Language": "en"}) as browser:
        page = browser.get(f"/incidents/{number}").text
        assert "Open it again" in page
        press = re.search(r'/reopen" class="fields row"><input type="hidden" name="press" value="([^"]+)"', page)
        assert press is not None
        form = {"press": press[1], "by": "bob", "note": "black"}
        assert browser.post(f"/incidents/{number}/reopen", data=form | {"press": "x"}).status_code == 403
        assert browser.post(f"/incidents/{number}/reopen", data=form).status_code == 303
        assert "opens it again: black" in browser.get(f"/incidents/{number}").text
