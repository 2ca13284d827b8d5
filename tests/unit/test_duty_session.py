"""Sessions by plan and as they really were, and the phase of the show that rules go by."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from streamwatch.duty import (
    OVERRUN,
    PHASES,
    Actual,
    DutyBook,
    Person,
    Session,
    Window,
    hosts_on_air,
    running_session,
    show,
    shows,
    who,
)
from streamwatch.watching.session_metrics import SessionCollector

START = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
END = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # over midnight
HOUR, MINUTE, TICK = timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)
PLAN = Session("A", "demo", START, END, {"tech": ("bob",), "host": ("charlie",)})


def book(*sessions: Session) -> DutyBook:
    people = {name: Person(name, name.capitalize(), "zh", ()) for name in ("alice", "bob", "charlie")}
    return DutyBook(people, {"tech": ("alice",)}, sessions)


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        (START - HOUR - TICK, "off_air"),
        (START - HOUR, "before"),
        (START - TICK, "before"),
        (START, "on_air"),
        (END - TICK, "on_air"),
        (END, "after"),
        (END + 30 * MINUTE - TICK, "after"),
        (END + 30 * MINUTE, "off_air"),
    ],
)
def test_the_phases_of_a_plan(at: datetime, phase: str) -> None:
    """An hour before, on air over midnight, half an hour after."""
    assert show(book(PLAN), "demo", at).phase == phase


def test_an_early_start_is_on_air_at_once() -> None:
    """Started forty minutes early: on air from then on, and the host is not called."""
    early = replace(PLAN, started=START - 40 * MINUTE)
    assert show(book(early), "demo", START - 41 * MINUTE).phase == "before"
    assert show(book(early), "demo", START - 40 * MINUTE).phase == "on_air"
    assert hosts_on_air(book(early), START - 40 * MINUTE) == {"charlie"}


def test_a_start_before_the_hour_before_has_its_duty_list() -> None:
    """Three hours early: the list counts, from an hour before that."""
    early = replace(PLAN, started=START - 3 * HOUR)
    assert who(book(early), "tech", "demo", START - 3 * HOUR).call == ("bob",)
    assert show(book(early), "demo", START - 3 * HOUR).phase == "on_air"


def test_a_session_that_was_started_goes_on_until_somebody_ends_it() -> None:
    """Beyond its plan it is on air and its people on duty; for three hours, for somebody may forget."""
    running = replace(PLAN, started=START)
    assert show(book(running), "demo", END + OVERRUN - TICK).phase == "on_air"
    assert who(book(running), "tech", "demo", END + HOUR).call == ("bob",)
    assert show(book(running), "demo", END + OVERRUN).phase == "after"
    assert show(book(running), "demo", END + OVERRUN + HOUR).phase == "off_air"


def test_an_end_counts_whenever_it_was() -> None:
    """Earlier than planned, or later; the half hour after follows it."""
    short, long = replace(PLAN, ended=END - HOUR), replace(PLAN, ended=END + HOUR)
    assert show(book(short), "demo", END - HOUR).phase == "after"
    assert show(book(short), "demo", END - 30 * MINUTE).phase == "off_air"
    assert show(book(long), "demo", END + HOUR - TICK).phase == "on_air"
    assert show(book(long), "demo", END + HOUR).phase == "after"


def test_a_late_start_is_before_until_then() -> None:
    """Twenty minutes late: the team is there, nobody is on air."""
    late = replace(PLAN, started=START + 20 * MINUTE)
    assert show(book(late), "demo", START + 19 * MINUTE).phase == "before"
    assert hosts_on_air(book(late), START + 19 * MINUTE) == frozenset()


def test_a_rehearsal_goes_before_the_hour_before() -> None:
    """It was planned, and mostly lies in it; on air goes before everything."""
    rehearsed = replace(PLAN, rehearsal=Window(START - 5 * HOUR, START + MINUTE))
    phases = [
        show(book(rehearsed), "demo", START + at).phase for at in (-5 * HOUR - TICK, -5 * HOUR, -MINUTE, 0 * HOUR)
    ]
    assert phases == ["off_air", "rehearsal", "rehearsal", "on_air"]
    assert who(book(rehearsed), "tech", "demo", START - 4 * HOUR).call == ("bob",)


def test_while_the_next_one_comes_the_one_on_air_counts() -> None:
    """The first overruns into the second's hour; when both are on air the later one has the duty."""
    first = replace(PLAN, started=START)
    second = Session("B", "demo", END + 2 * HOUR, END + 4 * HOUR, {"tech": ("alice",)})
    both = book(second, first)
    assert show(both, "demo", END + HOUR).phase == "on_air"
    assert running_session(both, "demo", END + 2 * HOUR - TICK) is first
    assert running_session(both, "demo", END + 2 * HOUR) is second


def test_what_was_said_on_the_fly_counts() -> None:
    """By the id of the session; others stay as planned."""
    other = replace(PLAN, id="B", stream="other")
    said = book(PLAN, other).as_it_is((), {"A": Actual(START - HOUR), "unknown": Actual(START)})
    assert show(said, "demo", START - HOUR).phase == "on_air"
    assert show(said, "other", START - HOUR).phase == "before"


def page(*sessions: Session, at: datetime) -> dict[str, float]:
    """The metrics as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(SessionCollector(lambda: book(*sessions), lambda: at))
    lines = generate_latest(registry).decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[:1] != "#"}


def test_exactly_one_phase_of_each_stream_is_one() -> None:
    """All five are told, for a stream with sessions also far away from them."""
    other = replace(PLAN, id="B", stream="other", start=START + 9 * HOUR, end=END + 9 * HOUR)
    for at in (START - 500 * HOUR, START, END, END + 500 * HOUR):
        told = page(PLAN, other, at=at)
        for stream in ("demo", "other"):
            values = [told[f'streamwatch_session_phase{{phase="{phase}",stream="{stream}"}}'] for phase in PHASES]
            assert sorted(values) == [0, 0, 0, 0, 1]


def test_a_stream_without_sessions_has_no_series() -> None:
    """Nothing is known of it, which is not off air."""
    assert page(at=START) == {}
    assert not [name for name in page(PLAN, at=START) if 'stream="other"' in name]


def test_expected_viewers_are_told_while_the_session_runs() -> None:
    """From the hour before to the half hour after; absent when nobody said, and off air."""
    big, name = replace(PLAN, expected_viewers=5000), 'streamwatch_session_expected_viewers{stream="demo"}'
    assert page(big, at=START - HOUR)[name] == 5000
    assert page(big, at=END + 29 * MINUTE)[name] == 5000
    assert name not in page(big, at=START - 2 * HOUR)
    assert name not in page(PLAN, at=START)


def test_planned_slate_and_silence_are_told() -> None:
    """1 within their windows, 0 outside, of each stream that has sessions."""
    planned = replace(
        PLAN, slate=(Window(START, START + MINUTE),), silence=(Window(START + HOUR, START + HOUR + MINUTE),)
    )
    slate, silence = (f'streamwatch_session_planned_{kind}{{stream="demo"}}' for kind in ("slate", "silence"))
    seen = [
        (page(planned, at=START + at)[slate], page(planned, at=START + at)[silence])
        for at in (-TICK, 0 * HOUR, MINUTE, HOUR)
    ]
    assert seen == [(0, 0), (1, 0), (0, 0), (0, 1)]


def test_a_year_of_sessions_is_not_searched_for_every_page() -> None:
    """Of a thousand sessions only those of the day are looked at."""
    year = [replace(PLAN, id=str(n), start=START + n * 8 * HOUR, end=END + n * 8 * HOUR) for n in range(1000)]
    assert len(book(*year).near(START + 4000 * HOUR)) < 10
    assert [each.stream for each in shows(book(*year), START)] == ["demo"]


def test_a_channel_that_is_never_off_air() -> None:
    """Sessions of decades, hundreds of them, are found at any time, in the order of the file, and cost no index."""
    always = [
        replace(
            PLAN,
            id=f"always-{n}",
            stream=f"room-{n}",
            start=START - 3000 * timedelta(days=1),
            end=END + 30_000 * timedelta(days=1),
        )
        for n in range(300)
    ]
    both = book(*always[:200], PLAN, *always[200:])
    assert [each.id for each in both.near(START)] == [each.id for each in both.sessions]
    assert len(both.near(START + timedelta(days=9000))) == 300
    assert both.near(START + timedelta(days=40_000)) == tuple(always)  # they may matter; their own times decide
    assert running_session(both, "room-7", START + timedelta(days=40_000)) is None
    assert running_session(both, "room-7", START + timedelta(days=9000)) == always[7]
    assert running_session(both, "demo", START) == PLAN
    assert len(both._near[0]) < 5
