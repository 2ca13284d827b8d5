"""What is shown in a session, and what it needs: rundown, material and checklist, from duty.yml to the book."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from streamwatch.config.roster import Item, ItemPart, MaterialPart, SegmentPart, SessionPart, StreamPart
from streamwatch.config.schema import DutyFile
from streamwatch.duty import ROLES, Material, Segment, Usual
from streamwatch.duty.rundown import mistakes
from streamwatch.duty.wall_clock import instant
from streamwatch.errors import Mistake
from streamwatch.language import Text
from streamwatch.yaml_file import YamlFile

NOBODY = Text(
    "没有岗位或人叫“{name}”；岗位有 {roles}，人有 {people}",
    "no role or person is '{name}'; roles are {roles}, people are {people}",
)


def rundown(part: SessionPart, zone: ZoneInfo) -> tuple[Segment, ...]:
    start = _aware(part.start, zone)
    return tuple(
        Segment(_at(each, start, zone), each.what.strip(), each.minutes, each.who) for each in part.rundown
    )


def material(parts: Iterable[MaterialPart]) -> tuple[Material, ...]:
    return tuple(Material(each.file, each.what, each.seconds) for each in parts)


def items(parts: Iterable[Item]) -> tuple[Text, ...]:
    """One that is written in one language stands for both."""
    return tuple(Text(each.zh, each.en) if isinstance(each, ItemPart) else Text(each, each) for each in parts)


def usual(part: StreamPart) -> Usual:
    return Usual(material(part.material), items(part.checklist))


def contradictions(source: YamlFile, file: DutyFile) -> Iterator[Mistake]:
    """Of rundowns: segments outside their session or in each other's way, and what nobody is called."""
    zone, people = ZoneInfo(file.timezone), [person.id for person in file.people]
    for index, part in enumerate(file.sessions):
        here = ("sessions", index, "rundown")
        start, end = _aware(part.start, zone), _aware(part.end, zone, ending=True)
        for number, where, text in mistakes(rundown(part, zone), start, end):
            yield source.mistake((*here, number, where), text)
        for number, each in enumerate(part.rundown):
            if each.who and each.who not in (*ROLES, *people):
                known = NOBODY.format(name=each.who, roles=" ".join(ROLES), people=" ".join(people))
                yield source.mistake((*here, number, "who"), known)


def _at(part: SegmentPart, start: datetime, zone: ZoneInfo) -> datetime:
    """A time of day is the first from the session's start on: after midnight is the next day."""
    if isinstance(part.at, datetime):
        return _aware(part.at, zone)
    local = start.astimezone(zone).replace(tzinfo=None)
    same_day = datetime.combine(local.date(), part.at)
    return _aware(same_day if same_day >= local else same_day + timedelta(days=1), zone)


def _aware(at: datetime, zone: ZoneInfo, *, ending: bool = False) -> datetime:
    return instant(at, zone, ending=ending).astimezone(zone) if at.tzinfo is None else at
