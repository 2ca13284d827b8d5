"""From the words of a table's line or a calendar's event to a session; every mistake with its place and cure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from streamwatch.calendars.cells import Cell
from streamwatch.calendars.moments import NotATime, Range, moment, ranges
from streamwatch.calendars.segments import Line, NotASegment, lines
from streamwatch.calendars.words import FIELD_OF
from streamwatch.duty import ROLES, Segment, Session, Window
from streamwatch.duty.rundown import mistakes
from streamwatch.duty.session import utc
from streamwatch.duty.wall_clock import doubt, instant
from streamwatch.errors import Mistake
from streamwatch.language import Text

WRITE_TIME = Text(
    "“{text}”不是时间，请写成 2026-11-22 19:00", "'{text}' is not a time; write it as 2026-11-22 19:00"
)
WRITE_RANGE = Text(
    "“{text}”不是时段，请写成 20:00-20:10", "'{text}' is not a range of time; write it as 20:00-20:10"
)
WRITE_SEGMENT = Text(
    "“{text}”不是一段流程，每行一段，例如 19:20 商品 3 (15 分钟) @host",
    "'{text}' is no segment; one a line, as in 19:20 Product 3 (15 min) @host",
)
WRITE_NUMBER = Text("“{text}”不是人数，请写整数", "'{text}' is not a count; write a whole number")
ENDS_FIRST = Text("结束早于开始；过了零点就是第二天", "ends before it starts; after midnight is the next day")
ANY_DAY = datetime(2000, 1, 1)  # noqa: DTZ001  # a time of day is no mistake because the start is one
MISSING = Text("不能为空", "must not be empty")
STANDS_TWICE = Text("场次“{id}”出现了两次，id 不能重复", "the session '{id}' stands twice; ids are unique")
NOBODY = Text(
    "没有人的 id 或名字是“{text}”；有：{known}", "nobody has the id or name '{text}'; people are: {known}"
)
JUMPS: dict[str, Text] = {
    "missing": Text(
        "{place}：{at} 在 {zone} 不存在（时钟拨快），按拨快后的时间算",
        "{place}: clocks of {zone} never show {at}; it is taken after the jump",
    ),
    "twice": Text(
        "{place}：{at} 在 {zone} 出现两次（时钟拨慢），开始取前一次，结束取后一次",
        "{place}: clocks of {zone} show {at} twice; the first is taken to start, the second to end",
    ),
}


@dataclass(frozen=True)
class Known:
    """What a calendar may refer to: the names of people by their ids, and the zone of its wall-clock times."""

    people: Mapping[str, str]
    zone: ZoneInfo

    def person(self, word: str) -> str | None:
        """The id of whom *word* means: an id or a name that only one person has, in any case."""
        if word in self.people:
            return word
        typed = word.casefold()
        meant = [each for each, name in self.people.items() if typed in (each.casefold(), name.casefold())]
        return meant[0] if len(meant) == 1 else None

    def instant(self, at: datetime, *, ending: bool = False) -> datetime:
        """In the zone; a naive time is one of its clocks."""
        if at.tzinfo is None:
            return instant(at, self.zone, ending=ending).astimezone(self.zone)
        return at.astimezone(self.zone)


@dataclass
class Calendar:
    """What one file holds; *doubts* are no mistakes."""

    sessions: list[Session] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    doubts: list[Text] = field(default_factory=list)
    places: dict[str, Cell] = field(default_factory=dict)  # of each session's id


class Reading:
    """Reads sessions of the file *name*, one after the other, into its *calendar*."""

    def __init__(self, name: str, known: Known) -> None:
        self.name = name
        self._known = known
        self.calendar = Calendar()

    def mistake(self, cell: Cell, key: str, text: Text) -> None:
        self.calendar.mistakes.append(Mistake(self.name, cell.line, cell.column, key, text.en, text.zh))

    def session(self, cells: Mapping[str, Cell], here: Cell) -> None:
        """One session; what it lacks is told at *here*."""
        before = len(self.calendar.mistakes)
        identity = self._needed(cells, "id", here)
        stream = self._needed(cells, "stream", here)
        start = self._moment(cells, "start", here)
        end = self._moment(cells, "end", here, start or ANY_DAY)
        duty = {role: people for role in ROLES if (people := self._people(cells.get(role), role))}
        viewers = self._count(cells.get("expected_viewers"))
        windows = {key: self._windows(cells.get(key), key, start) for key in ("rehearsal", "slate", "silence")}
        if identity in self.calendar.places:
            self.mistake(cells["id"], "id", STANDS_TWICE.format(id=identity))
        if start is None or end is None or len(self.calendar.mistakes) > before:
            return
        begins = self._known.instant(start)
        ends = self._known.instant(end, ending=True)
        if utc(ends) <= utc(begins):  # of one zone they would be compared by their clocks, which are set back
            self.mistake(cells["end"], "end", ENDS_FIRST)
            return
        rundown = self._rundown(cells.get("rundown"), begins, ends)
        if len(self.calendar.mistakes) > before:
            return
        self.calendar.places[identity] = here
        title, platform, room, site = (_words(cells.get(key)) for key in ("title", "platform", "room", "site"))
        rehearsal = next(iter(windows["rehearsal"]), None)
        slate, silence = windows["slate"], windows["silence"]
        self.calendar.sessions.append(
            Session(
                identity,
                stream,
                begins,
                ends,
                duty,
                title,
                viewers,
                rehearsal,
                slate,
                silence,
                platform=platform,
                room=room,
                site=site,
                rundown=rundown,
            )
        )

    def _needed(self, cells: Mapping[str, Cell], key: str, here: Cell) -> str:
        text = cells[key].text.strip() if key in cells else ""
        if not text:
            self.mistake(cells.get(key, here), key, MISSING)
        return text

    def _moment(
        self, cells: Mapping[str, Cell], key: str, here: Cell, after: datetime | None = None
    ) -> datetime | None:
        text = self._needed(cells, key, here)
        if not text:
            return None
        try:
            at = moment(text, after)
        except NotATime:
            self.mistake(cells[key], key, WRITE_TIME.format(text=text))
            return None
        self._wonder(at, cells[key])
        return at

    def _windows(self, cell: Cell | None, key: str, start: datetime | None) -> tuple[Window, ...]:
        if cell is None or not cell.text.strip() or start is None:
            return ()
        try:
            found = ranges(cell.text, start, before=key == "rehearsal")
        except NotATime:
            self.mistake(cell, key, WRITE_RANGE.format(text=cell.text.strip()))
            return ()
        return tuple(window for each in found if (window := self._window(each, cell, key)))

    def _window(self, found: Range, cell: Cell, key: str) -> Window | None:
        self._wonder(found.start, cell)
        self._wonder(found.end, cell)
        window = Window(self._known.instant(found.start), self._known.instant(found.end, ending=True))
        if utc(window.end) <= utc(window.start):
            self.mistake(cell, key, ENDS_FIRST)
            return None
        return window

    def _rundown(self, cell: Cell | None, begins: datetime, ends: datetime) -> tuple[Segment, ...]:
        """Every line of the cell that is a segment; what cannot be true of them is told at the cell."""
        try:
            written = lines(cell.text, begins.replace(tzinfo=None)) if cell else []
        except NotASegment as error:
            assert cell is not None
            self.mistake(cell, "rundown", WRITE_SEGMENT.format(text=str(error)))
            return ()
        found = tuple(self._segment(each, cell) for each in written if cell)
        for _, _, text in mistakes(found, begins, ends):
            assert cell is not None
            self.mistake(cell, "rundown", text)
        return found

    def _segment(self, line: Line, cell: Cell) -> Segment:
        self._wonder(line.at, cell)
        role = FIELD_OF.get(line.who.casefold())
        who = role if role in ROLES else line.who and self._known.person(line.who)
        if who is None:
            self.mistake(cell, "rundown", NOBODY.format(text=line.who, known=" ".join(self._known.people)))
        return Segment(self._known.instant(line.at), line.what, line.minutes, who or "")

    def _count(self, cell: Cell | None) -> int | None:
        text = cell.text.strip().replace(",", "") if cell else ""
        if cell is None or not text:
            return None
        if not re.fullmatch(r"[0-9]{1,12}", text):
            self.mistake(cell, "expected_viewers", WRITE_NUMBER.format(text=cell.text.strip()))
            return None
        return int(text)

    def _people(self, cell: Cell | None, role: str) -> tuple[str, ...]:
        """Names may hold blanks, so a blank separates only where the whole is nobody's name."""
        if cell is None:
            return ()
        found: list[str] = []
        for part in filter(None, (each.strip() for each in re.split(r"[,，、;；/\n]", cell.text))):
            for word in [part] if self._known.person(part) else part.split():
                person = self._known.person(word)
                if person is None:
                    self.mistake(cell, role, NOBODY.format(text=word, known=" ".join(self._known.people)))
                else:
                    found.append(person)
        return tuple(found)

    def _wonder(self, at: datetime, cell: Cell) -> None:
        if at.tzinfo is None and (strange := doubt(at, self._known.zone)):
            place = f"{self.name}:{cell.line}:{cell.column}"
            self.calendar.doubts.append(
                JUMPS[strange].format(place=place, at=f"{at:%Y-%m-%d %H:%M}", zone=self._known.zone.key)
            )


def _words(cell: Cell | None) -> str:
    return cell.text.strip() if cell else ""
