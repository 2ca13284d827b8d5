"""Sessions as a table: what Excel saves as CSV is read, and what is written Excel opens."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from streamwatch.calendars.cells import Cell, decoded, delimiter, rows, written
from streamwatch.calendars.reading import Calendar, Known, Reading
from streamwatch.calendars.segments import written as written_segments
from streamwatch.calendars.words import FIELDS, NEEDED, fields_of
from streamwatch.duty import Session, Window
from streamwatch.duty.wall_clock import doubt
from streamwatch.language import Text

BYTE_ORDER_MARK = "\ufeff"  # by it Excel knows UTF-8
NO_COLUMN = Text(
    "缺少列“{key}”；第一行要有：id、stream、start、end（或 场次、直播间、开始、结束）",
    "the column '{key}' is missing; the first line needs id, stream, start, end",
)
UNKNOWN_COLUMN = Text("{file}：不认识的列“{word}”，未读取", "{file}: the unknown column '{word}' is not read")
COLUMN_TWICE = Text("这一列出现了两次，只留一列", "this column stands twice; keep one")
NOT_TEXT = Text("不是 UTF-8 也不是 GBK，请另存为 CSV UTF-8", "neither UTF-8 nor GBK; save it as CSV UTF-8")


def read_csv(name: str, data: bytes, known: Known) -> Calendar:
    """Every session of the table, and every mistake."""
    reading = Reading(name, known)
    try:
        text = decoded(data)
    except UnicodeDecodeError:
        reading.mistake(Cell("", 1, 1), "", NOT_TEXT)
        return reading.calendar
    lines = rows(text, delimiter(text))
    columns = _columns(reading, name, next(lines, []))
    if columns is not None:
        for row in lines:
            cells = {field: cell for field, cell in zip(columns, row, strict=False) if field}
            reading.session(cells, row[0])
    return reading.calendar


def _columns(reading: Reading, name: str, head: list[Cell]) -> list[str | None] | None:
    """Which part each column holds; None when the table cannot be read by it."""
    columns = fields_of(cell.text for cell in head)
    before = len(reading.calendar.mistakes)
    for number, (field, cell) in enumerate(zip(columns, head, strict=True)):
        if field and field in columns[:number]:
            reading.mistake(cell, cell.text.strip(), COLUMN_TWICE)
        if field is None and cell.text.strip():
            reading.calendar.doubts.append(UNKNOWN_COLUMN.format(file=name, word=cell.text.strip()))
    for key in NEEDED:
        if key not in columns:
            reading.mistake(head[0] if head else Cell("", 1, 1), "", NO_COLUMN.format(key=key))
    return columns if len(reading.calendar.mistakes) == before else None


def write_csv(sessions: Iterable[Session], zone: ZoneInfo) -> str:
    """A table with all that there is to say; wall-clock times of *zone*, with the offset where they come twice."""
    lines = [written(list(FIELDS))]
    lines += [written([*_cells(session, zone).values()]) for session in sessions]
    return BYTE_ORDER_MARK + "".join(lines)


def _cells(session: Session, zone: ZoneInfo) -> dict[str, str]:
    cells = dict.fromkeys(FIELDS, "")
    viewers = session.expected_viewers
    cells |= {
        "id": session.id,
        "stream": session.stream,
        "start": shown(session.start, zone),
        "end": shown(session.end, zone),
        "title": session.title,
        "expected_viewers": "" if viewers is None else str(viewers),
        "platform": session.platform,
        "room": session.room,
        "site": session.site,
        "rehearsal": shown_window(session.rehearsal, zone) if session.rehearsal else "",
        "slate": ", ".join(shown_window(window, zone) for window in session.slate),
        "silence": ", ".join(shown_window(window, zone) for window in session.silence),
        "rundown": "\n".join(written_segments(session.rundown, lambda at: shown(at, zone))),
    }
    return cells | {role: " ".join(people) for role, people in session.duty.items()}


def shown(at: datetime, zone: ZoneInfo) -> str:
    """To the second only where there are any."""
    local = at.astimezone(zone)
    text = f"{local:%Y-%m-%d %H:%M:%S}" if local.second else f"{local:%Y-%m-%d %H:%M}"
    if doubt(local.replace(tzinfo=None, fold=0), zone) is None:
        return text
    return f"{text}{local:%z}"


def shown_window(window: Window, zone: ZoneInfo) -> str:
    return f"{shown(window.start, zone)} ~ {shown(window.end, zone)}"
