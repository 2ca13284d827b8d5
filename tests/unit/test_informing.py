"""Who is told of an incident and not called for it: pure, by the table, the duty book and the clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from servers.story import NOON, book, person
from streamwatch.alert import Alert
from streamwatch.delivering.budget import urgency
from streamwatch.duty import Away, Override, Person, Quiet, Session
from streamwatch.duty.book import DutyBook
from streamwatch.incidents.informing import DEFAULT, MILDEST, Inform, occasion, role_of, roles, told
from streamwatch.incidents.trigger import Report, find, firing
from streamwatch.message import CALLS, TOLD

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = Quiet(time(23), time(7))
LISTS = {"tech": ("alice", "bob"), "marketing": ("charlie", "bob")}


def alert(procedure: str, name: str = "X", severity: str = "P1", **labels: str) -> Alert:
    given = {"alertname": name, "procedure": procedure, "severity": severity, **labels}
    return Alert(given, {}, "firing", NOON, None, "aa")


def sleeper(name: str, *quiet: Quiet) -> Person:
    known = person(name)
    return Person(known.id, known.name, known.language, known.contacts, SHANGHAI, quiet or (NIGHT,))


@pytest.mark.parametrize(
    ("given", "who"),
    [
        (alert("stream_interruption", severity="P0"), ["marketing"]),
        (alert("stream_interruption", severity="P1"), []),
        (alert("viewer_complaints", "ViewersLeaving", "P2"), ["marketing"]),
        (alert("viewer_complaints", "ComplaintSpike", category="price"), ["planner"]),
        (alert("viewer_complaints", "ComplaintSpike", category="trust"), ["planner"]),
        (alert("viewer_complaints", "ComplaintSpike", category="lag"), []),
        (alert("content_violation", "ViolationHint"), []),
        (alert("commerce", "PriceWrong"), ["planner"]),
        (alert("commerce", "SoldOut"), []),
        (alert("infrastructure", severity="P0"), []),
    ],
)
def test_the_usual_table(given: Alert, who: list[str]) -> None:
    """Marketing hears of what empties the room it pays for, the planner of prices and claims."""
    assert roles(DEFAULT, given) == who


def test_a_false_claim_that_a_person_reports_is_told_to_the_planner() -> None:
    """By the alert that the report becomes, whatever its name is made of."""
    matter = find("content_violation", "false_claim")
    assert matter is not None
    reported = firing(Report(matter, "demo", "", "bob", NOON, "one"))
    assert roles(DEFAULT, Alert(reported["labels"], {}, "firing", NOON, None, "person-one")) == ["planner"]


def test_a_role_that_two_lines_name_is_told_once() -> None:
    """The order is that of the table."""
    table = [Inform("a", ("data", "planner")), Inform("a", ("planner", "service"), severity=("P1", "P2"))]
    assert roles(table, alert("a")) == ["data", "planner", "service"]
    assert roles((), alert("a")) == []


def test_whoever_holds_the_role_is_told_and_why() -> None:
    """By the default list here; the second name of the list is for calls that fail."""
    found = told(book(default=LISTS), "marketing", "demo", NOON)
    assert found is not None
    assert (found.person, found.role, found.why.en, found.due_at) == (
        "charlie", "marketing", "default duty list", NOON
    )  # fmt: skip


def test_an_override_and_a_session_go_before_the_list() -> None:
    """As for calls."""
    evening = Session("s", "demo", NOON - timedelta(hours=1), NOON + timedelta(hours=1), {"marketing": ("bob",)})
    here = book(default=LISTS, sessions=(evening,))
    assert (found := told(here, "marketing", "demo", NOON)) is not None
    assert (found.person, found.why.en) == ("bob", "duty list of session s")
    swap = Override("marketing", "alice", NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert (found := told(here.as_it_is([swap], {}), "marketing", "demo", NOON)) is not None
    assert found.person == "alice"


def test_nobody_is_asked_instead_of_nobody() -> None:
    """A call that nobody holds goes to everyone; a word does not. Nor does it find whoever is away."""
    assert told(book(), "marketing", "demo", NOON) is None
    gone = Away("charlie", NOON - timedelta(days=1), NOON + timedelta(days=1))
    alone = DutyBook(book().people, {"marketing": ("charlie",)}, away=(gone,))
    assert told(alone, "marketing", "demo", NOON) is None
    assert told(book(default={"marketing": ("nobody-we-know",)}), "marketing", "demo", NOON) is None


def test_somebody_awake_goes_before_a_sleeper() -> None:
    """Midnight in Shanghai: Charlie sleeps, Bob does not."""
    night = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    here = book((person("bob"), sleeper("charlie")), LISTS)
    assert (found := told(here, "marketing", "demo", night)) is not None
    assert (found.person, found.due_at) == ("bob", night)


def test_a_sleeper_is_told_in_the_morning() -> None:
    """At the end of the quiet hours by the sleeper's clock, and nothing is said of a call."""
    night = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
    here = book((sleeper("charlie"), sleeper("bob")), LISTS)
    assert (found := told(here, "marketing", "demo", night)) is not None
    assert (found.person, found.due_at) == ("charlie", datetime(2026, 11, 22, 23, 0, tzinfo=UTC))
    assert found.why.en == "default duty list"


@pytest.mark.parametrize(
    ("at", "awake"),
    [
        (datetime(2026, 11, 22, 22, 59, tzinfo=SHANGHAI), datetime(2026, 11, 22, 22, 59, tzinfo=SHANGHAI)),
        (datetime(2026, 11, 22, 23, 0, tzinfo=SHANGHAI), datetime(2026, 11, 23, 8, 30, tzinfo=SHANGHAI)),
        (datetime(2026, 11, 23, 6, 59, tzinfo=SHANGHAI), datetime(2026, 11, 23, 8, 30, tzinfo=SHANGHAI)),
        (datetime(2026, 11, 23, 8, 30, tzinfo=SHANGHAI), datetime(2026, 11, 23, 8, 30, tzinfo=SHANGHAI)),
    ],
)
def test_quiet_hours_that_touch_are_one(at: datetime, awake: datetime) -> None:
    """From 23:00 to 07:00 and from there to 08:30: the second end counts."""
    assert sleeper("charlie", NIGHT, Quiet(time(7), time(8, 30))).awake_at(at) == awake


def test_who_has_nothing_but_quiet_hours_is_told_some_day() -> None:
    """Two windows that fill the day end in a moment all the same."""
    always = sleeper("charlie", NIGHT, Quiet(time(7), time(23)))
    assert NOON < always.awake_at(NOON) <= NOON + timedelta(days=2)


def test_a_page_keeps_as_which_role_it_tells() -> None:
    """And one that calls has none."""
    assert role_of(occasion("marketing")) == "marketing"
    assert role_of("firing:aa:2026-11-22T12:00:00+00:00") == ""


def test_what_tells_is_as_mild_as_can_be() -> None:
    """It is no call, and never takes a P0's share of anybody's peace."""
    assert TOLD not in CALLS
    assert (MILDEST, urgency("P0", TOLD)) == ("P3", "mild")
