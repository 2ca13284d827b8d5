"""What a duty book allows and nobody means: gaps, people who cannot be reached or are in two places. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import combinations
from typing import NamedTuple

from streamwatch.duty.book import DutyBook
from streamwatch.duty.person import ROLES
from streamwatch.duty.session import Session
from streamwatch.duty.shifts import Shift, shifts
from streamwatch.language import Text

NEVER_EMPTY = ("tech", "ops", "service")
MOST = 5  # of one kind are named; who has more looks at the preview


class Of(NamedTuple):
    """Of one show: gaps count that *stream* has in *roles*, whatever other streams lack."""

    stream: str
    roles: Collection[str]


def doubts(book: DutyBook, start: datetime, end: datetime, zone: tzinfo, of: Of | None = None) -> list[Text]:
    """Of [*start*, *end*), of every stream or of one show; times in the answer are of *zone*."""
    clock = _clock(zone)
    sessions = [each for each in book.sessions if each.presence.end > start and each.presence.start < end]
    kinds = (
        _uncovered(gaps(book, start, end) if of is None else _gaps_of(book, of, start, end), clock),
        _unreachable(book),
        _own_backup(book, sessions),
        _double_booked(book, sessions, clock),
        _hosts_elsewhere(book, sessions),
        _overrides_of_absent(book, start, end, clock),
        _years_unknown(book, start, end),
    )
    return [text for found in kinds for text in _few(list(found))]


def held_roles(book: DutyBook) -> list[str]:
    """Roles that must never be empty, and those that some list names; the host has none."""
    named = {*NEVER_EMPTY, *book.default}
    named.update(each.role for each in book.rotations)
    named.update(each.role for each in book.overrides)
    named.update(role for session in book.sessions for role in session.duty)
    return [role for role in ROLES if role in named and role != "host"]


def streams(book: DutyBook) -> list[str]:
    """Every stream with a duty of its own; the empty one stands for all others."""
    own = {session.stream for session in book.sessions}
    own.update(stream for rotation in book.rotations for stream in rotation.streams or ())
    own.update(each.stream for each in book.overrides if each.stream)
    return ["", *sorted(own)]


def gaps(book: DutyBook, start: datetime, end: datetime) -> list[Shift]:
    """Where nobody holds a role that is held otherwise. What is a gap for all streams is named once."""
    general: dict[str, list[Shift]] = {
        role: _gaps(book, role, "", start, end) for role in held_roles(book) if _is_listed(book, role, "")
    }
    found = [shift for each in general.values() for shift in each]
    for stream in streams(book)[1:]:
        for role in held_roles(book):
            known = general.get(role, [])
            mine = _gaps(book, role, stream, start, end) if _is_listed(book, role, stream) else []
            found += [gap for gap in mine if not any(_within(gap, each) for each in known)]
    return found


def _within(gap: Shift, other: Shift) -> bool:
    return other.start <= gap.start and gap.end <= other.end


def _is_listed(book: DutyBook, role: str, stream: str) -> bool:
    """Whether it is meant to be held at all times, not by sessions alone."""
    lists = role in NEVER_EMPTY or role in book.default
    return lists or any(rotation.serves(role, stream) for rotation in book.rotations)


def _gaps(book: DutyBook, role: str, stream: str, start: datetime, end: datetime) -> list[Shift]:
    return [shift for shift in shifts(book, role, stream, start, end) if shift.is_gap]


def _gaps_of(book: DutyBook, of: Of, start: datetime, end: datetime) -> list[Shift]:
    return [gap for role in of.roles for gap in _gaps(book, role, of.stream, start, end)]


def _uncovered(found: Iterable[Shift], clock: Callable[[datetime], str]) -> Iterator[Text]:
    for gap in found:
        minutes = int((gap.end - gap.start) / timedelta(minutes=1))
        of = gap.stream or "—"
        yield Text(
            f"岗位 {gap.role} 无人值班：{clock(gap.start)} 至 {clock(gap.end)}（{minutes} 分钟，直播间 {of}）",
            f"nobody holds role {gap.role} from {clock(gap.start)} to {clock(gap.end)} "
            f"({minutes} min, stream {of})",
        )


def _unreachable(book: DutyBook) -> Iterator[Text]:
    for person in _listed(book):
        if person in book.people and not book.people[person].contacts:
            name = book.name(person)
            yield Text(f"{name} 在值班表里，却没有联系方式", f"{name} is on a duty list and has no contact")


def _own_backup(book: DutyBook, sessions: Sequence[Session]) -> Iterator[Text]:
    lists = [(Text("默认值班表", "the default list"), role, people) for role, people in book.default.items()]
    for session in sessions:
        where = Text(f"场次 {session.id}", f"session {session.id}")
        lists += [(where, role, people) for role, people in session.duty.items()]
    for where, role, people in lists:
        for person in sorted({each for each in people if people.count(each) > 1}):
            yield _is_own_backup(where, role, book.name(person))
    for rotation in book.rotations:
        people = rotation.people
        for person, following in zip(people, people[1:] + people[:1], strict=True):
            if person == following and len(people) > 1:
                yield _is_own_backup(Text("轮值", "the rotation"), rotation.role, book.name(person))


def _is_own_backup(where: Text, role: str, name: str) -> Text:
    return Text(
        f"{where.zh}的岗位 {role}：{name} 是自己的后备", f"{where.en}, role {role}: {name} is their own backup"
    )


def _double_booked(book: DutyBook, sessions: Sequence[Session], clock: Callable[[datetime], str]) -> Iterator[Text]:
    """Two rooms at once with one person first in both."""
    for one, other in combinations(sorted(sessions, key=lambda each: each.air.start), 2):
        begins, ends = max(one.air.start, other.air.start), min(one.air.end, other.air.end)
        if one.stream == other.stream or begins >= ends:
            continue
        for person in sorted(_first(one) & _first(other)):
            yield Text(
                f"{book.name(person)} 同时值 {one.id} 和 {other.id}（{clock(begins)} 起）",
                f"{book.name(person)} is first in {one.id} and {other.id} at once (from {clock(begins)})",
            )


def _hosts_elsewhere(book: DutyBook, sessions: Sequence[Session]) -> Iterator[Text]:
    """Who stands before the camera is not called, so whatever else they are on duty for falls to others."""
    for session in sessions:
        hosts = set(session.duty.get("host", ()))
        for other in sessions:
            overlap = session.air.start < other.presence.end and other.presence.start < session.air.end
            for person in sorted(hosts & _first(other)) if overlap else ():
                yield Text(
                    f"{book.name(person)} 在 {session.id} 出镜，又是 {other.id} 的值班人",
                    f"{book.name(person)} is on air in {session.id} and on duty in {other.id}",
                )


def _overrides_of_absent(
    book: DutyBook, start: datetime, end: datetime, clock: Callable[[datetime], str]
) -> Iterator[Text]:
    for each in book.overrides:
        if each.end <= start or each.start >= end:
            continue
        if any(
            away.person == each.person and away.start < each.end and each.start < away.end for away in book.away
        ):
            name = book.name(each.person)
            yield Text(
                f"{name} 被改派为岗位 {each.role}（{clock(each.start)} 起），却在请假",
                f"{name} takes role {each.role} by an override from {clock(each.start)}, and is away then",
            )


def _years_unknown(book: DutyBook, start: datetime, end: datetime) -> Iterator[Text]:
    for rotation in book.rotations:
        if rotation.only in ("workdays", "holidays"):
            for year in sorted({start.year, end.year} - rotation.holidays.years):
                yield Text(
                    f"节假日数据没有 {year} 年：岗位 {rotation.role} 的轮值按周一至周五算",
                    f"the holidays file knows nothing of {year}: the rotation of role {rotation.role} "
                    "takes Monday to Friday as worked",
                )


def _first(session: Session) -> set[str]:
    return {people[0] for role, people in session.duty.items() if role != "host" and people}


def _listed(book: DutyBook) -> list[str]:
    named = [person for people in book.default.values() for person in people]
    named += [person for rotation in book.rotations for person in rotation.people]
    named += [
        person for s in book.sessions for role, people in s.duty.items() if role != "host" for person in people
    ]
    named += [each.person for each in book.overrides]
    return list(dict.fromkeys(named))


def _few(texts: list[Text]) -> list[Text]:
    unique = list(dict.fromkeys(texts))
    more = len(unique) - MOST
    if more <= 0:
        return unique
    rest = Text(
        f"同类的还有 {more} 处：streamwatch duty preview", f"{more} more of this kind: streamwatch duty preview"
    )
    return [*unique[:MOST], rest]


def _clock(zone: tzinfo) -> Callable[[datetime], str]:
    def clock(at: datetime) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"

    return clock
