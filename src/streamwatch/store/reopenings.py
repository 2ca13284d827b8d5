"""What the reopening of an incident reads and writes, in the transaction of whoever decides about it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from streamwatch.alert import Alert
from streamwatch.store import tables
from streamwatch.store.merges import ACK, alerts_of
from streamwatch.store.rows import bygone, this_time

_incident, _page = tables.incident.c, tables.page.c
LABELS = ("alertname", "stream", "hop", "procedure", "severity", "role")
WORDS = ("summary_zh", "summary_en", "runbook_step")


class Reopenings:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def heading(self, incident: int) -> Alert:
        """What it is named after, as an alert that ended when the incident did."""
        row = self._connection.execute(select(tables.incident).where(_incident.id == incident)).one()
        labels, words = ({name: getattr(row, name) for name in names} for names in (LABELS, WORDS))
        return Alert(_given(labels), _given(words), "resolved", row.opened_at, row.resolved_at, "")

    def alerts(self, incident: int) -> Sequence[Alert]:
        """What it was about, the first to begin first; what began anew in a later incident is not among them."""
        return alerts_of(self._connection, incident)

    def reopen(self, incident: int, key: str, at: datetime) -> None:
        """Open as when it began, for what was merged into it too; alerts of *key* join it from now on."""
        anew = {"state": "open", "open_key": key, "called_at": at, "steps": []}
        nobody = dict.fromkeys((*ACK, "silenced_until", "silences"))
        mine = update(tables.incident).where(_incident.id == incident)
        self._connection.execute(mine.values({**anew, **nobody}))
        within = or_(_incident.id == incident, _incident.merged_into == incident)
        self._connection.execute(update(tables.incident).where(within).values(resolved_at=None))
        # Nobody is told twice of one trouble, or of one end; this end was none, and all are told anew.
        mine_too = (_page.incident_id == incident) & this_time(_page)
        self._connection.execute(update(tables.page).where(mine_too).values(key=bygone(at)))


def _given(words: dict[str, str]) -> dict[str, str]:
    return {name: word for name, word in words.items() if word}
