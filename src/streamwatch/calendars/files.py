"""A calendar on the disk, read by what its name ends in."""

from datetime import datetime
from pathlib import Path

from streamwatch.calendars.cells import Cell
from streamwatch.calendars.csv_file import read_csv
from streamwatch.calendars.reading import Calendar, Known, Reading
from streamwatch.language import Text

MAX_SIZE = 5_000_000  # bytes: some ten thousand sessions
UNKNOWN_KIND = Text("只能读 .csv 和 .ics 文件", "only .csv and .ics files can be read")
TOO_LARGE = Text("文件超过 5 MB", "the file is larger than 5 MB")
UNREADABLE = Text("无法读取：{why}", "cannot be read: {why}")


def read_calendar(path: Path, known: Known, at: datetime) -> Calendar:
    """Every session of the file and every mistake; what cannot be read at all is one mistake. *at* is now."""
    kind = path.suffix.lower()
    if kind not in (".csv", ".ics"):
        return _refused(path, known, UNKNOWN_KIND)
    try:
        data = path.read_bytes()
    except OSError as error:
        return _refused(path, known, UNREADABLE.format(why=error.strerror))
    if len(data) > MAX_SIZE:
        return _refused(path, known, TOO_LARGE)
    if kind == ".csv":
        return read_csv(str(path), data, known)
    from streamwatch.calendars.ical import read_ical  # slow to load, and most commands need none of it

    return read_ical(str(path), data, known, at)


def _refused(path: Path, known: Known, why: Text) -> Calendar:
    reading = Reading(str(path), known)
    reading.mistake(Cell("", 0, 0), "", why)
    return reading.calendar
