"""One incident as a review reads it: who was called, how soon, what people wrote, and which pages failed. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from streamwatch.duty import NOBODY_HOLDS, Session, segment_at
from streamwatch.incidents.timeline import Kind
from streamwatch.language import Text
from streamwatch.message import CALLS
from streamwatch.report.incidents import Incident

T = TypeVar("T")

TAKES = (Kind.ACKNOWLEDGED, Kind.TAKEN_OVER)
# What people wrote, or did with their words; all else in a timeline StreamWatch wrote itself.
WORDS = (
    Kind.NOTED,
    Kind.REPORTED,
    Kind.REPORTED_BY_SOMEBODY,
    Kind.CLOSED,
    Kind.CLOSED_BY_SOMEBODY,
    Kind.CUT,
    Kind.AUTHORITY_TOLD,
    Kind.REOPENED,
    Kind.SILENCED,
)
FAILURES = (Kind.TRY_FAILED, Kind.UNKNOWN)
SOONER_THAN_PEOPLE = timedelta(seconds=5)  # after its page: so soon a drill has taken it for whom it called
CALLS_AGAIN = (Kind.ESCALATED, Kind.REMINDED, Kind.LAPSED)

_EVERYONE = NOBODY_HOLDS.en.rpartition("}")[2]  # how the reason of such a call ends, whatever the role


NOT_SENT = ("observed", "cancelled")  # pages that were decided and did not go out


class Note(NamedTuple):
    at: datetime
    text: Text


class Rating(NamedTuple):
    """What somebody who was called said of the page."""

    useful: bool
    why: str


class Episode(NamedTuple):
    """One alert from its start to its end, None while it fires."""

    alertname: str
    fingerprint: str
    severity: str
    start: datetime
    end: datetime | None


class Detour(NamedTuple):
    """A page to *person* that one channel did not take, and another delivered."""

    person: str
    failed: str
    delivered: str


@dataclass(frozen=True)
class Handling:
    """*people* had it, in order; without any, nobody took it. Times are aware; None: it did not happen."""

    number: str
    stream: str
    procedure: str
    hop: str
    severity: str
    summary: Text
    step: str  # anchor in the runbook of its procedure
    drill: bool
    opened_at: datetime
    paged_at: datetime | None
    taken_at: datetime | None
    answered: float | None  # seconds from the call that made it as urgent as it is to the next ack
    over_at: datetime | None
    people: tuple[str, ...]
    notes: tuple[Note, ...]
    episodes: tuple[Episode, ...]
    failed_tries: int
    detours: tuple[Detour, ...]
    undelivered: tuple[str, ...]  # people whom a page never reached
    repeated: tuple[str, ...]  # people who may have had a page twice
    called_again: int
    observed: bool  # nobody was called on purpose: it was recorded whom it would have called
    unattended: bool  # nobody held the role that it went to
    alertname: str
    ratings: tuple[Rating, ...]
    is_false: bool  # somebody called it a false alarm
    complaints: Mapping[str, Mapping[str, Any]]  # by category: users, samples; as evidence keeps them
    false_alarm: bool = False  # somebody said so
    pages: int = 0  # that called somebody
    rang_at: tuple[datetime, ...] = ()  # when each of them arrived
    heard: int = 1  # how often its alerts were told
    taken_by_itself: bool = False  # a drill took it for the person whom it called, who did nothing

    def seconds_to(self, at: datetime | None) -> float | None:
        """From its opening to *at*."""
        return None if at is None else (at - self.opened_at).total_seconds()


class During(NamedTuple):
    """The segment of a rundown in which something began."""

    session: str
    number: int
    what: str


def during(each: Handling, sessions: Iterable[Session]) -> During | None:
    """None where no session of its stream has a rundown, or nothing of it was on."""
    for session in sessions:
        if session.stream == each.stream and (
            found := segment_at(session.rundown, session.air.end, each.opened_at)
        ):
            return During(session.id, found[0], found[1].what)
    return None


def handling(incident: Incident) -> Handling:
    """*incident* is the API's. Raises `KeyError`, `TypeError` or `ValueError` when it is none."""
    names, rows, pages = _names(incident), incident["timeline"], incident["pages"]
    calls = [page for page in pages if page["kind"] in CALLS]
    takes = [row for row in rows if row["kind"] in TAKES]
    return Handling(
        number=str(incident["id"]),
        stream=incident["stream"],
        procedure=incident["procedure"],
        hop=incident["hop"],
        severity=incident["severity"],
        summary=Text(incident["summary_zh"], incident["summary_en"]),
        step=incident["runbook_step"],
        drill=bool(incident["drill"]),
        opened_at=_time(incident["opened_at"]),
        paged_at=min((_time(page["delivered_at"]) for page in calls if page["delivered_at"]), default=None),
        taken_at=min((_time(row["at"]) for row in takes), default=None),
        answered=_answered(incident, takes),
        over_at=_time(incident["resolved_at"]) if incident["resolved_at"] else None,
        people=_each_once(names.get(row["person"], row["person"]) for row in takes if row["person"]),
        notes=tuple(
            Note(_time(row["at"]), Text(row["text_zh"], row["text_en"])) for row in rows if row["kind"] in WORDS
        ),
        episodes=tuple(map(_episode, incident["alerts"])),
        failed_tries=sum(row["kind"] in FAILURES for row in rows),
        detours=_each_once(detour for page in calls for detour in _detours(page, rows)),
        undelivered=_each_once(page["person_name"] for page in calls if page["state"] == "dead"),
        repeated=_each_once(page["person_name"] for page in pages if page["maybe_repeated"]),
        called_again=sum(row["kind"] in CALLS_AGAIN for row in rows),
        observed=any(page["state"] == "observed" for page in calls)
        and all(page["state"] in NOT_SENT for page in calls),
        unattended=any(map(_is_unattended, rows)),
        alertname=incident["alertname"],
        ratings=tuple(Rating(bool(each["useful"]), each["why"]) for each in incident.get("ratings", ())),
        is_false=bool(incident.get("false_alarm_at")),
        complaints=incident["evidence"] or {},
        false_alarm=bool(incident.get("false_alarm_at")),
        pages=sum(page["state"] not in NOT_SENT for page in calls),
        rang_at=tuple(_time(page["delivered_at"]) for page in calls if page["delivered_at"]),
        heard=max(1, sum(int(alert["seen"]) for alert in incident["alerts"])),
        taken_by_itself=bool(incident["drill"]) and _is_sooner_than_people(calls, takes),
    )


def _names(incident: Incident) -> dict[str, str]:
    """Of people, by their ids, as far as the incident tells them."""
    named = {page["person"]: page["person_name"] for page in incident["pages"]}
    return named | {incident["acknowledged_by"]: incident["acknowledged_by_name"]}


def _answered(incident: Incident, takes: Iterable[Mapping[str, Any]]) -> float | None:
    raised = [_time(row["at"]) for row in incident["timeline"] if row["kind"] == Kind.RAISED]
    called = max(raised, default=_time(incident["opened_at"]))
    return min(((at - called).total_seconds() for row in takes if (at := _time(row["at"])) >= called), default=None)


def _is_sooner_than_people(calls: Iterable[Mapping[str, Any]], takes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the first ack, over no channel, came before anybody can have read the page."""
    first = next(iter(takes), None)
    told = min((_time(page["delivered_at"]) for page in calls if page["delivered_at"]), default=None)
    if first is None or told is None or first["channel"]:
        return False
    return _time(first["at"]) - told < SOONER_THAN_PEOPLE


def _episode(alert: Mapping[str, Any]) -> Episode:
    end = _time(alert["ends_at"]) if alert["ends_at"] and alert["status"] != "firing" else None
    return Episode(alert["alertname"], alert["fingerprint"], alert["severity"], _time(alert["starts_at"]), end)


def _detours(page: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Iterable[Detour]:
    """The tries of the same person between the making of *page* and its delivery, over another channel."""
    if not page["delivered_at"]:
        return
    first, last = _time(page["created_at"]), _time(page["delivered_at"])
    for row in rows:
        mine = row["kind"] in FAILURES and row["person"] == page["person"] and row["channel"] != page["channel"]
        if mine and first <= _time(row["at"]) <= last:
            yield Detour(page["person_name"], row["channel"], page["channel"])


def _is_unattended(row: Mapping[str, Any]) -> bool:
    called = row["kind"] == Kind.CALLED and str(row["text_en"]).endswith(_EVERYONE)
    return called or row["kind"] == Kind.NOBODY


def _each_once(found: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(found))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
