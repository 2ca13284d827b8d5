"""What a review reads from one incident: who, how soon, what was written, which pages failed."""

from typing import Any

import pytest

from servers.told_incident import at, incident, note, page
from streamwatch.duty import NOBODY_HOLDS
from streamwatch.incidents.timeline import Kind, Row, acknowledged, tell
from streamwatch.report.review.handling import Detour, Handling, handling


def read(rows: dict[float, Row] | None = None, **changes: object) -> Handling:
    return handling(incident(12, rows, **changes))


def test_an_incident_that_went_as_it_should() -> None:
    """Told after two seconds, taken by Alice after thirty, over after two hundred; nothing else to say."""
    each = read()
    assert [each.seconds_to(when) for when in (each.paged_at, each.taken_at, each.over_at)] == [2, 30, 200]
    assert each.people == ("Alice",)
    assert (each.failed_tries, each.called_again, each.unattended) == (0, 0, False)
    assert (each.detours, each.undelivered, each.repeated, each.notes) == ((), (), (), ())


def test_what_did_not_happen_is_none() -> None:
    """Nobody was told, nobody took it, it fires still: never 0."""
    unheard = page(state="dead", channel=None, delivered_at=None)
    each = read({}, pages=[unheard], resolved_at=None)
    assert [each.seconds_to(when) for when in (each.paged_at, each.taken_at, each.over_at)] == [None, None, None]
    assert (each.people, each.undelivered) == ((), ("Alice",))


def test_the_first_ack_counts_and_everybody_who_had_it_is_named() -> None:
    """Alice's ack runs out, she takes it again, Bob takes over: after thirty seconds Alice, then Bob."""
    lapsed = tell(Kind.LAPSED, person="alice", why="no sign of work")
    rows = {30.0: acknowledged("alice"), 930.0: lapsed, 940.0: acknowledged("alice", "phone")}
    each = read(
        rows | {950.0: tell(Kind.TAKEN_OVER, person="bob", others="alice")},
        acknowledged_by="bob",
        acknowledged_by_name="Bob",
    )
    assert (each.seconds_to(each.taken_at), each.people, each.called_again) == (30, ("Alice", "Bob"), 1)


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        (note("alice", "switched"), True),
        (tell(Kind.CLOSED, person="bob", what="fire is out"), True),
        (tell(Kind.CUT, person="bob", what="20:03"), True),
        (tell(Kind.CALLED, person="alice", why="default duty list"), False),
        (acknowledged("alice"), False),
    ],
)
def test_what_people_wrote_is_kept(row: Row, kept: bool) -> None:
    """In both languages, with its time; what StreamWatch wrote itself is no note."""
    assert [(each.text, each.at.isoformat(timespec="milliseconds")) for each in read({40.0: row}).notes] == (
        [(row.text, at(40))] if kept else []
    )


def test_a_page_that_needed_another_channel() -> None:
    """The chat did not take Alice's page, the phone did; Bob's failure is not hers."""
    rows = {
        1.0: tell(Kind.TRY_FAILED, person="alice", channel="chat", why="refused"),
        1.5: tell(Kind.TRY_FAILED, person="bob", channel="chat", why="refused"),
        3.0: tell(Kind.TRY_FAILED, person="alice", channel="chat", why="of a later page"),
    }
    each = read(rows)
    assert each.detours == (Detour("Alice", "chat", "phone"),)
    assert each.failed_tries == 3


def test_a_second_try_over_the_same_channel_is_no_detour() -> None:
    """It failed once and may have come twice, which is told as that."""
    unknown = tell(Kind.UNKNOWN, person="alice", channel="phone")
    each = read({1.0: unknown}, pages=[page(maybe_repeated=True, attempts=2)])
    assert (each.detours, each.failed_tries, each.repeated) == ((), 1, ("Alice",))


@pytest.mark.parametrize(
    ("row", "unattended"),
    [
        (tell(Kind.NOBODY), True),
        (tell(Kind.CALLED, person="alice", why=NOBODY_HOLDS.format(role="tech")), True),
        (tell(Kind.CALLED, person="alice", why="default duty list"), False),
    ],
)
def test_a_gap_in_duty_is_what_the_call_met(row: Row, unattended: bool) -> None:
    """Nobody could be called, or everyone was, because nobody held the role."""
    assert read({0.0: row}).unattended is unattended


def test_what_tells_the_end_is_no_call() -> None:
    """A page that says that it is over neither counts as told nor as undelivered."""
    over = page(kind="over", delivered_at=at(1), state="delivered")
    lost = page(kind="over", delivered_at=None, state="dead")
    each = read(pages=[over, lost])
    assert (each.paged_at, each.undelivered) == (None, ())


@pytest.mark.parametrize(
    ("drill", "seconds", "channel", "itself"),
    [
        (True, 2.4, None, True),
        (True, 2.4, "phone", False),
        (True, 30, None, False),
        (True, 1, None, True),
        (False, 2.4, None, False),
    ],
)
def test_a_drill_that_takes_its_own_page(drill: bool, seconds: float, channel: str | None, itself: bool) -> None:
    """Nobody reads a page within five seconds of its delivery; a button of the channel was pressed by a person."""
    assert read({seconds: acknowledged("alice", channel)}, drill=drill).taken_by_itself is itself


@pytest.mark.parametrize(
    ("states", "observed"),
    [(["observed"], True), (["observed", "cancelled"], True), (["cancelled"], False), (["observed", "dead"], False),
     ([], False)],
)  # fmt: skip
def test_what_is_only_observed(states: list[str], observed: bool) -> None:
    """No page of it was to go out."""
    assert read(pages=[page(state=each, delivered_at=None) for each in states]).observed is observed


@pytest.mark.parametrize("missing", ["timeline", "pages", "alerts", "opened_at", "evidence"])
def test_what_is_no_incident_is_noticed(missing: str) -> None:
    """A receiver of another kind, or an older one, must not look like an evening without trouble."""
    told: dict[str, Any] = incident()
    del told[missing]
    with pytest.raises(KeyError):
        handling(told)
