"""What is told again and again, which is nearly all of a storm: webhooks that say nothing new, many in one go."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from streamwatch.alert import Alert, Episode, Said
from streamwatch.clock import Clock
from streamwatch.incidents.incident import Move, move
from streamwatch.incidents.unfolded import Webhook, alerts_left, forget
from streamwatch.metrics import Metrics
from streamwatch.store.claims import Claims
from streamwatch.store.database import Database
from streamwatch.store.ledger import Ledger

FEW, MOST = 50, 500  # webhooks in one go: where the first ones are news, not many are looked at in vain
ALERTS = 10_000  # in one go, about so many
LOOKED_UP = 100  # alerts, or some more, for one look at the database


class _Told(NamedTuple):
    webhook: Webhook
    alerts: Sequence[Alert]
    said: Sequence[Said]


class Repeats:
    def __init__(self, database: Database, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._at_once = FEW

    def fold(self) -> int:
        """Fold the webhooks before the first that says anything new; how many there were."""
        if self._database.one_process:  # what is read is still true when it is written: who posts need not wait
            with self._database.reading() as connection:
                told, again = self._told_before(connection)
            if told:
                # Undone by a power cut, they are folded again; who posts need not wait for the disk twice.
                with self._database.writing(durable=False) as connection:
                    self._write(connection, told, again)
        else:
            with self._database.writing(durable=False) as connection:
                told, again = self._told_before(connection)
                self._write(connection, told, again)
        self._at_once = min(MOST, 2 * len(told)) if len(told) >= FEW else FEW
        self._metrics.alerts.labels(Move.DUPLICATE.value).inc(again.total())
        forget(told)
        return len(told)

    def _told_before(self, connection: Connection) -> tuple[list[Webhook], Counter[Said]]:
        ledger = Ledger(connection)
        told, again, old = list[Webhook](), Counter[Said](), set[Said]()
        for part in _in_parts(Claims(connection).claim(self._at_once)):
            old |= self._repeats(ledger, [each for each in part if not old.issuperset(each.said)])
            for webhook, _, said in part:
                if not old.issuperset(said):
                    return told, again
                told.append(webhook)
                again.update(said)
            if again.total() >= ALERTS:
                break
        return told, again

    def _repeats(self, ledger: Ledger, some: Iterable[_Told]) -> set[Said]:
        """What of all that these say is no news."""
        alerts, at = dict[Said, Alert](), self._clock()
        for each in some:
            alerts.update(zip(each.said, each.alerts, strict=True))
        known = ledger.known({each.episode for each in alerts.values()})
        moves = {said: move(alert, known.get(alert.episode), at) for said, alert in alerts.items()}
        return {said for said, what in moves.items() if what is Move.DUPLICATE}

    def _write(self, connection: Connection, told: Iterable[Webhook], again: Counter[Said]) -> None:
        times = Counter[Episode]()
        for (fingerprint, starts_at, _), count in again.items():
            times[Episode(fingerprint, starts_at)] += count
        Ledger(connection).seen_again(times)
        Claims(connection).folded([each.id for each in told], self._clock())


def _in_parts(webhooks: Iterable[Webhook]) -> Iterator[list[_Told]]:
    part, count = list[_Told](), 0
    for webhook in webhooks:
        part.append(told := _Told(webhook, *alerts_left(webhook)))
        count += len(told.said)
        if count >= LOOKED_UP:
            yield part
            part, count = [], 0
    if part:
        yield part
