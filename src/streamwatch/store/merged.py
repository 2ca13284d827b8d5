"""An incident that was made part of another: links and numbers that people have still lead to where it goes on."""

from sqlalchemy import Connection, select

from streamwatch.store import tables

_incident = tables.incident.c


def live(connection: Connection, incident: int) -> int:
    """The incident that *incident* is part of by now; itself, unless it was merged."""
    into: int | None = connection.scalar(select(_incident.merged_into).where(_incident.id == incident))
    return incident if into is None else into
