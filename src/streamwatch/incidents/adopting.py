"""What was only observed calls when that is over: no page is lost between two steps of the adoption."""

import asyncio
from collections.abc import Callable, Iterable, Iterator

from streamwatch.alert import Alert
from streamwatch.clock import Clock
from streamwatch.incidents import routing
from streamwatch.incidents.adoption import Adoption
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.store import Store
from streamwatch.store.ledger import Ledger
from streamwatch.store.merges import FIRING, alerts_of
from streamwatch.store.observed import Observed
from streamwatch.store.rows import Call


class Adopting:
    """*adoption* is that of the moment: a reload changes it."""

    def __init__(self, store: Store, adoption: Callable[[], Adoption], calling: Calling, clock: Clock) -> None:
        self._store, self._adoption, self._calling, self._clock = store, adoption, calling, clock

    async def step(self) -> bool:
        """Whether anybody was called: for what fires still, nobody has taken, and was kept from going out."""
        adoption, called = self._adoption(), False
        for each in await asyncio.to_thread(self._store.observed.open):
            if adoption.insists(each.subject) or (each.is_first and adoption.calls(each.subject)):
                called |= await asyncio.to_thread(self._call, each)
        return called

    def _call(self, found: Observed) -> bool:
        """As if it had just opened: who is on duty now, and the escalation from now on."""
        at = self._clock()
        with self._store.database.writing() as connection:
            ledger = Ledger(connection)
            if not ledger.call_anew(found.id, found.called_at, at):
                return False  # taken, ended, or called by another receiver
            ledger.note(found.id, tell(Kind.ADOPTED), at)
            call = Call("firing", found.severity, f"adopted:{at.isoformat()}")
            alerts = alerts_of(connection, found.id, FIRING)
            for role in dict.fromkeys((found.role, *self._other_roles(found, alerts))):
                self._calling.call(ledger, found.id, call, role, found.stream)
            for alert in alerts:
                self._calling.inform(ledger, found.id, alert)
            ledger.flush()
        return True

    def _other_roles(self, found: Observed, alerts: Iterable[Alert]) -> Iterator[str]:
        """Whose work it is too: what joined and was as urgent would have called them, had it not been observed."""
        for alert in alerts:
            if alert.severity == found.severity and alert.severity in ("P0", "P1"):
                yield routing.route(alert, self._calling.book().fallback_role).role
