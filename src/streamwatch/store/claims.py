"""Webhooks of the inbox, as one transaction of folding takes them and says how far it came."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, literal_column, select, update

from streamwatch.store import tables

_inbox = tables.inbox.c
_THESE = _inbox.id.in_(bindparam("ids", expanding=True))
CLAIM: Select[Any] = select(_inbox.id, _inbox.body, _inbox.folded, _inbox.ahead).where(_THESE).order_by(_inbox.id)
FOLDED = update(tables.inbox).where(_THESE).values(folded_at=bindparam("at"))

FOLDING = 0x5357_0002  # a number of ours among the advisory locks of PostgreSQL
CLAIMED = 4 * 1024 * 1024  # bytes of webhooks in memory; at least one, whatever its size
ALL = 2**31 - 1  # no webhook holds more alerts


class Claims:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, limit: int, *, urgent: bool = False, most: int = CLAIMED) -> Sequence[Row[Any]]:
        """The oldest webhooks that are not folded, or those of them that hold something *urgent*; *most* in bytes.

        Another receiver on the same database skips them.
        """
        if self._connection.dialect.name == "postgresql":
            # One folds at a time: an end must not be folded beside its beginning.
            self._connection.execute(select(func.pg_advisory_xact_lock(FOLDING)))
        query = select(_inbox.id, func.length(_inbox.body)).where(
            _inbox.folded_at.is_(None), _inbox.trouble.is_(None)
        )
        if urgent:
            query = query.where(_inbox.urgent > literal_column("0"))  # as in the index
        query = query.order_by(_inbox.id).limit(limit).with_for_update(skip_locked=True)
        ids = _no_more_than(most, [(row[0], row[1]) for row in self._connection.execute(query)])
        return self._connection.execute(CLAIM, {"ids": ids}).all()

    def folded(self, ids: Sequence[int], at: datetime) -> None:
        if ids:
            self._connection.execute(FOLDED, {"ids": ids, "at": at})

    def folded_up_to(self, webhook: int, count: int) -> None:
        """The first *count* alerts of a large webhook."""
        self._connection.execute(update(tables.inbox).where(tables.inbox.c.id == webhook).values(folded=count))

    def folded_ahead(self, webhook: int, count: int) -> None:
        """Those of its first *count* alerts that are urgent; more of them wait."""
        self._connection.execute(update(tables.inbox).where(_inbox.id == webhook).values(ahead=count))

    def nothing_urgent(self, ids: Sequence[int], at: datetime) -> None:
        """All that was urgent in them is folded ahead of its turn."""
        if ids:
            self._connection.execute(update(tables.inbox).where(_inbox.id.in_(ids)).values(urgent=0, ahead=ALL))

    def troubled(self, webhook: int, trouble: str) -> None:
        self._connection.execute(update(tables.inbox).where(tables.inbox.c.id == webhook).values(trouble=trouble))


def _no_more_than(most: int, webhooks: Iterable[tuple[int, int]]) -> list[int]:
    """The first of *webhooks* (id, bytes) that have *most* bytes together."""
    ids, total = list[int](), 0
    for webhook, size in webhooks:
        total += size
        if ids and total > most:
            break
        ids.append(webhook)
    return ids
