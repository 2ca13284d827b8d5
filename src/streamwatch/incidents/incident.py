"""How episodes fold into incidents. Pure: what is known goes in, what to do comes out.

An incident is what people handle: all episodes of one stream and one procedure, until the last of them is over.
"""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Literal

from streamwatch.alert import SEVERITIES, Alert, Severity, worse

State = Literal["open", "acknowledged", "resolved", "merged"]
LIVE: tuple[State, ...] = ("open", "acknowledged")

# Alertmanager sends one flush for at most ten seconds after it composed it, and a peer may lag behind by some
# more. A "firing" that comes this soon after the end of its own episode is old news; one that comes later is an
# alert which Alertmanager had given up for lack of news (Prometheus gone for minutes) and which is still true.
LATE_NEWS = timedelta(seconds=60)


class Move(StrEnum):
    """What one alert of one webhook means for its episode."""

    HEARTBEAT = "heartbeat"  # the Watchdog
    SILENCE = "silence"  # the Watchdog is told to be over: Prometheus no longer says anything
    STALE = "stale"  # an older view of a series that has begun anew since
    BEGIN = "begin"
    DUPLICATE = "duplicate"  # told before: another Alertmanager, a retry, a repeat
    END = "end"
    UNHEARD = "unheard"  # over before it was ever heard of: nobody is called
    AGAIN = "again"  # the same episode is true again, long after its end


@dataclass(frozen=True)
class Known:
    """What is on record about an episode."""

    status: Literal["firing", "resolved"]
    changed_at: datetime  # when we learnt that status
    incident: int | None = None  # the one it belongs to


def move(alert: Alert, known: Known | None, at: datetime) -> Move:
    """What *alert*, heard at *at*, means, given what is known of its episode."""
    if alert.is_heartbeat:
        return Move.HEARTBEAT if alert.status == "firing" else Move.SILENCE
    if known is None:
        return Move.BEGIN if alert.status == "firing" else Move.UNHEARD
    if known.status == alert.status:
        return Move.DUPLICATE
    if alert.status == "resolved":
        return Move.END
    return Move.AGAIN if at - known.changed_at > LATE_NEWS else Move.DUPLICATE


# Two Prometheus that judge the same see it begin some seconds apart; Alertmanager may tell either start.
SAME_TROUBLE = timedelta(seconds=60)


def same_trouble(one: datetime, other: datetime) -> bool:
    """Whether two starts of one series are two views of one trouble, and not one after the other."""
    return abs(one - other) <= SAME_TROUBLE


def is_stale(alert: Alert, others: Iterable[datetime]) -> bool:
    """Whether its series has begun anew since: an Alertmanager that lags still tells the older start.

    *others* are the starts of the other episodes of the series that are on record as firing.
    """
    return any(other > alert.starts_at and not same_trouble(other, alert.starts_at) for other in others)


class Effect(StrEnum):
    """What an episode that begins does to the incident of its stream and procedure."""

    OPEN = "open"  # there was none: the person on duty is called
    JOIN = "join"  # one more symptom: evidence, no new page
    RAISE = "raise"  # more urgent than all before: called again, an ack does not hold
    WIDEN = "widen"  # as urgent, and the work of people who were not called: they are, and no ack holds for them


# Two people press the same button, or one presses twice: one trouble. Somebody may forget to end it, and the same
# reported later is a new one: whoever took the first hears of it again.
SAME_REPORT = timedelta(minutes=10)


def effect(
    firing: Collection[Severity],
    alert: Alert,
    *,
    is_open: bool,
    reported_at: datetime | None = None,
    is_heard: Callable[[], bool] = lambda: True,
) -> Effect:
    """*firing* are the severities of what fires in the open incident at this moment.

    What fired an hour ago does not count: a second P0 calls again, though a milder symptom held the incident open.
    *reported_at* is when a person last reported the same, and said no end of it since. *is_heard* tells whether one
    of those whose work it is was called for the incident; it is asked only where that matters.
    """
    if not is_open:
        return Effect.OPEN
    if alert.is_reported and reported_at is not None and alert.starts_at - reported_at > SAME_REPORT:
        return Effect.RAISE
    if all(worse(alert.severity, each) for each in firing):
        return Effect.RAISE
    urgent = alert.severity in ("P0", "P1") and not any(worse(each, alert.severity) for each in firing)
    return Effect.WIDEN if urgent and not is_heard() else Effect.JOIN


def fold_key(alert: Alert) -> str:
    """Episodes with the same key belong to one open incident. A digest: labels may be long, and hold anything.

    What people report is not one trouble for being of one kind: fire must call though a power cut is open.
    """
    parts = [alert.stream, alert.procedure, *([alert.matter] if alert.matter else [])]
    return sha256(json.dumps(parts).encode()).hexdigest()


# -- what people do with incidents


@dataclass(frozen=True)
class Stand:
    """How an incident stands, as far as a merge or a split has to know."""

    id: int
    state: State
    severity: Severity
    drill: bool
    called_at: datetime
    alertname: str
    acknowledged_by: str | None = None


class Unfit(StrEnum):
    """Why a merge, a split or a reopening is no legal move."""

    SAME = "same"  # with itself
    OVER = "over"  # one of them has ended, or is part of another
    DRILL = "drill"  # a drill and the real thing: what is timed must stay apart
    NOT_FIRING = "not_firing"  # an alert that is named does not fire in it
    NOTHING = "nothing"  # no alert is named
    ALL = "all"  # nothing would stay
    OPEN = "open"  # it has not ended
    PART = "part"  # it is part of another
    LONG_AGO = "long_ago"  # the same today is a new trouble
    ANOTHER = "another"  # one of its stream and procedure is open


@dataclass(frozen=True)
class Refused:
    """Nothing was changed. *incident* is the one that is at fault."""

    why: Unfit | Literal["missing"]
    incident: int


@dataclass(frozen=True)
class Merged:
    """What becomes of two incidents that are one from now on. Each field names one of the two."""

    headline: int  # the more urgent one says what it is called, how urgent it is, and whose it is
    clock: int  # its calls so far count for the escalation
    ack: int | None  # whose ack holds; None: it is open


def may_merge(one: Stand, other: Stand) -> Unfit | None:
    if one.id == other.id:
        return Unfit.SAME
    if one.state not in LIVE or other.state not in LIVE:
        return Unfit.OVER
    return Unfit.DRILL if one.drill != other.drill else None


def merge(into: Stand, other: Stand, by: str) -> Merged:
    """Nobody is called for a merge itself; what calls goes on calling.

    An ack holds for what joins it when that is milder than P0 and no more urgent than what was taken, as with any
    alert that joins. Else the two are open, unless whoever has the one says so: then they take both.
    """
    first, second = (other, into) if worse(other.severity, into.severity) else (into, other)
    taken = [each for each in (first, second) if each.state == "acknowledged"]
    waiting = [each for each in (first, second) if each.state == "open"]
    if not waiting:
        return Merged(first.id, first.id, first.id)
    if taken and (taken[0].acknowledged_by == by or _covers(taken[0], waiting[0])):
        return Merged(first.id, taken[0].id, taken[0].id)
    if len(waiting) == 2 and first.severity == second.severity:
        return Merged(first.id, min(waiting, key=lambda each: each.called_at).id, None)
    return Merged(first.id, waiting[0].id, None)


def _covers(taken: Stand, waiting: Stand) -> bool:
    return waiting.severity != "P0" and not worse(waiting.severity, taken.severity)


def may_split(incident: Stand, firing: Collection[str], chosen: Collection[str]) -> Unfit | None:
    """*firing* are the fingerprints of what fires in it, *chosen* those that become an incident of their own."""
    if incident.state not in LIVE:
        return Unfit.OVER
    if not chosen:
        return Unfit.NOTHING
    if not set(chosen) <= set(firing):
        return Unfit.NOT_FIRING
    return Unfit.ALL if set(chosen) == set(firing) else None


# Whoever reads of it next morning opens a new one: numbers, times and calls of the old one say what was then.
REOPENED_WITHIN = timedelta(hours=12)


def may_reopen(state: State, ended_at: datetime | None, at: datetime) -> Unfit | None:
    """Nothing against it, as long as alerts of its kind have no other open incident."""
    if state == "merged":
        return Unfit.PART
    if state in LIVE:
        return Unfit.OPEN
    return Unfit.LONG_AGO if ended_at is None or at - ended_at > REOPENED_WITHIN else None


def most_urgent(alerts: Collection[Alert]) -> Alert:
    """The first of them among equals."""
    return min(alerts, key=lambda each: SEVERITIES.index(each.severity))
