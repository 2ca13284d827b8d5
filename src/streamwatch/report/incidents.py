"""The incidents of a stream in a window, each with its timeline, as the receiver's API tells them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from streamwatch.errors import CommandFailed
from streamwatch.report.ticks import Ticks
from streamwatch.report.window import Window

Incident = dict[str, Any]

LIMIT = 1000  # the most that the API lists at once
# An incident that was open when the window began belongs to it; nobody leaves one open for longer than this.
LOOKBACK = timedelta(days=1)

NOT_THE_API = "the receiver answered something that is not its API; check public_url in duty.yml."


class Ask(Protocol):
    """GET of the receiver's API: path below /api/v1 and query; answers its JSON, or raises `CommandFailed`."""

    def __call__(self, path: str, params: Mapping[str, str | int], /) -> Any: ...


def read_incidents(ask: Ask, stream: str | None, window: Window, steps: Ticks) -> list[Incident]:
    """Oldest first: all that were open at any time in the window; without *stream* those of all."""
    try:
        ids = [each["id"] for each in _listed(ask, stream, window) if _touches(each, window)]
        steps.expect(len(ids))
        steps.done()
        found = []
        for identity in reversed(ids):
            found.append(dict(ask(f"/incidents/{identity}", {})))
            steps.done()
    except (KeyError, TypeError, ValueError) as error:
        raise CommandFailed(NOT_THE_API) from error
    return found


def _listed(ask: Ask, stream: str | None, window: Window) -> list[Incident]:
    """Newest first, asked for in pages: each begins where the one before ended."""
    found: dict[str, Incident] = {}
    since, until = window.start - LOOKBACK, window.end
    while True:
        bounds = {"since": since.isoformat(), "until": until.isoformat()}
        mine = {} if stream is None else {"stream": stream}
        page = ask("/incidents", {"limit": LIMIT, **mine, **bounds})["incidents"]
        fresh = [each for each in page if each["id"] not in found]
        found |= {each["id"]: each for each in fresh}
        if len(page) < LIMIT or not fresh:
            return list(found.values())
        # The API tells milliseconds, the store keeps more: look once more at the last one's millisecond.
        until = min(_time(each["opened_at"]) for each in fresh) + timedelta(milliseconds=1)


def _touches(incident: Incident, window: Window) -> bool:
    """Whether it was open at any time in the window."""
    resolved = incident["resolved_at"]
    return _time(incident["opened_at"]) < window.end and (resolved is None or _time(resolved) >= window.start)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
