"""How much each channel was used: what a service counts against a quota, or bills."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from streamwatch.store import tables
from streamwatch.store.database import Database

COUNTED = ("delivered", "unknown")  # unknown: it may have arrived


def sent_since(database: Database, channels: Collection[str], since: datetime) -> dict[str, int]:
    """Messages by channel; a channel that sent none is missing."""
    tried = tables.attempt.c
    query = select(tried.channel, func.count()).where(
        tried.channel.in_(channels), tried.started_at >= since, tried.outcome.in_(COUNTED)
    )
    with database.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(query.group_by(tried.channel))}
