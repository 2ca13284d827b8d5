"""What goes on at a stream now: the phase of its show, and which faults are planned. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from streamwatch.duty.book import DutyBook
from streamwatch.duty.resolve import running_session
from streamwatch.duty.rundown import segment_at
from streamwatch.duty.session import Phase, Session, strongest


@dataclass(frozen=True)
class Show:
    stream: str
    phase: Phase
    expected_viewers: int | None  # None: nobody said, or nothing runs
    planned_slate: bool
    planned_silence: bool
    segment: int | None = None  # of the running session's rundown, from 1; 0: between two; None: it has none


def shows(book: DutyBook, at: datetime) -> Iterator[Show]:
    """One for each stream that has a session in the calendar at all."""
    for stream in sorted({session.stream for session in book.sessions}):
        yield show(book, stream, at)


def show(book: DutyBook, stream: str, at: datetime) -> Show:
    mine = [session for session in book.near(at) if session.stream == stream]
    running = running_session(book, stream, at)
    return Show(
        stream,
        strongest([session.phase(at) for session in mine]),
        running.expected_viewers if running else None,
        any(window.holds(at) for session in mine for window in session.slate),
        any(window.holds(at) for session in mine for window in session.silence),
        _segment(running, at),
    )


def _segment(running: Session | None, at: datetime) -> int | None:
    if running is None or not running.rundown:
        return None
    found = segment_at(running.rundown, running.air.end, at)
    return found[0] if found else 0
