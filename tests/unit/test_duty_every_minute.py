"""Two years in eight zones, minute by minute: one person holds each role, or a gap is told. And books at random.

The oracle counts turns by walking along the clock on the wall; it shares nothing with the code but the words.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamwatch.duty import (
    Away,
    Contact,
    DutyBook,
    Holidays,
    Override,
    Person,
    Quiet,
    Rotation,
    Session,
    Shift,
    Window,
    gaps,
    held_roles,
    shifts,
    who,
)
from streamwatch.duty.wall_clock import doubt, instant, wall

ZONES = (
    "Asia/Shanghai",
    "Asia/Kolkata",  # half an hour
    "Asia/Kathmandu",  # three quarters
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",  # half an hour, and clocks that change
    "Australia/Lord_Howe",  # clocks change by half an hour
    "Pacific/Chatham",  # three quarters, and clocks that change
)
CAST = ("alice", "bob", "charlie")
PEOPLE = {name: Person(name, name.capitalize(), "zh", ()) for name in CAST}
MINUTE, BLOCK, DAY = timedelta(minutes=1), 15, timedelta(days=1)
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
MINUTES = int((LAST - FIRST) / MINUTE)
# Every clock of ZONES changes, and every hand-over below is, at a quarter of an hour.
TURNS = {
    "tech": (timedelta(weeks=1), "Mon 10:00", datetime(2026, 1, 5, 10, 0)),  # noqa: DTZ001
    "ops": (DAY, "02:15", datetime(2026, 1, 3, 2, 15)),  # noqa: DTZ001  # in the hour that some nights lack
    "service": (timedelta(hours=12), "10:00", datetime(2026, 1, 2, 10, 0)),  # noqa: DTZ001
    "data": (timedelta(hours=4), "01:45", datetime(2026, 1, 2, 1, 45)),  # noqa: DTZ001
}


def year_book(zone: ZoneInfo) -> DutyBook:
    rotations = tuple(Rotation(role, CAST, every, first, zone) for role, (every, _, first) in TURNS.items())
    return DutyBook(PEOPLE, {}, rotations=rotations)


def minute(at: datetime) -> int:
    return int((at - FIRST) / MINUTE)


def holders(found: list[Shift]) -> bytearray:
    """Of each minute: 0 for a gap, else the number of the person; 255 where two shifts meet."""
    table = bytearray(MINUTES)
    seen = bytearray(MINUTES)
    for shift in found:
        begins, ends = minute(shift.start), minute(shift.end)
        assert not any(seen[begins:ends]), "two shifts at once"
        seen[begins:ends] = b"\x01" * (ends - begins)
        holder = 0 if shift.is_gap else 1 + CAST.index(shift.duty.call[0])
        table[begins:ends] = bytes([holder]) * (ends - begins)
    assert all(seen), "a minute that belongs to no shift"
    return table


def walked(zone: ZoneInfo, every: timedelta, first: datetime) -> bytearray:
    """The same table, by walking: a turn passes when the clock reaches the time of the next hand-over.

    Clocks that were set back do not undo it; of a time that is left out, the clock before the jump is asked.
    """
    table, turn = bytearray(MINUTES), -1
    step, zero = int(every / MINUTE), _label(first)
    before = old = offsets(zone)[0]
    jump_ends = 0
    for at, offset in zip(range(0, MINUTES, BLOCK), offsets(zone), strict=True):
        if offset > before:
            jump_ends, old = at + offset - before, before
        before = offset
        passed = (at + offset - zero) // step
        if at < jump_ends and passed * step < jump_ends + old - zero:
            # The clock that jumped has passed a hand-over whose time it never showed: it comes by the old clock.
            passed = (at + old - zero) // step
        turn = max(turn, passed)
        if turn >= 0:
            table[at : at + BLOCK] = bytes([1 + turn % len(CAST)]) * BLOCK
    return table


@lru_cache(maxsize=1)
def offsets(zone: ZoneInfo) -> tuple[int, ...]:
    """Minutes by which the clock is ahead of UTC, of each quarter of an hour."""
    blocks = range(0, MINUTES, BLOCK)
    ahead = [(FIRST + block * MINUTE).astimezone(zone).utcoffset() or timedelta(0) for block in blocks]
    return tuple(int(each / MINUTE) for each in ahead)


def _label(shown: datetime) -> int:
    """What the clock shows, in minutes since the first of January."""
    return int((shown - datetime(2026, 1, 1)) / MINUTE)  # noqa: DTZ001


@pytest.mark.parametrize("name", ZONES)
def test_every_minute_of_two_years_has_one_holder_or_a_gap_that_is_told(name: str) -> None:
    """Each minute in exactly one shift, held by whoever the walk says; before the first turn a gap."""
    zone = ZoneInfo(name)
    book = year_book(zone)
    missing = gaps(book, FIRST, LAST)
    for role, (every, _, first) in TURNS.items():
        found = shifts(book, role, "", FIRST, LAST)
        table = holders(found)
        expected = walked(zone, every, first)
        assert table == expected, _where(table, expected, zone)
        told = [(gap.start, gap.end) for gap in missing if gap.role == role]
        assert told == [(FIRST, instant(first, zone))]


@pytest.mark.parametrize("name", ZONES)
def test_every_hand_over_is_at_its_time_on_the_wall(name: str) -> None:
    """Or, in a night that lacks this time, later by what the clocks jumped."""
    zone = ZoneInfo(name)
    for role, (every, at, _) in TURNS.items():
        if every < timedelta(hours=12):
            continue
        times = {time.fromisoformat(at.rpartition(" ")[2])}
        if every == timedelta(hours=12):
            times.add(time(22, 0))
        for shift in shifts(year_book(zone), role, "", FIRST, LAST)[1:]:
            shown = wall(shift.start, zone)
            if shown.time() not in times:
                wanted = [datetime.combine(shown.date(), each) for each in times]
                assert [
                    each for each in wanted if doubt(each, zone) == "missing" and instant(each, zone) == shift.start
                ]


def _where(table: bytearray, expected: bytearray, zone: ZoneInfo) -> str:
    number = next(index for index, (one, other) in enumerate(zip(table, expected, strict=True)) if one != other)
    at = (FIRST + number * MINUTE).astimezone(zone)
    return f"{at}: {table[number]} instead of {expected[number]}"


# Books at random: `shifts`, which looks at a few instants, must agree with `who`, which is asked for any.

BEGIN = datetime(2026, 10, 20, tzinfo=UTC)  # clocks change within the fortnight
SPAN = 14 * 24 * 60
instants = st.integers(0, SPAN).map(lambda number: BEGIN + number * MINUTE)
names = st.sampled_from(CAST)
lists = st.lists(names, min_size=1, max_size=3, unique=True).map(tuple)
lengths = st.integers(1, 3 * 24 * 60).map(lambda number: number * MINUTE)


@st.composite
def spans(draw: st.DrawFn) -> Window:
    start = draw(instants)
    return Window(start, start + draw(lengths))


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    start = draw(instants)
    end = start + draw(st.integers(1, 600)) * MINUTE
    started = draw(st.none() | st.integers(-90, 30).map(lambda n: start + n * MINUTE))
    ended = draw(st.none() | st.integers(-20, 200).map(lambda n: end + n * MINUTE))
    duty = draw(st.dictionaries(st.sampled_from(("tech", "host")), lists, max_size=2))
    rehearsal = draw(st.none() | spans())
    stream = draw(st.sampled_from(("demo", "other")))
    return Session("s", stream, start, end, duty, "", None, rehearsal, (), (), started, ended)


@st.composite
def rotations(draw: st.DrawFn) -> Rotation:
    every = draw(st.sampled_from([timedelta(hours=hours) for hours in (1, 6, 12, 24, 48, 168)]))
    first = datetime(2026, 10, draw(st.integers(1, 28)), draw(st.integers(0, 23)), draw(st.integers(0, 59)))  # noqa: DTZ001
    only = draw(st.sampled_from((None, "weekdays", "weekends", "workdays", "holidays")))
    off = frozenset({(BEGIN + draw(st.integers(0, 13)) * DAY).date()})
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    return Rotation("tech", draw(lists), every, first, zone, None, only, Holidays(off))


@st.composite
def books(draw: st.DrawFn) -> DutyBook:
    overrides = tuple(
        Override("tech", draw(names), span.start, span.end, draw(st.sampled_from((None, "demo"))))
        for span in draw(st.lists(spans(), max_size=3))
    )
    away = tuple(Away(draw(names), span.start, span.end) for span in draw(st.lists(spans(), max_size=3)))
    default = draw(st.dictionaries(st.just("tech"), lists, max_size=1))
    return DutyBook(
        PEOPLE,
        default,
        tuple(draw(st.lists(sessions(), max_size=4))),
        "ops",
        tuple(draw(st.lists(rotations(), max_size=2))),
        away,
        overrides,
    )


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(book=books(), asked=st.lists(st.integers(0, SPAN * 60 - 1), min_size=1, max_size=30))
def test_the_shifts_say_at_any_second_what_who_says(book: DutyBook, asked: list[int]) -> None:
    """Whatever is in the book: without a hole, without two at once, and never a host on air."""
    end = BEGIN + SPAN * MINUTE
    found = shifts(book, "tech", "demo", BEGIN, end)
    assert [shift.start for shift in found] == [BEGIN, *(shift.end for shift in found[:-1])]
    assert found[-1].end == end
    for at in {*(BEGIN + timedelta(seconds=second) for second in asked), *_edges(found, end)}:
        (shift,) = (each for each in found if each.start <= at < each.end)
        duty = who(book, "tech", "demo", at)
        assert duty == shift.duty
        on_air = {host for each in book.sessions if each.on_air(at) for host in each.duty.get("host", ())}
        assert not on_air & {*duty.call, *duty.backup}
        assert duty.call or on_air == set(CAST)


def _edges(found: list[Shift], end: datetime) -> Iterator[datetime]:
    tick = timedelta(microseconds=1)
    for shift in found:
        yield shift.start
        yield min(shift.end, end) - tick


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(book=books(), at=instants, severity=st.sampled_from((None, "P0", "P1", "P3")), asleep=st.sets(names))
def test_somebody_is_called_whoever_sleeps(
    book: DutyBook, at: datetime, severity: str | None, asleep: set[str]
) -> None:
    """Quiet hours change who is called, never whether somebody is; nobody stands in the answer twice."""
    always = (Quiet(time(0), time(12)), Quiet(time(12), time(0)))
    people = {
        name: Person(name, name, "zh", (Contact("phone", name),), UTC, always if name in asleep else ())
        for name in CAST
    }
    sleepy = DutyBook(people, book.default, book.sessions, "ops", book.rotations, book.away, book.overrides)
    duty = who(sleepy, "tech", "demo", at, severity)
    loud = who(sleepy, "tech", "demo", at)

    assert bool(duty.call) == bool(loud.call)
    answer = [*duty.call, *duty.backup]
    assert len(answer) == len(set(answer))
    assert not {each.person for each in duty.passed_over} & set(duty.call)
    if severity == "P0":
        assert duty == loud


def test_what_is_held_is_looked_at() -> None:
    """Roles of rotations are roles that can have gaps."""
    assert held_roles(year_book(ZoneInfo("UTC"))) == ["tech", "ops", "service", "data"]
