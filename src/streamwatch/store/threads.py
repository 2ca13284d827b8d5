"""Earlier pages of an incident by the names that their services gave them: a page can answer one, or mend it."""

from sqlalchemy import Connection, exists, select

from streamwatch.message import Earlier
from streamwatch.store import tables

_page, _other = tables.page, tables.page.alias()
# One message may have carried many pages: it is about several incidents, and none of them may claim it.
_ALONE = ~exists().where(_other.c.carried_by == _page.c.carried_by, _other.c.id != _page.c.id)


def earlier(connection: Connection, incident: int, channel: str) -> tuple[Earlier, ...]:
    """What was delivered of *incident* over *channel*, to whomever, oldest first."""
    query = select(_page.c.person, _page.c.provider_id, _page.c.delivered_at).where(
        _page.c.incident_id == incident,
        _page.c.channel == channel,
        _page.c.state == "delivered",
        _page.c.provider_id.is_not(None),
        _ALONE,
    )
    rows = connection.execute(query.order_by(_page.c.delivered_at, _page.c.id))
    return tuple(Earlier(row.person, row.provider_id, row.delivered_at) for row in rows)
