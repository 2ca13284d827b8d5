"""Which list counts, who is passed over and why: override, session, rotation, default, everyone."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from streamwatch.duty import (
    Away,
    DutyBook,
    Override,
    PassedOver,
    Person,
    Quiet,
    Rotation,
    Session,
    others,
    who,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = datetime(2026, 11, 22, 3, 0, tzinfo=SHANGHAI)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=SHANGHAI)
HOUR = timedelta(hours=1)
QUIET = Quiet(time(23), time(7))


def person(name: str, *, quiet: bool = False, zone: ZoneInfo = SHANGHAI) -> Person:
    return Person(name, name.capitalize(), "zh", (), zone, (QUIET,) if quiet else ())


def book(*quiet: str, **changes: object) -> DutyBook:
    people = {name: person(name, quiet=name in quiet) for name in ("alice", "bob", "charlie")}
    plain = DutyBook(people, {"tech": ("alice", "bob")})
    return replace(plain, **changes)  # type: ignore[arg-type]  # by name


def session(**duty: tuple[str, ...]) -> Session:
    return Session("1122-A", "demo", NOON - HOUR, NOON + HOUR, duty)


def override(person: str, **changes: object) -> Override:
    made = Override("tech", person, NOON - HOUR, NOON + HOUR)
    return replace(made, **changes)  # type: ignore[arg-type]  # by name


def turns(*people: str) -> Rotation:
    return Rotation("tech", people, timedelta(days=1), datetime(2026, 11, 22, 0, 0), SHANGHAI)  # noqa: DTZ001


def test_the_most_particular_list_counts() -> None:
    """Taken away one after the other: override, session, rotation, default, everyone."""
    full = book(
        overrides=(override("charlie"),), sessions=(session(tech=("bob",)),), rotations=(turns("charlie", "alice"),)
    )
    layers = [
        full,
        replace(full, overrides=()),
        replace(full, overrides=(), sessions=()),
        replace(full, overrides=(), sessions=(), rotations=()),
        replace(full, overrides=(), sessions=(), rotations=(), default={}),
    ]
    found = [(duty.source, duty.call) for duty in (who(each, "tech", "demo", NOON) for each in layers)]

    assert found == [
        ("override", ("charlie",)),
        ("session", ("bob",)),
        ("rotation", ("charlie",)),
        ("default", ("alice",)),
        ("everyone", ("alice", "bob", "charlie")),
    ]


def test_the_reason_names_the_session_and_who_overrode_it() -> None:
    """Alice is told why it is her, by names."""
    said = book(sessions=(session(tech=("bob",)),), overrides=(override("alice", by="bob", reason="病假"),))
    duty = who(said, "tech", "demo", NOON)

    assert duty.reason.zh == "场次 1122-A 的值班表，由 Bob 改派（病假）"
    assert duty.reason.en == "duty list of session 1122-A, override by Bob (病假)"
    assert (duty.call, duty.backup) == (("alice",), ("bob",))


def test_of_overrides_the_latest_counts_and_one_for_the_stream_before_all() -> None:
    """Said at noon beats said in the morning; said of this stream beats said of all."""
    general = (override("alice"), override("bob"))
    assert who(book(overrides=general), "tech", "demo", NOON).call == ("bob",)
    particular = (override("charlie", stream="demo"), *general)
    assert who(book(overrides=particular), "tech", "demo", NOON).call == ("charlie",)
    assert who(book(overrides=particular), "tech", "other", NOON).call == ("bob",)


@pytest.mark.parametrize(("at", "called"), [(-61, "alice"), (-60, "charlie"), (59, "charlie"), (60, "alice")])
def test_an_override_counts_from_its_start_to_its_end(at: int, called: str) -> None:
    """The first moment is in, the last is out."""
    made = book(overrides=(override("charlie"),))
    assert who(made, "tech", "demo", NOON + timedelta(minutes=at)).call == (called,)


def test_an_override_for_somebody_who_left_does_not_count() -> None:
    """A person whom duty.yml does not know cannot be called."""
    assert who(book(overrides=(override("mallory"),)), "tech", "demo", NOON).call == ("alice",)


@pytest.mark.parametrize("severity", ["P1", "P2", "P3"])
def test_in_quiet_hours_the_next_one_is_called(severity: str) -> None:
    """Alice sleeps: Bob is called for her, and the record says why it was not her."""
    duty = who(book("alice"), "tech", "demo", NIGHT, severity)
    assert (duty.call, duty.passed_over) == (("bob",), (PassedOver("alice", "quiet"),))
    assert duty.backup == ("alice",)
    assert (duty.passed_over[0].text.zh, duty.passed_over[0].text.en) == ("在静默时段", "in quiet hours")


@pytest.mark.parametrize("severity", ["P0", None])
def test_a_p0_always_calls(severity: str | None) -> None:
    """Viewers see nothing: whoever holds the role is woken."""
    duty = who(book("alice"), "tech", "demo", NIGHT, severity)
    assert (duty.call, duty.passed_over) == (("alice",), ())


def test_all_asleep_wakes_the_one_who_holds_the_role_and_not_everyone() -> None:
    """Charlie is awake and has nothing to do with it; to wake Alice is better, and it is said."""
    duty = who(book("alice", "bob"), "tech", "demo", NIGHT, "P2")
    assert (duty.call, duty.backup, duty.source) == (("alice",), ("bob",), "default")
    assert "仍呼叫" in duty.reason.zh
    assert "called all the same" in duty.reason.en


def test_an_awake_person_of_a_later_list_is_called_before_a_sleeping_one() -> None:
    """The session's Alice sleeps, the default's Bob does not."""
    duty = who(
        book("alice", sessions=(session(tech=("alice",)),), default={"tech": ("bob",)}), "tech", "demo", NOON
    )
    assert duty.call == ("alice",)
    night = session(tech=("alice",))
    night = replace(night, start=NIGHT - HOUR, end=NIGHT + HOUR)
    duty = who(book("alice", sessions=(night,), default={"tech": ("bob",)}), "tech", "demo", NIGHT, "P1")
    assert (duty.call, duty.source, duty.passed_over) == (("bob",), "default", (PassedOver("alice", "quiet"),))


def test_quiet_hours_are_by_the_persons_own_clock() -> None:
    """Three in the morning in Shanghai is eight in the evening in Berlin."""
    far = person("alice", quiet=True, zone=ZoneInfo("Europe/Berlin"))
    people = {"alice": far, "bob": person("bob")}
    assert who(DutyBook(people, {"tech": ("alice", "bob")}), "tech", "demo", NIGHT, "P1").call == ("alice",)


@pytest.mark.parametrize(
    ("clock", "quiet"), [("22:59", False), ("23:00", True), ("00:00", True), ("06:59", True), ("07:00", False)]
)
def test_quiet_hours_reach_over_midnight(clock: str, quiet: bool) -> None:
    """From eleven to seven."""
    assert QUIET.holds(time.fromisoformat(clock)) is quiet


def test_who_is_away_is_passed_over() -> None:
    """Bob for Alice, while she is on holiday, whatever the severity."""
    away = (Away("alice", NOON - HOUR, NOON + HOUR),)
    for severity in ("P0", "P2", None):
        duty = who(book(away=away), "tech", "demo", NOON, severity)
        assert (duty.call, duty.passed_over) == (("bob",), (PassedOver("alice", "away"),))
    assert who(book(away=away), "tech", "demo", NOON + HOUR).call == ("alice",)


def test_everyone_leaves_out_the_sleeping_and_the_away_while_there_are_others() -> None:
    """Alice is away, Bob sleeps: Charlie alone is everyone; without him Bob is, then Alice."""
    away = (Away("alice", NIGHT - HOUR, NIGHT + HOUR),)
    nobody = book("bob", away=away, default={})
    assert who(nobody, "tech", "demo", NIGHT, "P1").call == ("charlie",)
    assert others(nobody, frozenset({"charlie"}), NIGHT, "P1") == ("bob",)
    assert others(nobody, frozenset({"charlie", "bob"}), NIGHT, "P1") == ("alice",)
    assert others(nobody, frozenset({"charlie"}), NIGHT, "P0") == ("bob",)


def test_the_host_on_air_is_not_called_by_an_override() -> None:
    """An override cannot take somebody from before the camera."""
    made = book(sessions=(session(host=("charlie",)),), overrides=(override("charlie"),))
    duty = who(made, "tech", "demo", NOON)
    assert (duty.call, duty.passed_over) == (("alice",), (PassedOver("charlie", "on_air"),))


def test_a_rotation_may_be_of_some_streams_only() -> None:
    """The studio's turns are not those of the other rooms."""
    studio = replace(turns("charlie"), streams=frozenset({"studio"}))
    made = book(rotations=(studio,))
    assert who(made, "tech", "studio", NOON).call == ("charlie",)
    assert who(made, "tech", "demo", NOON).call == ("alice",)


def test_of_two_rotations_the_first_that_has_somebody_counts() -> None:
    """Weekdays by the one, all other days by the other."""
    weekdays = replace(turns("alice"), only="weekdays", first=datetime(2026, 11, 2))  # noqa: DTZ001
    always = replace(turns("charlie"), first=datetime(2026, 11, 2))  # noqa: DTZ001
    made = book(rotations=(weekdays, always))
    monday = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)
    assert who(made, "tech", "demo", monday).call == ("alice",)
    assert who(made, "tech", "demo", monday - timedelta(days=1)).call == ("charlie",)


def test_the_zone_of_the_question_does_not_matter() -> None:
    """The same instant has one answer."""
    made = book("alice", overrides=(override("charlie"),), rotations=(turns("bob", "alice"),))
    for at in (NIGHT, NOON):
        assert who(made, "tech", "demo", at, "P1") == who(made, "tech", "demo", at.astimezone(UTC), "P1")
