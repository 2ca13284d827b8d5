"""Sessions in files that other programs write and read: tables of Excel, calendars of phones."""

from streamwatch.calendars.files import read_calendar
from streamwatch.calendars.reading import Calendar, Known

__all__ = ["Calendar", "Known", "read_calendar"]
