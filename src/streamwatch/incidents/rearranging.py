"""A person says that two incidents are one, or that one is two. All of it or nothing, in one transaction."""

from streamwatch.alert import Alert
from streamwatch.clock import Clock
from streamwatch.incidents import routing
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.incident import Merged, Refused, Stand, may_merge, may_split, merge, most_urgent
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.message import clean
from streamwatch.store.database import Database
from streamwatch.store.ledger import Ledger, headline
from streamwatch.store.merges import Merges, keys
from streamwatch.store.rows import Call


class Rearranging:
    def __init__(self, database: Database, calling: Calling, clock: Clock) -> None:
        self._database = database
        self._calling = calling
        self._clock = clock

    def merge(self, other: int, into: int, by: str) -> Refused | None:
        """*other* is part of *into* from now on, with its alerts, its pages, and whatever comes of its kind.

        Nobody is called for it; who was called for either hears of the end that both have.
        """
        with self._database.writing() as connection:
            merges = Merges(connection)
            stands = {each: merges.stand(each) for each in sorted({other, into})}
            one, two = stands[into], stands[other]
            if one is None or two is None:
                return Refused("missing", into if one is None else other)
            if unfit := may_merge(one, two):
                return Refused(unfit, other if two.state in ("resolved", "merged") else into)
            result = merge(one, two, by)
            what = _named(merges.firing(other))
            merges.merge(into, other, result)
            ledger, at = Ledger(connection), self._clock()
            ledger.note(other, tell(Kind.MERGED, person=by, number=into), at)
            ledger.note(into, tell(Kind.ABSORBED, person=by, number=other, what=what), at)
            for holder in _let_go(one, two, result):
                ledger.note(into, tell(Kind.ACK_ENDS, person=holder), at)
            ledger.flush()
        return None

    def split(self, incident: int, fingerprints: set[str], by: str) -> int | Refused:
        """Those alerts are an incident of their own, which calls; what comes of their kind alone goes there too."""
        with self._database.writing() as connection:
            merges = Merges(connection)
            stand = merges.stand(incident)
            if stand is None:
                return Refused("missing", incident)
            firing = merges.firing(incident)
            if unfit := may_split(stand, {each.fingerprint for each in firing}, fingerprints):
                return Refused(unfit, incident)
            ledger = Ledger(connection)
            chosen = [each for each in firing if each.fingerprint in fingerprints]
            staying = [each for each in firing if each.fingerprint not in fingerprints]
            new = self._open(ledger, merges, stand, chosen, by)
            merges.hand_over_keys(incident, new, keys(chosen) - keys(staying))
            self._name_anew(ledger, merges, stand, chosen, staying)
            ledger.note(incident, tell(Kind.SPLIT, person=by, number=new, what=_named(chosen)), self._clock())
            ledger.flush()
        return new

    def _open(self, ledger: Ledger, merges: Merges, stand: Stand, chosen: list[Alert], by: str) -> int:
        at, first = self._clock(), most_urgent(chosen)
        route = routing.route(first, self._calling.book().fallback_role)
        new = ledger.open(first, route.role, stand.drill, at)
        merges.move(chosen, new)
        ledger.note(new, tell(Kind.SPLIT_FROM, person=by, number=stand.id, what=_named(chosen)), at)
        ledger.note(
            new, tell(Kind.ROUTED if route.routed else Kind.UNROUTED, role=route.role, why=route.reason), at
        )
        call = Call("firing", first.severity, f"split:{at.isoformat()}")
        self._calling.call(ledger, new, call, route.role, first.stream)
        for each in chosen:
            self._calling.inform(ledger, new, each)
        return new

    def _name_anew(
        self, ledger: Ledger, merges: Merges, stand: Stand, chosen: list[Alert], staying: list[Alert]
    ) -> None:
        """What it was called after may have left."""
        first = most_urgent(staying)
        if first.severity != stand.severity or stand.alertname in {each.name for each in chosen}:
            route = routing.route(first, self._calling.book().fallback_role)
            merges.name_after(stand.id, headline(first, route.role))


def _named(alerts: list[Alert]) -> str:
    return clean(" ".join(dict.fromkeys(each.name for each in alerts)))


def _let_go(one: Stand, two: Stand, result: Merged) -> list[str]:
    """Who had one of the two, and has nothing any more."""
    holders = {each.acknowledged_by for each in (one, two) if each.state == "acknowledged"}
    kept = next((each.acknowledged_by for each in (one, two) if each.id == result.ack), None)
    return sorted(each for each in holders if each and each != kept)
