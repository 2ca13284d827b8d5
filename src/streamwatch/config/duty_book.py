"""From what duty.yml says to who is called: the book, the sessions of other files, and what cannot be true."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from streamwatch.calendars import Known, read_calendar
from streamwatch.config import shown
from streamwatch.config.roster import HolidaysFile, SessionPart, WindowPart
from streamwatch.config.schema import DutyFile
from streamwatch.duty import Away, Contact, DutyBook, Holidays, Override, Person, Quiet, Rotation, Session, Window
from streamwatch.duty.session import utc
from streamwatch.duty.wall_clock import doubt, instant
from streamwatch.errors import ConfigError, Mistake
from streamwatch.language import Text
from streamwatch.yaml_file import YamlFile

Loc = tuple[str | int, ...]

ENDS_FIRST = Text("结束早于开始；过了零点就是第二天", "ends before it starts; after midnight is the next day")
NOBODY = Text("没有人的 id 是“{name}”；有：{known}", "nobody has the id '{name}'; people are: {known}")
CANNOT = Text("{name} 的 roles 里没有岗位 {role}", "{name} does not cover role {role}; their roles do not name it")
NO_CHANNEL = Text("没有渠道“{name}”；渠道有：{known}", "no channel '{name}'; channels are: {known}")
TWICE = Text("id“{id}”出现了两次，id 不能重复", "the id '{id}' stands twice; ids are unique")
NEEDS_HOLIDAYS = Text(
    "only: {only} 需要节假日数据，请加 holidays_file: holidays.cn.yml",
    "only: {only} needs the days off by law; add holidays_file: holidays.cn.yml",
)
NOT_HOLIDAYS = Text("{why}；格式见 config/holidays.cn.yml", "{why}; it is written like config/holidays.cn.yml")
JUMPS = {
    "missing": Text(
        "{key}：{at} 在 {zone} 不存在（时钟拨快），按拨快后的时间算",
        "{key}: clocks of {zone} never show {at}; it is taken after the jump",
    ),
    "twice": Text(
        "{key}：{at} 在 {zone} 出现两次（时钟拨慢），开始取前一次，结束取后一次",
        "{key}: clocks of {zone} show {at} twice; the first is taken to start, the second to end",
    ),
}


@dataclass(frozen=True)
class Roster:
    book: DutyBook
    mistakes: list[Mistake]
    doubts: list[Text]


def read_roster(source: YamlFile, file: DutyFile, at: datetime) -> Roster:
    """The book of *file*, with every mistake. *at* is now: of events that repeat those near it are read."""
    zone = ZoneInfo(file.timezone)
    mistakes = list(_contradictions(source, file))
    doubts = list(_jumps(file, zone))
    sessions = [_session(part, zone) for part in file.sessions]
    known = Known({person.id: person.name for person in file.people}, zone)
    for path in file.sessions_files:
        calendar = read_calendar(path, known, at)
        mistakes += calendar.mistakes
        doubts += calendar.doubts
        ids = {session.id for session in sessions}
        for session in calendar.sessions:
            if session.id in ids:
                place, said = calendar.places[session.id], TWICE.format(id=session.id)
                mistakes.append(Mistake(str(path), place.line, place.column, "id", said.en, said.zh))
        sessions += calendar.sessions
    holidays = _holidays(source, file.holidays_file, mistakes)
    return Roster(_book(file, tuple(sessions), holidays, zone), mistakes, doubts)


def _book(file: DutyFile, sessions: tuple[Session, ...], holidays: Holidays, zone: ZoneInfo) -> DutyBook:
    return DutyBook(
        {person.id: person for person in _people(file)},
        dict[str, tuple[str, ...]](file.duty.items()),
        sessions,
        file.fallback_role,
        tuple(
            Rotation(
                part.role,
                part.people,
                part.length,
                part.first,
                zone,
                frozenset(part.streams) if part.streams else None,
                part.only,
                holidays,
            )
            for part in file.rotations
        ),
        tuple(Away(part.person, *_ends(part, zone)) for part in file.away),
        tuple(
            Override(part.role, part.person, *_ends(part, zone), part.stream, part.reason)
            for part in file.overrides
        ),
        {stream: shown.usual(part) for stream, part in file.streams.items()},
    )


def _people(file: DutyFile) -> Iterator[Person]:
    for part in file.people:
        contacts = tuple(Contact(each.channel, each.to) for each in part.contacts)
        quiet = tuple(Quiet(each.begins, each.ends) for each in part.quiet)
        roles = None if part.roles is None else frozenset[str](part.roles)
        zone = ZoneInfo(part.timezone or file.timezone)
        yield Person(part.id, part.name, part.language, contacts, zone, quiet, roles)


def _session(part: SessionPart, zone: ZoneInfo) -> Session:
    held = part.rehearsal
    rehearsal = Window(_aware(held.start, zone), _aware(held.end, zone, True)) if held else None
    return Session(
        part.id,
        part.stream,
        _aware(part.start, zone),
        _aware(part.end, zone, True),
        dict[str, tuple[str, ...]](part.duty.items()),
        part.title,
        part.expected_viewers,
        rehearsal,
        tuple(Window(*_ends(window, zone)) for window in part.slate),
        tuple(Window(*_ends(window, zone)) for window in part.silence),
        platform=part.platform,
        room=part.room,
        site=part.site,
        rundown=shown.rundown(part, zone),
        material=shown.material(part.material),
        checklist=shown.items(part.checklist),
    )


def _ends(part: WindowPart, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return _aware(part.begins, zone), _aware(part.ends, zone, True)


def _aware(at: datetime, zone: ZoneInfo, ending: bool = False) -> datetime:
    return instant(at, zone, ending=ending).astimezone(zone) if at.tzinfo is None else at


def _holidays(source: YamlFile, path: Path | None, mistakes: list[Mistake]) -> Holidays:
    if path is None:
        return Holidays()
    try:
        read = HolidaysFile.model_validate(YamlFile(path).data)
    except ConfigError as error:
        mistakes += error.mistakes
        return Holidays()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        why = f"{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        mistakes.append(source.mistake(("holidays_file",), NOT_HOLIDAYS.format(why=why)))
        return Holidays()
    return Holidays(frozenset(read.days_off), frozenset(read.days_worked))


def _contradictions(source: YamlFile, file: DutyFile) -> Iterator[Mistake]:
    """What is well-formed and cannot be true."""
    yield from _twice(source, "people", [person.id for person in file.people])
    yield from _twice(source, "sessions", [session.id for session in file.sessions])
    for index, person in enumerate(file.people):
        for number, contact in enumerate(person.contacts):
            if contact.channel not in file.channels:
                known = " ".join(file.channels) or "none yet"
                said = NO_CHANNEL.format(name=contact.channel, known=known)
                yield source.mistake(("people", index, "contacts", number, "channel"), said)
    zone = ZoneInfo(file.timezone)
    for loc, starts, ends in _windows(file):
        if utc(_aware(ends, zone, True)) <= utc(_aware(starts, zone)):
            yield source.mistake(loc, ENDS_FIRST)
    for index, rotation in enumerate(file.rotations):
        if rotation.only in ("workdays", "holidays") and file.holidays_file is None:
            yield source.mistake(("rotations", index, "only"), NEEDS_HOLIDAYS.format(only=rotation.only))
    yield from shown.contradictions(source, file)
    yield from _strangers(source, file)


def _strangers(source: YamlFile, file: DutyFile) -> Iterator[Mistake]:
    """Names of nobody, and people where they cannot be."""
    people = {person.id: person for person in file.people}
    for loc, role, name in _named(file):
        if name not in people:
            yield source.mistake(loc, NOBODY.format(name=name, known=" ".join(people)))
        elif role and (roles := people[name].roles) is not None and role not in roles:
            yield source.mistake(loc, CANNOT.format(name=people[name].name, role=role))


def _named(file: DutyFile) -> Iterator[tuple[Loc, str | None, str]]:
    """Every place that names a person, and for which role."""
    for role, names in file.duty.items():
        yield from ((("duty", role, number), role, name) for number, name in enumerate(names))
    for index, session in enumerate(file.sessions):
        for role, names in session.duty.items():
            for number, name in enumerate(names):
                yield ("sessions", index, "duty", role, number), role, name
    for index, rotation in enumerate(file.rotations):
        for number, name in enumerate(rotation.people):
            yield ("rotations", index, "people", number), rotation.role, name
    for index, away in enumerate(file.away):
        yield ("away", index, "person"), None, away.person
    for index, override in enumerate(file.overrides):
        yield ("overrides", index, "person"), override.role, override.person
    if file.canary:
        yield ("canary", "person"), None, file.canary.person


def _windows(file: DutyFile) -> Iterator[tuple[Loc, datetime, datetime]]:
    """Everything that has a start and an end, and where its end stands."""
    for index, session in enumerate(file.sessions):
        here: Loc = ("sessions", index)
        yield (*here, "end"), session.start, session.end
        if session.rehearsal:
            yield (*here, "rehearsal", "end"), session.rehearsal.start, session.rehearsal.end
        for key, windows in (("slate", session.slate), ("silence", session.silence)):
            yield from (((*here, key, number, "to"), each.begins, each.ends) for number, each in enumerate(windows))
    for index, away in enumerate(file.away):
        yield ("away", index, "to"), away.begins, away.ends
    for index, override in enumerate(file.overrides):
        yield ("overrides", index, "to"), override.begins, override.ends


def _twice(source: YamlFile, key: str, ids: list[str]) -> Iterator[Mistake]:
    for index, each in enumerate(ids):
        if each in ids[:index]:
            yield source.mistake((key, index, "id"), TWICE.format(id=each))


def _jumps(file: DutyFile, zone: ZoneInfo) -> Iterator[Text]:
    for loc, starts, ends in _windows(file):
        for at in (starts, ends):
            if at.tzinfo is None and (strange := doubt(at, zone)):
                key = ".".join(map(str, loc[:-1]))
                yield JUMPS[strange].format(key=key, at=f"{at:%Y-%m-%d %H:%M}", zone=zone.key)
