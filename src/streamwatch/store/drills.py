"""Drills on record: when, where, which fault, and what came of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from streamwatch.store import tables
from streamwatch.store.database import Database
from streamwatch.watching.drill_calendar import Held

_drill = tables.drill.c


class Drills:
    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, stream: str, fault: str, at: datetime, ends_at: datetime) -> int:
        """Incidents of *stream* that open until *ends_at* are drills."""
        with self._database.writing() as connection:
            result = connection.execute(
                insert(tables.drill).values(stream=stream, fault=fault, started_at=at, ends_at=ends_at)
            )
            return int(result.inserted_primary_key[0])  # type: ignore[index]  # one row, one key

    def end(self, drill: int, at: datetime) -> bool:
        with self._database.writing() as connection:
            ended = update(tables.drill).where(_drill.id == drill).values(ends_at=at)
            return connection.execute(ended).rowcount > 0

    def keep(self, drill: int, result: Mapping[str, Any]) -> bool:
        """What it showed; False when there is no such drill, or its result is on record already."""
        with self._database.writing() as connection:
            kept = update(tables.drill).where(_drill.id == drill, _drill.result.is_(None)).values(result=result)
            return connection.execute(kept).rowcount > 0

    def is_there(self, drill: int) -> bool:
        with self._database.reading() as connection:
            return connection.scalar(select(_drill.id).where(_drill.id == drill)) is not None

    def held(self) -> list[Held]:
        """When each fault was played to its end last, on each stream."""
        query = select(_drill.fault, _drill.stream, func.max(_drill.started_at)).where(_drill.result.is_not(None))
        with self._database.reading() as connection:
            return [Held(*row) for row in connection.execute(query.group_by(_drill.fault, _drill.stream))]

    def past(self, limit: int, fault: str | None = None) -> list[Row[Any]]:
        """Newest first."""
        query = select(tables.drill).order_by(_drill.id.desc()).limit(limit)
        if fault is not None:
            query = query.where(_drill.fault == fault)
        with self._database.reading() as connection:
            return list(connection.execute(query))
