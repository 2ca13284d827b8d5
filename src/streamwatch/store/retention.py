"""What is older than it is kept goes whole: an incident with its pages, tries, timeline and evidence."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, delete, exists, literal, select, update

from streamwatch.store import tables
from streamwatch.store.database import Database
from streamwatch.store.uploads import EVIDENCE

_incident, _page, _episode = tables.incident.c, tables.page.c, tables.episode.c
_OVER = ("resolved", "merged")
_ON_THE_WAY = ("due", "sending")


class Retention:
    def __init__(self, database: Database) -> None:
        self._database = database

    def old(self, before: datetime, limit: int) -> list[int]:
        """Incidents that were over *before* that, the oldest first; none that fires, or of which a page waits.

        None either of which a part is left: it goes with the last of them.
        """
        fires = exists().where(_episode.incident_id == _incident.id, _episode.status == "firing")
        waits = exists().where(_page.incident_id == _incident.id, _page.state.in_(_ON_THE_WAY))
        mine = _incident.state.in_(_OVER) & (_incident.resolved_at < before) & ~fires & ~waits
        with self._database.reading() as connection:
            # What was merged comes before what it is part of, or many parts would be in the way for ever.
            order = (_incident.state, _incident.id)
            found = set(connection.scalars(select(_incident.id).where(mine).order_by(*order).limit(limit)))
            while whole := set(connection.scalars(_with_parts_outside(found))):
                found -= whole
            return sorted(found)

    def files(self, incidents: Sequence[int]) -> list[str]:
        """Paths below the evidence folder."""
        file = tables.evidence_file.c
        with self._database.reading() as connection:
            return list(connection.scalars(select(file.path).where(file.incident_id.in_(incidents))))

    def forget(self, incidents: Sequence[int]) -> int:
        """They and all that belongs to them; how many went."""
        pages = select(_page.id).where(_page.incident_id.in_(incidents))
        mine = _incident.id.in_(incidents)
        file = tables.evidence_file.c
        copied = select(literal(EVIDENCE).concat(file.path)).where(file.incident_id.in_(incidents))
        with self._database.writing() as connection:
            connection.execute(delete(tables.attempt).where(tables.attempt.c.page_id.in_(pages)))
            connection.execute(delete(tables.upload).where(tables.upload.c.key.in_(copied)))
            for table in (tables.page, tables.episode, tables.timeline, tables.evidence_file, tables.rating):
                connection.execute(delete(table).where(table.c.incident_id.in_(incidents)))
            queued = tables.complaint.c.incident_id.in_(incidents)
            connection.execute(update(tables.complaint).where(queued).values(incident_id=None))
            connection.execute(update(tables.incident).where(mine).values(merged_into=None))
            return connection.execute(delete(tables.incident).where(mine)).rowcount

    def forget_loose(self, before: datetime, limit: int) -> int:
        """Test pages, rows and alerts of no incident, complaints, from *before* that; at most *limit* of each."""
        page = (_page.incident_id.is_(None)) & (_page.created_at < before) & _page.state.not_in(_ON_THE_WAY)
        row, complaint, gone = tables.timeline.c, tables.complaint.c, 0
        with self._database.writing() as connection:
            pages = list(connection.scalars(select(_page.id).where(page).limit(limit)))
            connection.execute(delete(tables.attempt).where(tables.attempt.c.page_id.in_(pages)))
            gone += connection.execute(delete(tables.page).where(_page.id.in_(pages))).rowcount
            rows = select(row.id).where(row.incident_id.is_(None), row.at < before).limit(limit)
            gone += connection.execute(
                delete(tables.timeline).where(row.id.in_(list(connection.scalars(rows))))
            ).rowcount
            ended = (
                (_episode.incident_id.is_(None)) & (_episode.status == "resolved") & (_episode.changed_at < before)
            )
            gone += connection.execute(delete(tables.episode).where(ended)).rowcount
            over = complaint.live_key.is_(None) & complaint.incident_id.is_(None) & (complaint.opened_at < before)
            queue = list(connection.scalars(select(complaint.id).where(over).limit(limit)))
            gone += connection.execute(delete(tables.complaint).where(complaint.id.in_(queue))).rowcount
        return gone


def _with_parts_outside(incidents: Collection[int]) -> Select[tuple[int]]:
    """Those of *incidents* that others than these are part of."""
    outside = _incident.merged_into.in_(incidents) & _incident.id.not_in(incidents)
    return select(_incident.merged_into).where(outside).distinct()
