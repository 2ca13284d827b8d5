"""A person says that two incidents are one, or that one is two: who is called, who hears of the end."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, update

from servers.story import Story, alert, book
from streamwatch.alert import Severity
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.escalating import Escalating
from streamwatch.incidents.escalation import DEFAULT
from streamwatch.incidents.incident import Unfit
from streamwatch.incidents.rearranging import Rearranging, Refused
from streamwatch.store import tables

LISTS = {"tech": ("alice", "bob"), "service": ("charlie",), "ops": ("bob",)}


class Night:
    """A story in which the escalation looks on, and people rearrange."""

    def __init__(self, folder: Path) -> None:
        self.story = Story(folder, book(default=LISTS))
        calling = Calling(lambda: self.story.book, self.story.clock, self.story.metrics)
        self.people = Rearranging(self.story.store.database, calling, self.story.clock)
        self.escalating = Escalating(self.story.store, lambda: self.story.book, lambda: DEFAULT, self.story.clock)

    async def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.story.clock.advance(1)
            await self.escalating.step()
            await self.story.turn()

    def ack(self, incident: int, by: str) -> None:
        self.story.store.acks.acknowledge(incident, by, self.story.clock())

    def rang(self) -> list[tuple[str, str, str]]:
        return [(to, message.kind, message.incident_id) for to, message in self.story.phone.rang]

    def incident(self, number: int) -> Any:
        record = self.story.store.journal.incident(number)
        assert record is not None
        return record.incident


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[Night]:
    night = Night(tmp_path)
    yield night
    await night.story.close()


async def test_what_people_said_of_their_pages_is_kept(night: Night) -> None:
    """Charlie said it of the one that is merged, Alice of both: each has one word, and it is their last."""
    await night.story.push(alert())
    await night.story.push(alert(stream="other"))
    await night.story.push(complaint(stream="other"))
    ratings, at = night.story.store.ratings, night.story.clock()
    for number, (incident, who, useful) in enumerate(
        ((1, "alice", True), (2, "alice", False), (3, "charlie", True))
    ):
        ratings.rate(incident, who, useful, "", at + timedelta(seconds=number))
    assert night.people.merge(2, 1, "bob") is None
    assert night.people.merge(3, 1, "bob") is None
    record = night.story.store.journal.incident(1)
    assert record is not None
    assert {each.person: each.useful for each in record.ratings} == {"alice": False, "charlie": True}


def complaint(**labels: str) -> dict[str, object]:
    return alert("ComplaintSpike", severity="P1", role="service", procedure="viewer_complaints", **labels)


async def test_two_are_one(night: Night) -> None:
    """The merge calls nobody; what comes later of either kind joins; all who were called hear one end."""
    await night.story.push(alert())
    await night.story.push(complaint())
    assert night.people.merge(2, 1, "bob") is None
    await night.story.push(complaint(category="lag"))
    assert night.rang() == [("alice", "firing", "1"), ("charlie", "firing", "2")]

    await night.story.push(alert(status="resolved"), {**complaint(), "status": "resolved"})
    assert len(night.rang()) == 2
    await night.story.push({**complaint(category="lag"), "status": "resolved"})
    assert sorted(night.rang()[2:]) == [("alice", "over", "1"), ("charlie", "over", "1")]
    assert [record.incident.state for record in night.story.incidents()] == ["resolved"]
    assert (night.incident(2).state, night.incident(2).merged_into) == ("merged", 1)
    assert night.incident(2).resolved_at == night.incident(1).resolved_at

    night.story.clock.advance(300)
    await night.story.push({**complaint(), "startsAt": night.story.clock().isoformat()})
    assert night.rang()[4:] == [("charlie", "firing", "3")]


async def test_both_timelines_say_so(night: Night) -> None:
    """Who did it, and where it went."""
    await night.story.push(alert())
    await night.story.push(complaint())
    night.people.merge(2, 1, "bob")
    told = [
        {row.kind: row.text_en for row in record.timeline}
        for record in map(night.story.store.journal.incident, (1, 2))
        if record
    ]
    assert told[0]["absorbed"] == "bob makes #2 part of this: ComplaintSpike"
    assert told[1]["merged"] == "bob makes this part of #1"


async def test_an_open_p0_is_not_silenced_by_an_ack_of_something_else(night: Night) -> None:
    """Charlie has the complaints; the P0 that becomes part of them goes on calling where it stood."""
    await night.story.push(complaint())
    night.ack(1, "charlie")
    await night.story.push(alert())
    await night.wait(30)
    night.people.merge(2, 1, "bob")
    assert (night.incident(1).state, night.incident(1).severity, night.incident(1).role) == ("open", "P0", "tech")

    await night.wait(29)
    assert len(night.rang()) == 2
    await night.wait(1)
    assert night.rang()[2:] == [("bob", "firing", "1")]


async def test_what_is_milder_joins_what_somebody_has(night: Night) -> None:
    """Alice has the P0; the complaints that are part of it are hers, and call nobody else."""
    await night.story.push(alert())
    night.ack(1, "alice")
    await night.story.push(complaint())
    night.people.merge(2, 1, "bob")
    await night.wait(600)
    assert (night.incident(1).state, night.incident(1).acknowledged_by) == ("acknowledged", "alice")
    assert len(night.rang()) == 2


async def test_whoever_has_one_may_take_the_other_with_it(night: Night) -> None:
    """Alice has a P0 and says that the other P0 is the same: she has both."""
    await night.story.push(alert())
    night.ack(1, "alice")
    await night.story.push(alert(stream="second"))
    night.people.merge(2, 1, "alice")
    assert (night.incident(1).state, night.incident(1).acknowledged_by) == ("acknowledged", "alice")


async def test_the_link_of_the_old_number_takes_the_new_one(night: Night) -> None:
    """Charlie presses the button of the page about #2 after it became part of #1; notes follow too."""
    await night.story.push(alert())
    await night.story.push(complaint())
    night.people.merge(2, 1, "bob")
    night.ack(2, "charlie")
    assert (night.incident(1).state, night.incident(1).acknowledged_by) == ("acknowledged", "charlie")
    assert night.story.store.acks.note(2, "charlie", "at it", night.story.clock())
    assert night.incident(1).progressed_at == night.story.clock()
    night.story.store.duty.take_over(2, "alice", night.story.clock())
    assert night.incident(1).acknowledged_by == "alice"


async def test_a_page_that_was_not_sent_yet_is_not_sent_twice(night: Night) -> None:
    """Two P0 of Alice are merged before the second page went out: she hears of one."""
    await night.story.push(alert())
    await night.story.accept(alert(stream="second"))
    night.story.folding.fold()
    night.people.merge(2, 1, "bob")
    await night.wait(30)
    assert night.rang() == [("alice", "firing", "1")]


async def test_a_more_urgent_page_that_was_not_sent_yet_goes_out(night: Night) -> None:
    """Bob was told of a P2; the P0 that becomes part of it is for Alice, and rings."""
    await night.story.push(alert("DiskFull", severity="P2", role="ops", procedure="infrastructure"))
    await night.story.accept(alert())
    night.story.folding.fold()
    night.people.merge(2, 1, "bob")
    await night.wait(1)
    assert night.rang() == [("bob", "firing", "1"), ("alice", "firing", "1")]


async def test_one_is_two(night: Night) -> None:
    """The bitrate is another matter: it has an incident of its own, which calls; each has its own end."""
    await night.story.push(alert(), alert("BitrateLow", severity="P1", hop="encoder"))
    night.ack(1, "alice")
    (low,) = [
        each.fingerprint
        for each in night.story.store.journal.firing()
        if each.labels["alertname"] != "StreamNotPublishing"
    ]
    assert night.people.split(1, {low}, "bob") == 2
    await night.story.turn()
    assert night.rang() == [("alice", "firing", "1"), ("alice", "firing", "2")]
    assert (night.incident(1).state, night.incident(2).state) == ("acknowledged", "open")
    assert (night.incident(2).severity, night.incident(2).alertname) == ("P1", "BitrateLow")

    await night.story.push(alert("BitrateLow", severity="P1", hop="encoder", status="resolved"))
    assert night.rang()[2:] == [("alice", "over", "2")]
    assert night.incident(1).state == "acknowledged"


async def test_what_stays_is_called_after_what_stays(night: Night) -> None:
    """The P0 leaves: what is left is a P1, by its own name."""
    await night.story.push(alert(), alert("BitrateLow", severity="P1", hop="encoder"))
    (gone,) = [each.fingerprint for each in night.story.store.journal.firing() if each.labels["severity"] == "P0"]
    night.people.split(1, {gone}, "bob")
    assert (night.incident(1).severity, night.incident(1).alertname) == ("P1", "BitrateLow")
    assert (night.incident(2).severity, night.incident(2).alertname) == ("P0", "StreamNotPublishing")


async def test_a_merge_can_be_undone_by_a_split(night: Night) -> None:
    """What came of its kind goes with it: later complaints join the new one again."""
    await night.story.push(alert())
    await night.story.push(complaint())
    night.people.merge(2, 1, "bob")
    (spike,) = [each.fingerprint for each in night.story.store.journal.firing() if each.labels["severity"] == "P1"]
    assert night.people.split(1, {spike}, "bob") == 3
    await night.story.push(complaint(category="lag"), alert("PlaybackStalled", hop="playback"))
    names = {
        record.incident.id: {each.labels["alertname"] for each in record.episodes}
        for record in night.story.incidents()
    }
    assert names == {1: {"StreamNotPublishing", "PlaybackStalled"}, 3: {"ComplaintSpike"}}


async def test_another_view_of_the_same_start_stays_where_it_was_split_to(night: Night) -> None:
    """The second Prometheus sees it begin five seconds later: it goes on in the incident of its own."""
    await night.story.push(alert(), alert("BitrateLow", severity="P1", hop="encoder"))
    (low,) = [each.fingerprint for each in night.story.store.journal.firing() if each.labels["severity"] == "P1"]
    night.people.split(1, {low}, "bob")
    later = night.story.clock() + timedelta(seconds=5)
    await night.story.push(alert("BitrateLow", severity="P1", hop="encoder", started=later))
    await night.story.push(alert("BitrateLow", severity="P1", hop="encoder", started=later, status="resolved"))
    assert (night.incident(1).state, night.incident(2).state) == ("open", "resolved")


async def test_what_is_no_legal_move(night: Night) -> None:
    """Nothing changes, and it is said why."""
    await night.story.push(alert(), alert("BitrateLow", severity="P1", hop="encoder"))
    await night.story.push(complaint())
    night.story.store.drills.begin("drilled", "x", night.story.clock(), night.story.clock() + timedelta(1))
    await night.story.push(alert(stream="drilled"))
    every = {each.fingerprint for each in night.story.store.journal.firing() if each.labels["stream"] == "demo"}
    assert night.people.merge(1, 1, "bob") == Refused(Unfit.SAME, 1)
    assert night.people.merge(1, 99, "bob") == Refused("missing", 99)
    assert night.people.merge(3, 1, "bob") == Refused(Unfit.DRILL, 1)
    assert night.people.split(1, set(), "bob") == Refused(Unfit.NOTHING, 1)
    assert night.people.split(1, {"aa"}, "bob") == Refused(Unfit.NOT_FIRING, 1)
    assert night.people.split(99, every, "bob") == Refused("missing", 99)
    mine = {
        each.fingerprint
        for each in night.story.store.journal.firing()
        if each.labels["procedure"] == "stream_interruption" and each.labels["stream"] == "demo"
    }
    assert night.people.split(1, mine, "bob") == Refused(Unfit.ALL, 1)
    night.people.merge(2, 1, "bob")
    assert night.people.merge(2, 1, "bob") == Refused(Unfit.OVER, 2)
    assert night.people.split(2, mine, "bob") == Refused(Unfit.OVER, 2)


# -- any sequence of moves

SERIES: tuple[tuple[str, Severity, str], ...] = (
    ("StreamNotPublishing", "P0", "stream_interruption"),
    ("BitrateLow", "P1", "stream_interruption"),
    ("ComplaintSpike", "P1", "viewer_complaints"),
    ("DiskFull", "P2", "infrastructure"),
    ("HostDown", "P0", "infrastructure"),
)
NUMBER = st.integers(0, 5)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("fire"), st.integers(0, len(SERIES) - 1), NUMBER),
        st.tuples(st.just("end"), NUMBER, NUMBER),
        st.tuples(st.just("merge"), NUMBER, NUMBER),
        st.tuples(st.just("split"), NUMBER, NUMBER),
        st.tuples(st.just("ack"), NUMBER, NUMBER),
        st.tuples(st.just("deliver"), NUMBER, NUMBER),
        st.tuples(st.just("wait"), NUMBER, NUMBER),
    ),
    max_size=25,
)
PEOPLE = ("alice", "bob", "charlie")


class Play:
    """One sequence of moves in a room of its own."""

    def __init__(self, night: Night, room: str) -> None:
        self.night, self.room = night, room
        self.firing: list[dict[str, object]] = []
        self.numbers = itertools.count()
        self.heard = set[int]()  # pages that arrived while their incident lived: the end is owed to those people

    async def move(self, what: str, one: int, other: int) -> None:
        await getattr(self, what)(one, other)
        self.look()

    async def fire(self, one: int, _: int) -> None:
        name, severity, procedure = SERIES[one]
        self.night.story.clock.advance(1)
        self.firing.append(
            alert(name, stream=self.room, severity=severity, procedure=procedure, which=str(next(self.numbers)),
                  role="service" if procedure == "viewer_complaints" else "tech", started=self.night.story.clock())
        )  # fmt: skip
        await self._push(self.firing[-1])

    async def end(self, one: int, _: int) -> None:
        if self.firing:
            ended = self.firing.pop(one % len(self.firing))
            await self._push({**ended, "status": "resolved", "endsAt": self.night.story.clock().isoformat()})

    async def merge(self, one: int, other: int) -> None:
        if not (live := self.live()):
            return
        first, second = live[one % len(live)], live[other % len(live)]
        by = PEOPLE[one % 3]
        calls, loud = (
            self.calls(),
            [each for each in (first, second) if (each.state, each.severity) == ("open", "P0")],
        )
        refused = self.night.people.merge(first.id, second.id, by)
        assert (refused is None) == (first.id != second.id)
        assert self.calls() <= calls  # a merge calls nobody
        mine = by in (first.acknowledged_by, second.acknowledged_by)
        if refused is None and loud and not mine:
            assert self.night.incident(second.id).state == "open"

    async def split(self, one: int, other: int) -> None:
        if live := self.live():
            incident = live[one % len(live)].id
            fires = sorted(row.fingerprint for row in self.episodes() if row.incident_id == incident)
            chosen = set(fires[: other % (len(fires) + 1)])
            result = self.night.people.split(incident, chosen, PEOPLE[one % 3])
            assert isinstance(result, int) == (0 < len(chosen) < len(fires))

    async def ack(self, one: int, other: int) -> None:
        if live := self.live():
            self.night.ack(live[one % len(live)].id, PEOPLE[other % 3])

    async def deliver(self, one: int, _: int) -> None:
        """Some of what is due arrives."""
        with self.night.story.store.database.writing() as connection:
            page = tables.page
            mine = (page.c.incident_id.in_(self.every())) & (page.c.state == "due")
            due = connection.execute(select(page).where(mine).order_by(page.c.id).limit(one + 1)).all()
            ids = [row.id for row in due]
            connection.execute(update(page).where(page.c.id.in_(ids)).values(state="delivered"))
        live = {each.id for each in self.live()}
        self.heard |= {row.id for row in due if row.incident_id in live}

    async def wait(self, one: int, _: int) -> None:
        self.night.story.clock.advance(30 * one)
        await self.night.escalating.step()

    def look(self) -> None:
        """What holds at any time."""
        live = {each.id: each for each in self.live()}
        firing = self.episodes()
        assert len(firing) == len(self.firing)
        assert {each.incident_id for each in firing} == set(live)  # each in one that lives, and none lives without
        with self.night.story.store.database.reading() as connection:
            pages = connection.execute(select(tables.page).where(tables.page.c.incident_id.in_(self.every()))).all()
            merged = connection.execute(
                select(tables.incident.c.id, tables.incident.c.merged_into).where(
                    tables.incident.c.state == "merged"
                )
            ).all()
        for number, incident in live.items():
            called = [page for page in pages if page.incident_id == number and page.kind != "over"]
            assert incident.acknowledged_by or any(page.state in ("due", "delivered") for page in called)
        assert not {row.merged_into for row in merged} & {row.id for row in merged}
        assert not {page.incident_id for page in pages} & {row.id for row in merged}
        for number in self.every() - set(live) - {row.id for row in merged}:
            mine = [page for page in pages if page.incident_id == number]
            told = {page.person for page in mine if page.kind == "over"}
            assert {page.person for page in mine if page.id in self.heard} <= told

    def every(self) -> set[int]:
        with self.night.story.store.database.reading() as connection:
            query = select(tables.incident.c.id).where(tables.incident.c.stream == self.room)
            return set(connection.scalars(query))

    def live(self) -> list[Any]:
        records = self.night.story.store.journal.incidents(("open", "acknowledged"), self.room)
        return [record.incident for record in records[::-1]]

    def episodes(self) -> list[Any]:
        table = tables.episode
        with self.night.story.store.database.reading() as connection:
            rows = connection.execute(select(table).where(table.c.status == "firing")).all()
        return [row for row in rows if row.labels["stream"] == self.room]

    def calls(self) -> int:
        with self.night.story.store.database.reading() as connection:
            page = tables.page.c
            wanted = page.incident_id.in_(self.every()) & page.state.in_(("due", "sending", "delivered"))
            return len(connection.execute(select(page.id).where(wanted)).all())

    async def _push(self, *alerts: dict[str, object]) -> None:
        await self.night.story.accept(*alerts)
        while self.night.story.folding.fold():
            continue


@pytest.fixture(scope="module")
def one_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    night = Night(tmp_path_factory.mktemp("night"))
    engine = night.story.store.database.engine
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    yield night
    asyncio.run(night.story.close())


ROOMS = itertools.count()


@settings(
    max_examples=60, deadline=None, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck)
)
@given(moves=MOVES)
def test_any_sequence_of_moves(one_night: Night, moves: list[tuple[str, int, int]]) -> None:
    """Each alert is in one live incident, for which somebody was called; a merge calls nobody, silences no P0."""
    play = Play(one_night, f"room-{next(ROOMS)}")

    async def all_of_it() -> None:
        for move in moves:
            await play.move(*move)
        while play.firing:
            await play.move("end", 0, 0)
        assert not play.live()

    asyncio.run(all_of_it())
