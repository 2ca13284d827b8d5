"""The queue of complaints: who answers which is decided by the database, and survives a restart."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, func, literal, select, update

from streamwatch.incidents.waves import Begin, Goes, Heard, Interruption, Key, Live, Move, Over, Spike
from streamwatch.store import tables
from streamwatch.store.acks import Ack
from streamwatch.store.database import Database
from streamwatch.store.journal import OPEN
from streamwatch.store.rows import MAKERS

STATES = ("open", "taken", "answered", "quiet")
WAITING = ("open", "taken")
BETWEEN = " · "  # two notes of one answer

SPIKE = "ComplaintSpike"

_incident, _episode = tables.incident.c, tables.episode.c
_table = tables.complaint
_row = _table.c
_BEGIN = {name: maker(_table).on_conflict_do_nothing(index_elements=["live_key"]) for name, maker in MAKERS.items()}


class Complaints:
    def __init__(self, database: Database) -> None:
        self._database = database

    def live(self) -> list[Live]:
        """Those whose wave goes on."""
        query = select(_row.id, _row.stream, _row.category, _row.loud_at, _row.answered_at)
        with self._database.reading() as connection:
            rows = connection.execute(query.where(_row.live_key.is_not(None)).order_by(_row.id)).all()
        return [Live(row.id, Key(row.stream, row.category), row.loud_at, row.answered_at) for row in rows]

    def interruptions(self) -> list[Interruption]:
        """Those that are not over, newest first."""
        query = select(_incident.id, _incident.stream, _incident.drill, _incident.evidence)
        query = query.where(_incident.state.in_(OPEN), _incident.procedure == "stream_interruption")
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(_incident.id.desc())).all()
        return [Interruption(row.id, row.stream, row.drill, row.evidence or {}) for row in rows]

    def firing(self) -> dict[Key, Spike]:
        """What viewers complain of so much that somebody was called, and in which incident."""
        query = select(_episode.labels, _incident.id, _incident.stream, _incident.drill)
        query = query.join_from(tables.episode, tables.incident, _episode.incident_id == _incident.id)
        query = query.where(_incident.state.in_(OPEN), _episode.status == "firing")
        query = query.where(_episode.labels["alertname"].as_string() == SPIKE).order_by(_incident.id)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {Key(row.stream, row.labels.get("category", "")): Spike(row.id, row.drill, True) for row in rows}

    def go_on(self, moves: Sequence[Move], at: datetime) -> None:
        """What a power cut undoes of it is heard again."""
        with self._database.writing(durable=False) as connection:
            for move in moves:
                _apply(connection, move, at)

    def take(self, complaint: int, by: str, at: datetime) -> Ack:
        """The database decides who was first."""
        free = (_row.id == complaint) & (_row.state == "open")
        with self._database.writing() as connection:
            taken = {"state": "taken", "taken_at": at, "taken_by": by}
            if connection.execute(update(_table).where(free).values(taken)).rowcount:
                return Ack.DONE
            state = _state(connection, complaint)
        return {None: Ack.MISSING, "taken": Ack.ALREADY}.get(state, Ack.OVER)

    def answer(self, complaint: int, by: str, note: str, at: datetime) -> Ack:
        """Viewers were answered, by whoever had it or by another one; also when it went quiet meanwhile."""
        waits = (_row.id == complaint) & (_row.state != "answered")
        answered = {"state": "answered", "answered_at": at, "answered_by": by, "note": note}
        now = literal(at, tables.Instant())
        first = {"taken_at": func.coalesce(_row.taken_at, now), "taken_by": func.coalesce(_row.taken_by, by)}
        with self._database.writing() as connection:
            if connection.execute(update(_table).where(waits).values({**answered, **first})).rowcount:
                return Ack.DONE
            return Ack.MISSING if _state(connection, complaint) is None else Ack.OVER

    def annotate(self, complaint: int, note: str, most: int) -> bool:
        """Adds to what was noted with the answer; whose answer it was, and when, stays. Not what stands there
        already, and not more than *most* characters in all.
        """
        answered = (_row.id == complaint) & (_row.state == "answered")
        with self._database.writing() as connection:
            said = connection.scalar(select(_row.note).where(answered))
            if said is None or not note or note in said.split(BETWEEN):
                return False
            whole = f"{said}{BETWEEN}{note}" if said else note
            here = answered & (_row.note == said)  # another one may write at the same moment
            if len(whole) > most:
                return False
            return connection.execute(update(_table).where(here).values(note=whole)).rowcount > 0

    def read(self, states: Collection[str], stream: str | None = None, limit: int = 100) -> list[Row[Any]]:
        """Newest first."""
        query = select(_table).where(_row.state.in_(states)).order_by(_row.id.desc()).limit(limit)
        if stream is not None:
            query = query.where(_row.stream == stream)
        with self._database.reading() as connection:
            return list(connection.execute(query))

    def one(self, complaint: int) -> Row[Any] | None:
        with self._database.reading() as connection:
            return connection.execute(select(_table).where(_row.id == complaint)).one_or_none()

    def waiting(self) -> int:
        """How many nobody has answered."""
        with self._database.reading() as connection:
            return connection.scalar(select(func.count()).where(_row.state.in_(WAITING))) or 0


def _apply(connection: Connection, move: Move, at: datetime) -> None:
    match move:
        case Begin(key, heard, spike):
            loud = heard or Heard(0, 0)
            connection.execute(
                _BEGIN[connection.dialect.name],
                {
                    "live_key": f"{key.category}\n{key.stream}", "stream": key.stream, "category": key.category,
                    "incident_id": spike and spike.incident, "drill": spike is not None and spike.drill,
                    "opened_at": at, "users": loud.users, "chatters": loud.chatters, "loud_at": at,
                    "state": "open", "note": "",
                },
            )  # fmt: skip
        case Goes(number, heard, spike):
            values: dict[str, Any] = {"loud_at": at}
            if spike is not None:
                values["incident_id"] = func.coalesce(_row.incident_id, spike.incident)
            louder = (_row.id == number) & (_row.users < heard.users) if heard is not None else None
            connection.execute(update(_table).where(_row.id == number).values(values))
            if heard is not None and louder is not None:
                most = {"users": heard.users, "chatters": heard.chatters}
                connection.execute(update(_table).where(louder).values(most))
        case Over(number):
            waits = _row.state.in_(WAITING)
            ended = {
                "live_key": None,
                "quiet_at": at,
                "state": case((waits, "quiet"), else_=_row.state),
            }
            connection.execute(update(_table).where(_row.id == number).values(ended))


def _state(connection: Connection, complaint: int) -> str | None:
    return connection.scalar(select(_row.state).where(_row.id == complaint))
