"""A person says that what was told to be over is not. All of it or nothing, in one transaction."""

from datetime import datetime
from secrets import token_hex

from streamwatch.alert import Alert
from streamwatch.clock import Clock
from streamwatch.incidents import trigger
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.incident import Refused, Unfit, fold_key, may_reopen, most_urgent
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.message import clean
from streamwatch.store.database import Database
from streamwatch.store.ledger import Ledger
from streamwatch.store.merges import Merges
from streamwatch.store.reopenings import Reopenings
from streamwatch.store.rows import Call


class Reopening:
    def __init__(self, database: Database, calling: Calling, clock: Clock) -> None:
        self._database = database
        self._calling = calling
        self._clock = clock

    def reopen(self, incident: int, by: str, note: str) -> Refused | None:
        """It is open again under its number, calls whoever is on duty now, and lasts until a person ends it.

        What any probe says of its kind joins it meanwhile, as before.
        """
        with self._database.writing() as connection:
            stand, reopenings = Merges(connection).stand(incident), Reopenings(connection)
            if stand is None:
                return Refused("missing", incident)
            ledger, at = Ledger(connection), self._clock()
            if unfit := may_reopen(stand.state, reopenings.ended_at(incident), at):
                return Refused(unfit, incident)
            was = most_urgent(reopenings.alerts(incident))
            if another := ledger.open_incident(was):
                return Refused(Unfit.ANOTHER, another)
            alert = _reported(was, by, note, at)
            reopenings.reopen(incident, fold_key(alert), at)
            ledger.begin(alert, incident, at)
            ledger.withdraw(incident)  # an "over" that waits
            ledger.note(incident, tell(Kind.REOPENED, person=by, what=clean(note, trigger.NOTE) or "—"), at)
            call = Call("firing", stand.severity, f"reopened:{at.isoformat()}")
            for role in dict.fromkeys((ledger.role(incident), *alert.also)):
                self._calling.call(ledger, incident, call, role, alert.stream)
            ledger.flush()
        return None


def _reported(was: Alert, by: str, note: str, at: datetime) -> Alert:
    """The same trouble, as a person reports it: only a person ends it."""
    annotations = dict(was.annotations) | {"by": by, "note": clean(note, trigger.NOTE)}
    started = at.replace(microsecond=at.microsecond // 1000 * 1000)  # as exact as a webhook tells its end
    return Alert(dict(was.labels), annotations, "firing", started, None, trigger.fingerprint(token_hex(8)))
