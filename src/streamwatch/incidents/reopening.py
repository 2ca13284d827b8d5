"""A person says that what was told to be over is not. All of it or nothing, in one transaction."""

from collections.abc import Iterable
from datetime import datetime
from secrets import token_hex

from streamwatch.alert import Alert, in_millis
from streamwatch.clock import Clock
from streamwatch.incidents import trigger
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.incident import Refused, Unfit, fold_key, may_reopen
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
            ledger, at, heading = Ledger(connection), self._clock(), reopenings.heading(incident)
            if unfit := may_reopen(stand.state, heading.ends_at, at):
                return Refused(unfit, incident)
            alert = _reported(heading, reopenings.alerts(incident), by, note, at)
            if another := ledger.open_incident(alert):
                return Refused(Unfit.ANOTHER, another)
            reopenings.reopen(incident, fold_key(alert), at)
            ledger.begin(alert, incident, at)
            ledger.withdraw(incident)  # an "over" that waits
            ledger.note(incident, tell(Kind.REOPENED, person=by, what=clean(note, trigger.NOTE) or "—"), at)
            call = Call("firing", stand.severity, f"reopened:{at.isoformat()}")
            for role in dict.fromkeys((ledger.role(incident), *alert.also)):
                self._calling.call(ledger, incident, call, role, alert.stream)
            self._calling.inform(ledger, incident, alert)
            ledger.flush()
        return None


def _reported(heading: Alert, was: Iterable[Alert], by: str, note: str, at: datetime) -> Alert:
    """The trouble that the incident is named after, as a person reports it: only a person ends it.

    Not the most urgent that it ever held: what was milder at the end would hide the next P0.
    """
    named = (heading.name, heading.stream, heading.severity)
    same = next((each for each in was if (each.name, each.stream, each.severity) == named), heading)
    annotations = dict(same.annotations) | {"by": by, "note": clean(note, trigger.NOTE)}
    # Begun as exactly as a webhook will tell its end.
    return Alert(dict(same.labels), annotations, "firing", in_millis(at), None, trigger.fingerprint(token_hex(8)))
