"""Accepted webhooks become episodes, incidents and pages: one transaction for each batch, all or nothing."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy.exc import DataError, SQLAlchemyError

from streamwatch.alert import Alert, Episode, Severity
from streamwatch.clock import Clock
from streamwatch.duty import DutyBook
from streamwatch.incidents import informing, routing
from streamwatch.incidents.adoption import Adoption
from streamwatch.incidents.calling import Calling
from streamwatch.incidents.incident import Effect, Known, Move, effect, fold_key, is_stale, move, same_trouble
from streamwatch.incidents.repeats import Repeats
from streamwatch.incidents.timeline import Kind, tell
from streamwatch.incidents.timeline import Row as TimelineRow
from streamwatch.incidents.unfolded import Place, Webhook, forget, left, urgent_left
from streamwatch.language import Text
from streamwatch.message import CALLS, clean
from streamwatch.metrics import Metrics
from streamwatch.store.claims import CLAIMED, Claims
from streamwatch.store.database import Database
from streamwatch.store.ledger import Ledger, OtherFiring
from streamwatch.store.rows import Call

log = logging.getLogger(__name__)

BATCH = 50  # webhooks in one transaction
LOOKED_AT = 1000  # alerts in one transaction, repeats included: what is not folded now is looked up again
LOOKED_UP = 100  # of them at a time
AT_ONCE = Text("这类上报同时呼叫", "called at the same moment for such a report")
HEADINGS = {
    Effect.OPEN: Kind.OPENED,
    Effect.JOIN: Kind.JOINED,
    Effect.RAISE: Kind.RAISED,
    Effect.WIDEN: Kind.WIDENED,
}
ENOUGH = 256 * 1024  # bytes of webhooks: a hundred alerts and more, of which `NEWS` are folded at once
NEWS = 20  # alerts that are no repeats, in one transaction: some hundredths of a second, in which all others wait


class Folding:
    """Reads the inbox; writes incidents, the timeline and the outbox. *book* gives the duty book of this moment."""

    def __init__(
        self,
        database: Database,
        book: Callable[[], DutyBook],
        clock: Clock,
        metrics: Metrics,
        due: Callable[[Severity, datetime], datetime] = lambda _, at: at,
        adoption: Callable[[], Adoption] = Adoption,
        inform: Callable[[], informing.Table] = lambda: informing.DEFAULT,
    ) -> None:
        """*due* says when a page of that severity, made at that instant, goes out; *adoption* whether; *inform* who
        is told and not called.
        """
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._calling = Calling(book, clock, metrics, due, adoption, inform)
        self.news = 0  # alerts that were no repeats
        self._repeats = Repeats(database, clock, metrics)
        self._behind = False  # there may be more than one step takes
        self._news_come = False  # one after the other: repeats need not be looked for
        self._went_ahead = False

    @property
    def calls(self) -> int:
        """Pages that were made so far."""
        return self._calling.calls

    def fold(self, limit: int = BATCH) -> int:
        """Fold what waits, at most *limit* webhooks; how many there were. A bad one is set aside, never dropped.

        Where more waits than one step takes, every other step folds what is urgent in all of it: that goes first,
        and all else goes on. Severity is a label, so a series is urgent from start to end, and stays in order.
        """
        urgent = self._behind and not self._went_ahead
        self._went_ahead = urgent and (count := self._safely(limit, urgent=True)) > 0
        return count if self._went_ahead else self._safely(limit)

    def _safely(self, limit: int, *, urgent: bool = False) -> int:
        try:
            return self._fold(limit, urgent=urgent)
        except DataError:
            log.exception("the database does not take a webhook; one by one, the bad one is set aside")
        except (SQLAlchemyError, OSError):
            raise
        except Exception:
            log.exception("webhooks could not be folded; one by one, the bad one is set aside")
        return self._safely(1, urgent=urgent) if limit > 1 else self._set_aside(urgent=urgent)

    def _fold(self, limit: int, *, urgent: bool) -> int:
        """What waits, or what is *urgent* of it, up to *limit* webhooks and `NEWS`.

        A large webhook is folded in parts, as acks wait meanwhile.
        """
        if not urgent and limit >= BATCH and not self._news_come and (count := self._repeats.fold()):
            self._behind = True  # the next one says something new, or there is none
            return count
        with self._database.writing() as connection:
            ledger, claims = Ledger(connection), Claims(connection)
            webhooks, waiting = list[tuple[Webhook, list[Place]]](), list[Place]()
            for webhook in claims.claim(limit, urgent=urgent, most=CLAIMED if urgent else ENOUGH):
                mine = urgent_left(webhook) if urgent else left(webhook)
                webhooks.append((webhook, mine))
                waiting += mine
                if len(waiting) >= LOOKED_AT:
                    break
            before = self.news
            moves = self._all(ledger, [each.alert for each in waiting[:LOOKED_AT]])
            taken, whole = moves.total(), list[Webhook]()
            for webhook, mine in webhooks:
                if taken < len(mine):
                    write = claims.folded_ahead if urgent else claims.folded_up_to
                    write(webhook.id, mine[taken].place)
                    break
                taken -= len(mine)
                whole.append(webhook)
            (claims.nothing_urgent if urgent else claims.folded)([each.id for each in whole], self._clock())
            ledger.flush()
        if not urgent:
            forget(whole)
            self._behind = bool(webhooks)
            self._news_come = self.news - before == NEWS
        for what, count in moves.items():
            self._metrics.alerts.labels(what.value).inc(count)
        return len(webhooks)

    def _all(self, ledger: Ledger, alerts: Sequence[Alert]) -> Counter[Move]:
        """One after the other, as they came; repeats, which are nearly all of them in a storm, in one go.

        Stops after `NEWS`: the sum of the answer is how many of *alerts* were folded.
        """
        known = dict[Episode, Known]()
        moves, repeats, news = Counter[Move](), Counter[Episode](), 0
        for number, alert in enumerate(alerts):
            if number % LOOKED_UP == 0:
                some = alerts[number : number + LOOKED_UP]
                known |= ledger.known({each.episode for each in some} - known.keys())
            at = self._clock()
            record = known.get(alert.episode)
            what = move(alert, record, at)
            others = ledger.other_firing(alert) if what in (Move.BEGIN, Move.AGAIN) else []
            if others and is_stale(alert, (other.episode.starts_at for other in others)):
                what = Move.STALE
            moves[what] += 1
            match what:
                case Move.DUPLICATE:
                    repeats[alert.episode] += 1
                case Move.HEARTBEAT:
                    ledger.heartbeat(alert.name, at)
                case Move.SILENCE:
                    ledger.silence(alert.name)
                case Move.STALE:
                    pass  # the newer start is on record and fires
                case _:
                    known[alert.episode] = Known(alert.status, at, self._one(ledger, alert, what, record, others))
                    news += 1
            if news == NEWS:
                break
        ledger.seen_again(repeats)
        self.news += news
        return moves

    def _set_aside(self, *, urgent: bool) -> int:
        """The oldest webhook is one that we cannot fold: it stays in the inbox, visible, and out of the way."""
        with self._database.writing() as connection:
            claims = Claims(connection)
            for webhook in claims.claim(1, urgent=urgent):
                claims.troubled(webhook.id, "could not be folded; the log of this time says why")
                return 1
        return 0

    def _one(
        self, ledger: Ledger, alert: Alert, what: Move, known: Known | None, others: Sequence[OtherFiring]
    ) -> int | None:
        """News of an episode; the answer is the incident it belongs to."""
        at = self._clock()
        if what is Move.END:
            incident = known.incident if known else None
            self._end(ledger, alert, incident)
            return incident
        if what is Move.UNHEARD:
            ledger.begin(alert, None, at)
            ledger.note(None, tell(Kind.UNHEARD, what=_what(alert)), at)
            return None
        return self._begin(ledger, alert, others, again=what is Move.AGAIN)

    def _begin(self, ledger: Ledger, alert: Alert, others: Sequence[OtherFiring], *, again: bool) -> int:
        at = self._clock()
        continued = [before for before in others if self._supersede(ledger, alert, before)]
        # A person may have split them from the incident of their stream and procedure.
        current = ledger.live({each.incident for each in continued}) or ledger.open_incident(alert)
        firing = [] if current is None else [*ledger.firing(current), *(each.severity for each in continued)]
        reported_at = ledger.reported_at(current) if alert.is_reported and current is not None else None
        route = routing.route(alert, self._calling.book().fallback_role)
        is_heard = partial(self._calling.is_heard, ledger, current, route.role, alert)
        consequence = effect(firing, alert, is_open=current is not None, reported_at=reported_at, is_heard=is_heard)
        incident = current
        if incident is None:
            # What a person reports while a drill runs may be true.
            drill = alert.is_drill if alert.is_reported else ledger.drill_running(alert.stream, at)
            incident = ledger.open(alert, route.role, drill, at, key=fold_key(alert))
        ledger.begin(alert, incident, at)
        row = Kind.AGAIN if again and consequence is Effect.OPEN else HEADINGS[consequence]
        ledger.note(incident, tell(row, what=_what(alert), severity=alert.severity), at)
        if alert.is_reported:
            ledger.note(
                incident, _said(alert, Kind.REPORTED, Kind.REPORTED_BY_SOMEBODY, "summary_zh", "summary_en"), at
            )
        if consequence is not Effect.JOIN:
            self._call(ledger, incident, alert, route, consequence)
        self._calling.inform(ledger, incident, alert)
        return incident

    def _call(self, ledger: Ledger, incident: int, alert: Alert, route: routing.Route, consequence: Effect) -> None:
        at = self._clock()
        if consequence in (Effect.RAISE, Effect.WIDEN):
            ledger.raise_severity(incident, alert, route.role, at)
        if consequence is Effect.RAISE:
            ledger.withdraw(incident, CALLS)  # a more urgent one is coming, and they would only say the same
        if not route.routed:
            self._metrics.unrouted.inc()
        routed = Kind.ROUTED if route.routed else Kind.UNROUTED
        ledger.note(incident, tell(routed, role=route.role, why=route.reason), at)
        kind = "firing" if consequence is Effect.OPEN else "raised"
        call = Call(kind, alert.severity, f"{kind}:{alert.fingerprint}:{at.isoformat()}")
        self._calling.call(ledger, incident, call, route.role, alert.stream)
        for role in alert.also:
            ledger.note(incident, tell(Kind.ROUTED, role=role, why=AT_ONCE), at)
            self._calling.call(ledger, incident, call, role, alert.stream)

    def _supersede(self, ledger: Ledger, alert: Alert, before: OtherFiring) -> bool:
        """A series fires once at a time, so an earlier episode of it that is on record as firing is not any more.

        True when both are two views of one trouble. Otherwise nobody told us of its end, and nobody is told of it:
        it may never have ended (a Prometheus and an Alertmanager that were restarted know a later start only). Its
        incident makes room for a new one, which calls.
        """
        at = self._clock()
        ledger.end(before.episode, at, None)
        if before.incident is None:
            return False
        if same_trouble(before.episode.starts_at, alert.starts_at):
            return True
        ledger.note(before.incident, tell(Kind.ENDED_UNTOLD, what=_what(alert)), at)
        if not ledger.firing(before.incident):
            ledger.note(before.incident, tell(Kind.REPLACED), at)
            ledger.resolve(before.incident, at)
            ledger.withdraw(before.incident)
        return False

    def _end(self, ledger: Ledger, alert: Alert, incident: int | None) -> None:
        at = self._clock()
        ledger.end(alert.episode, at, alert.ends_at)
        if incident is not None:
            if alert.is_reported:
                ledger.note(incident, _said(alert, Kind.CLOSED, Kind.CLOSED_BY_SOMEBODY, "note", "note"), at)
            ledger.note(incident, tell(Kind.ENDED, what=_what(alert)), at)
            self._resolve_if_over(ledger, incident, alert.severity)

    def _resolve_if_over(self, ledger: Ledger, incident: int, severity: Severity) -> None:
        at = self._clock()
        if ledger.firing(incident):
            return
        over = tell(Kind.RESOLVED)
        ledger.note(incident, over, at)
        for heard in ledger.resolve(incident, at):
            call, due_at = Call("over", severity, "over"), self._calling.due(severity, at)
            self._calling.calls += ledger.call(incident, heard.person, call, over.text, at, heard.contact, due_at)


def _said(alert: Alert, named: Kind, unnamed: Kind, zh: str, en: str) -> TimelineRow:
    """What a person said, in their words."""
    by, said = alert.annotations.get("by") or None, (alert.annotations.get(each) or "—" for each in (zh, en))
    return tell(named if by else unnamed, person=by, what=Text(*map(clean, said)))


def _what(alert: Alert) -> str:
    category = alert.labels.get("category")
    return clean(f"{alert.name} ({category})" if category else alert.name)
