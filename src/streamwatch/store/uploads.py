"""Files that must be copied elsewhere: wanted, tried, done. A row outlives any crash."""

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import exists, func, literal, select, update

from streamwatch.store import tables
from streamwatch.store.database import Database
from streamwatch.store.rows import MAKERS

_upload, _file = tables.upload.c, tables.evidence_file.c
EVIDENCE = "evidence/"
"""How the keys of evidence begin; the rest is its path below the evidence folder."""
REVIEWS = "reviews/"
"""How those of reviews begin; the rest is the name of the file."""
AT_ONCE = 100


class Wanted(NamedTuple):
    """A file that is to be copied now; *tries* failed before."""

    key: str
    path: str
    bytes: int
    sha256: str
    tries: int


class Uploads:
    def __init__(self, database: Database) -> None:
        self._database = database

    def want(self, key: str, path: Path, size: int, sha256: str, at: datetime) -> None:
        """*path* with that content is to be copied as *key*; again when it was copied with another content."""
        self._want([{"key": key, "path": str(path), "bytes": size, "sha256": sha256, "due_at": at}])

    def want_evidence(self, folder: Path, at: datetime) -> None:
        """Each file of evidence that was never wanted."""
        known = exists().where(_upload.key == literal(EVIDENCE).concat(_file.path))
        query = select(_file.path, _file.bytes, _file.sha256).where(~known).order_by(_file.id).limit(AT_ONCE)
        with self._database.reading() as connection:
            new = connection.execute(query).all()
        if new:
            self._want([{"key": f"{EVIDENCE}{row.path}", "path": str(folder / row.path), "bytes": row.bytes,
                         "sha256": row.sha256, "due_at": at} for row in new])  # fmt: skip

    def due(self, at: datetime) -> Wanted | None:
        """The one that waits longest."""
        query = select(_upload.key, _upload.path, _upload.bytes, _upload.sha256, _upload.tries)
        query = query.where(_upload.done_at.is_(None), _upload.due_at <= at).order_by(_upload.due_at).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Wanted(*row)

    def done(self, key: str, sha256: str, at: datetime) -> None:
        """Unless another content is wanted by now."""
        mine = (_upload.key == key) & (_upload.sha256 == sha256)
        with self._database.writing() as connection:
            connection.execute(update(tables.upload).where(mine).values(done_at=at, trouble=None))

    def failed(self, key: str, tries: int, why: str, again: datetime) -> None:
        values = {"tries": tries, "trouble": why, "due_at": again}
        with self._database.writing() as connection:
            connection.execute(update(tables.upload).where(_upload.key == key).values(values))

    def standing(self) -> tuple[int, str | None]:
        """How many are not done, and why the one failed that was tried last."""
        waits = _upload.done_at.is_(None)
        count = select(func.count()).select_from(tables.upload).where(waits)
        last = select(_upload.trouble).where(waits, _upload.trouble.is_not(None))
        with self._database.reading() as connection:
            why = connection.scalar(last.order_by(_upload.due_at.desc()).limit(1))
            return int(connection.scalar(count) or 0), why

    def _want(self, rows: list[dict[str, Any]]) -> None:
        new = [{**row, "tries": 0, "done_at": None, "trouble": None} for row in rows]
        with self._database.writing() as connection:
            statement = MAKERS[connection.dialect.name](tables.upload)
            fresh = {name: statement.excluded[name] for name in new[0] if name != "key"}
            other = _upload.sha256 != statement.excluded.sha256
            connection.execute(
                statement.on_conflict_do_update(index_elements=["key"], set_=fresh, where=other), new
            )
