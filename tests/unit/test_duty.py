"""Who holds a role: the session's list, else the default, else everyone; never the host on air."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from streamwatch.duty import (
    AFTER,
    BEFORE,
    DutyBook,
    PassedOver,
    Person,
    Session,
    hosts_on_air,
    others,
    running_session,
    who,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 22, 19, 0, tzinfo=SHANGHAI)
END = datetime(2026, 11, 22, 23, 30, tzinfo=SHANGHAI)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=SHANGHAI)
TICK = timedelta(microseconds=1)
ALICE, BOB, CHARLIE = (PassedOver(name, "on_air") for name in ("alice", "bob", "charlie"))

Lists = dict[str, tuple[str, ...]]


def session(duty: Lists, id_: str = "1122-A", stream: str = "demo", hours: float = 0) -> Session:
    return Session(id_, stream, START + timedelta(hours=hours), END + timedelta(hours=hours), duty)


def book(default: Lists | None = None, *sessions: Session) -> DutyBook:
    people = {name: Person(name, name.capitalize(), "zh", ()) for name in ("alice", "bob", "charlie")}
    return DutyBook(people, {"tech": ("alice", "bob")} if default is None else default, sessions)


def test_the_first_of_the_list_is_called_the_others_back_up() -> None:
    """Alice is called, Bob is next, Charlie is off."""
    duty = who(book(), "tech", "demo", NOON)
    assert (duty.call, duty.backup, duty.source) == (("alice",), ("bob",), "default")


def test_the_sessions_list_goes_before_the_default() -> None:
    """While the session runs its own list counts, and the reason names it."""
    duty = who(book(None, session({"tech": ("bob", "charlie")})), "tech", "demo", START)
    assert (duty.call, duty.backup, duty.source) == (("bob",), ("charlie",), "session")
    assert "1122-A" in duty.reason.zh
    assert "1122-A" in duty.reason.en


@pytest.mark.parametrize("lists", [{}, {"ops": ("charlie",)}, {"tech": ()}])
def test_a_session_without_the_role_leaves_it_to_the_default(lists: Lists) -> None:
    """A list that does not name the role is no reason to call nobody."""
    assert who(book(None, session(lists)), "tech", "demo", START).source == "default"


def test_another_streams_session_does_not_count() -> None:
    """Each stream has its own sessions."""
    there = session({"tech": ("charlie",)}, stream="other")
    assert who(book(None, there), "tech", "demo", START).call == ("alice",)


@pytest.mark.parametrize(
    ("at", "source"),
    [
        (START - BEFORE - TICK, "default"),
        (START - BEFORE, "session"),
        (END, "session"),
        (END + AFTER - TICK, "session"),
        (END + AFTER, "default"),
    ],
)
def test_a_session_counts_from_an_hour_before_to_half_an_hour_after(at: datetime, source: str) -> None:
    """The first moment is in, the last is out."""
    assert who(book(None, session({"tech": ("bob",)})), "tech", "demo", at).source == source


@pytest.mark.parametrize("day", ["2027-03-28T03:00", "2026-10-25T03:00"])
@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Europe/Berlin")])
def test_an_hour_before_is_an_hour_when_the_clocks_change(day: str, zone: ZoneInfo) -> None:
    """At three in the morning of the change, sixty minutes before the start are sixty minutes before it."""
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    night = Session("night", "demo", start, start + timedelta(hours=2), {"tech": ("bob",)})
    first = start.astimezone(UTC) - BEFORE
    assert night.covers(first.astimezone(zone))
    assert not night.covers((first - TICK).astimezone(zone))


def test_nobody_on_the_list_means_everyone() -> None:
    """A role that nobody holds fails open, and says so in both languages."""
    duty = who(book(), "planner", "demo", NOON)
    assert (duty.call, duty.backup, duty.source) == (("alice", "bob", "charlie"), (), "everyone")
    assert "planner" in duty.reason.zh
    assert "everyone" in duty.reason.en


def test_nobody_at_all_is_said() -> None:
    """With no people there is nobody to call, which is an answer too."""
    duty = who(DutyBook({}, {}), "tech", "demo", NOON)
    assert (duty.call, duty.source) == ((), "nobody")


@pytest.mark.parametrize(
    ("at", "called"),
    [
        (START - TICK, ("alice",)),
        (START, ("bob",)),
        (END - TICK, ("bob",)),
        (END, ("alice",)),
    ],
)
def test_the_host_is_passed_over_only_on_air(at: datetime, called: tuple[str, ...]) -> None:
    """Alice hosts: between the planned start and end Bob is called for her, before and after she is."""
    assert who(book(None, session({"host": ("alice",)})), "tech", "demo", at).call == called


def test_who_was_passed_over_is_named() -> None:
    """The timeline can tell that Alice was not called, and why."""
    assert who(book(None, session({"host": ("alice",)})), "tech", "demo", START).passed_over == (ALICE,)


def test_a_host_of_another_stream_is_on_air_too() -> None:
    """Whoever stands before a camera cannot look after another stream."""
    there = session({"host": ("alice",)}, stream="other")
    assert who(book(None, there), "tech", "demo", START).call == ("bob",)


def test_a_list_of_hosts_alone_falls_through() -> None:
    """When all of a list are on air the next list counts; when all of both are, everyone else is called."""
    on_air = session({"host": ("alice", "bob"), "tech": ("alice",)})
    duty = who(book(None, on_air), "tech", "demo", START)
    assert (duty.call, duty.source, duty.passed_over) == (("charlie",), "everyone", (ALICE, BOB))


def test_everyone_on_air_is_nobody() -> None:
    """The host is not called even when there is nobody else."""
    duty = who(book(None, session({"host": ("alice", "bob", "charlie")})), "tech", "demo", START)
    assert (duty.call, duty.source, duty.passed_over) == ((), "nobody", (ALICE, BOB, CHARLIE))


def test_of_two_sessions_the_one_on_air_counts() -> None:
    """In the hour before the second session the first is still on air, and the other way round."""
    early, late = session({}, "early"), session({}, "late", hours=4.5)
    both = book(None, late, early)
    assert running_session(both, "demo", END - TICK) is early
    assert running_session(both, "demo", END) is late


def test_between_two_sessions_the_nearer_one_counts() -> None:
    """Twenty minutes between them: ten after the first the team changes."""
    early, late = session({}, "early"), session({}, "late", hours=4.5 + 20 / 60)
    both = book(None, early, late)
    assert running_session(both, "demo", END + timedelta(minutes=9)) is early
    assert running_session(both, "demo", END + timedelta(minutes=11)) is late


def test_no_session_is_no_answer() -> None:
    """Off air there is none."""
    assert running_session(book(None, session({})), "demo", NOON) is None


def test_hosts_on_air_are_those_of_every_running_session() -> None:
    """Two rooms at once have two hosts."""
    both = book(None, session({"host": ("alice",)}), session({"host": ("bob",)}, "B", "other"))
    assert hosts_on_air(both, START) == {"alice", "bob"}
    assert hosts_on_air(both, NOON) == frozenset()


def test_others_are_those_not_told_and_not_on_air() -> None:
    """Alice was told, Bob is on air: Charlie is left."""
    assert others(book(None, session({"host": ("bob",)})), frozenset({"alice"}), START) == ("charlie",)
    assert others(book(), frozenset({"alice", "bob", "charlie"}), START) == ()
