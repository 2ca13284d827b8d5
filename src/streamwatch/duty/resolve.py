"""Who is called for a role: override, session's list, rotation, default list, everyone. Pure, and it says why.

A page with a name on it beats a page to a group; a page to everyone beats none. The host on air is never called.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal, NamedTuple

from streamwatch.duty.book import DutyBook, Override
from streamwatch.duty.session import Session, utc
from streamwatch.language import Text

Source = Literal["override", "session", "rotation", "default", "everyone", "nobody"]
Why = Literal["on_air", "away", "quiet"]

ALWAYS_CALLS = "P0"  # quiet hours or not

WHY_NOT: dict[Why, Text] = {
    "on_air": Text("正在出镜", "on air"),
    "away": Text("请假", "away"),
    "quiet": Text("在静默时段", "in quiet hours"),
}
DEFAULT = Text("默认值班表", "default duty list")
ROTATION = Text("轮值", "rotation")
NOBODY_HOLDS = Text("岗位 {role} 无人值班，呼叫所有人", "nobody holds role {role}: everyone is called")
STILL_CALLED = Text("；都在静默时段，仍呼叫", "; all are in quiet hours, called all the same")


class PassedOver(NamedTuple):
    """Somebody whom a list names before the one who is called."""

    person: str
    why: Why

    @property
    def text(self) -> Text:
        return WHY_NOT[self.why]


@dataclass(frozen=True)
class Duty:
    """The answer: *call* now; *backup*, in order, when they cannot be reached."""

    call: tuple[str, ...]
    backup: tuple[str, ...]
    source: Source
    reason: Text
    passed_over: tuple[PassedOver, ...] = ()


class _List(NamedTuple):
    source: Source
    people: tuple[str, ...]
    reason: Text


_Absence = Callable[[str], Why | None]


def who(book: DutyBook, role: str, stream: str, at: datetime, severity: str | None = None) -> Duty:
    """Who is called for *role* of *stream* at *at*; without a *severity* quiet hours do not count."""
    absence = absences(book, at, severity)
    passed: dict[str, Why] = {}
    quiet: _List | None = None
    for each in _lists(book, role, stream, at):
        reasons = {person: absence(person) for person in each.people}
        called = [person for person, why in reasons.items() if why is None]
        asleep = [person for person, why in reasons.items() if why == "quiet"]
        for person, why in reasons.items():
            if why is None:
                break
            passed.setdefault(person, why)
        if called:
            return Duty(
                tuple(called[:1]), (*called[1:], *asleep), each.source, each.reason, _passed(passed, called[0])
            )
        if asleep and quiet is None:
            quiet = each
    if quiet is not None:
        return _all_asleep(quiet, absence, passed)
    return _everyone(book, role, absence)


def running_session(book: DutyBook, stream: str, at: datetime) -> Session | None:
    """The session of *stream* at *at*; where two touch, the one that is on air, else the nearer; then the later."""
    here = utc(at)
    running = [session for session in book.near(here) if session.stream == stream and session.covers(here)]
    return min(
        running,
        key=lambda session: (not session.on_air(here), session.distance(here), -session.air.start.timestamp()),
        default=None,
    )


def hosts_on_air(book: DutyBook, at: datetime) -> frozenset[str]:
    """Hosts of any session that is on air: they stand before the camera."""
    return frozenset(
        person for session in book.near(at) if session.on_air(at) for person in session.duty.get("host", ())
    )


def others(book: DutyBook, told: frozenset[str], at: datetime, severity: str | None = None) -> tuple[str, ...]:
    """Everyone who has not been told yet and may be: for a page that cannot reach its person."""
    untold = [person for person in book.people if person not in told]
    return _awake_first(untold, absences(book, at, severity))


def absences(book: DutyBook, at: datetime, severity: str | None) -> _Absence:
    """Asks of a person why they are not to be called at *at*; None when they may be."""
    on_air = hosts_on_air(book, at)
    away = frozenset(each.person for each in book.away if each.holds(at))
    return partial(_absence, book, at, on_air, away, severity not in (None, ALWAYS_CALLS))


def _absence(
    book: DutyBook, at: datetime, on_air: frozenset[str], away: frozenset[str], quiet_counts: bool, person: str
) -> Why | None:
    if person in on_air:
        return "on_air"
    if person in away:
        return "away"
    known = book.people.get(person)
    return "quiet" if quiet_counts and known is not None and known.is_quiet(at) else None


def _lists(book: DutyBook, role: str, stream: str, at: datetime) -> Iterator[_List]:
    """The lists that name somebody for the role, the most particular first."""
    plain = list(_plain_lists(book, role, stream, at))
    override = _override(book, role, stream, at)
    if override is not None:
        base = plain[0] if plain else _List("everyone", (), Text("", ""))
        backup = tuple(person for person in base.people if person != override.person)
        yield _List("override", (override.person, *backup), _overridden(book, base.reason, override))
    yield from plain


def _plain_lists(book: DutyBook, role: str, stream: str, at: datetime) -> Iterator[_List]:
    session = running_session(book, stream, at)
    if session is not None and (listed := session.duty.get(role, ())):
        text = Text("场次 {id} 的值班表", "duty list of session {id}")
        yield _List("session", listed, text.format(id=session.id))
    for rotation in book.rotations:
        if rotation.serves(role, stream) and (order := rotation.order(at)):
            yield _List("rotation", order, ROTATION)
    if listed := book.default.get(role, ()):
        yield _List("default", listed, DEFAULT)


def _override(book: DutyBook, role: str, stream: str, at: datetime) -> Override | None:
    """One for the stream goes before one for all streams; of equals the latest."""
    here = utc(at)
    found = [each for each in book.overrides if each.serves(role, stream, here) and each.person in book.people]
    return max(reversed(found), key=lambda each: each.stream is not None, default=None)


def _overridden(book: DutyBook, base: Text, override: Override) -> Text:
    by = book.name(override.by) if override.by else ""
    why = override.reason
    zh = "，".join(part for part in (base.zh, f"由 {by} 改派" if by else "改派") if part)
    en = ", ".join(part for part in (base.en, f"override by {by}" if by else "override") if part)
    return Text(zh + (f"（{why}）" if why else ""), en + (f" ({why})" if why else ""))


def _all_asleep(listed: _List, absence: _Absence, passed: dict[str, Why]) -> Duty:
    """They hold the role and have their quiet hours: to wake them is better than to wake all, or nobody."""
    asleep = tuple(person for person in listed.people if absence(person) == "quiet")
    reason = Text(listed.reason.zh + STILL_CALLED.zh, listed.reason.en + STILL_CALLED.en)
    return Duty(asleep[:1], asleep[1:], listed.source, reason, _passed(passed, asleep[0]))


def _everyone(book: DutyBook, role: str, absence: _Absence) -> Duty:
    everyone = _awake_first(list(book.people), absence)
    left_out = {person: why for person in book.people if person not in everyone and (why := absence(person))}
    passed = tuple(PassedOver(person, why) for person, why in left_out.items())
    if not everyone:
        return Duty((), (), "nobody", Text("没有可呼叫的人", "there is nobody to call"), passed)
    return Duty(everyone, (), "everyone", NOBODY_HOLDS.format(role=role), passed)


def _awake_first(people: Sequence[str], absence: _Absence) -> tuple[str, ...]:
    """Those who may be called; without any, those in their quiet hours, then those who are away. No host on air."""
    for accepted in (None, "quiet", "away"):
        if found := tuple(person for person in people if absence(person) == accepted):
            return found
    return ()


def _passed(passed: dict[str, Why], called: str) -> tuple[PassedOver, ...]:
    return tuple(PassedOver(person, why) for person, why in passed.items() if person != called)
