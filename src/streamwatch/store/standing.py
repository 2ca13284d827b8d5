"""How much of everything waits at this moment: what the metrics show."""

from collections.abc import Collection

from sqlalchemy import func, select

from streamwatch.incidents.incident import LIVE
from streamwatch.message import CALLS
from streamwatch.metrics import Standing
from streamwatch.store import tables
from streamwatch.store.database import Database
from streamwatch.store.inbox import TROUBLED, WAITING


def standing(database: Database, held: Collection[str] = ()) -> Standing:
    """One look at everything that can pile up. The oldest is looked for elsewhere than with people who are
    *held*: they had many messages, and what waits for them does so by intent. So do notes. Dead are calls of what
    is not over: a word that nobody could be told is no call that was missed.
    """
    incident, page = tables.incident.c, tables.page.c
    with database.reading() as connection:
        opened = select(incident.stream, incident.severity, func.count()).where(incident.state.in_(LIVE))
        due = page.state.in_(("due", "sending"))
        dead = (
            select(func.count())
            .select_from(tables.page.join(tables.incident))
            .where(page.state == "dead", page.kind.in_(CALLS), incident.state.in_(LIVE))
        )
        beats = connection.execute(select(tables.heartbeat)).all()
        return Standing(
            {
                (row[0], row[1]): row[2]
                for row in connection.execute(opened.group_by(incident.stream, incident.severity))
            },
            int(connection.scalar(WAITING) or 0),
            int(connection.scalar(TROUBLED) or 0),
            int(connection.scalar(select(func.count()).where(due)) or 0),
            connection.scalar(
                select(func.min(page.created_at)).where(due, page.severity != "P3", page.person.not_in(held))
            ),
            int(connection.scalar(dead) or 0),
            {row.name: row.seen_at for row in beats},
        )
