"""What a review is about: one session, a time, a week or a month; of one stream or of all. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from streamwatch.duty import Session
from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.report.review.turns import turn, whose
from streamwatch.report.window import Window, window

STEP = 60  # seconds
MOST_ROWS = 10_000  # one question to Prometheus takes no more; a longer time is looked at in longer steps
NEAR = timedelta(days=2)  # sessions that an error names


@dataclass(frozen=True)
class Scope:
    """Incidents of *span* belong to it, as far as they are its own. *sessions* are those on air in it, the first to
    begin first.
    """

    span: Window
    stream: str | None  # None: all
    sessions: tuple[Session, ...]
    session: str | None = None  # the one that was asked for
    weekly: bool = False
    monthly: bool = False
    beside: tuple[Session, ...] = ()  # other sessions of the stream of the one that was asked for

    def owns(self, opened_at: datetime) -> bool:
        """Whether what opened then is told here: of two sessions that follow closely by one alone."""
        if self.session is None or not self.beside:
            return True
        found = whose((*self.sessions, *self.beside), opened_at)
        return found is None or found.id == self.session


def of_session(sessions: Sequence[Session], identity: str, now: datetime, zone: tzinfo) -> Scope:
    """From an hour before its start to half an hour after its end, as its duty list counts; not beyond *now*.

    Where another session of the stream follows closely each moment is told of one of the two.
    """
    found = next((each for each in sessions if each.id == identity), None)
    if found is None:
        near = " ".join(each.id for each in sessions if abs(each.start - now) < NEAR) or "—"
        raise CommandFailed(
            Text(
                f"没有场次“{identity}”；最近的有：{near}。不在 duty.yml 或日历里的，用 --stream、--from、--to。",
                f"there is no session '{identity}'; near ones are: {near}. "
                "For one that left duty.yml or its calendar take --stream, --from and --to.",
            )
        )
    beside = tuple(each for each in sessions if each.stream == found.stream and each.id != identity)
    start, end = turn(found, beside)
    if start >= now:
        begins = f"{start.astimezone(zone):%Y-%m-%d %H:%M}"
        raise CommandFailed(
            Text(
                f"场次“{identity}”还没有开始（复盘从 {begins} 起算），没有可总结的；结束后再运行。",
                f"session '{identity}' lies ahead (it is told from {begins} on), there is nothing to tell yet; "
                "run this when it is over.",
            )
        )
    return Scope(_span(start, min(end, now), zone), found.stream, (found,), identity, beside=beside)


def of_time(
    sessions: Sequence[Session], stream: str | None, start: datetime, end: datetime, now: datetime, zone: tzinfo
) -> Scope:
    """Both ends are aware. Raises `CommandFailed` when there is no time between them, or it lies ahead."""
    if start >= now:
        begins = f"{start.astimezone(zone):%Y-%m-%d %H:%M}"
        raise CommandFailed(
            Text(
                f"--from {begins} 还没有到，没有可总结的；请写过去的时间。",
                f"--from {begins} lies ahead, there is nothing to tell yet; name a time that has been.",
            )
        )
    span = _span(start, min(end, now), zone)
    return Scope(span, stream, _on_air(sessions, stream, span))


def of_week(
    sessions: Sequence[Session], stream: str | None, day: date | None, now: datetime, zone: tzinfo
) -> Scope:
    """The week of *day*, Monday to Sunday by the clocks of *zone*; without one the last that is whole."""
    today = now.astimezone(zone).date()
    day = day or today - timedelta(weeks=1)
    monday = day - timedelta(days=day.weekday())
    start, end = (
        datetime.combine(each, time(), zone).astimezone(UTC) for each in (monday, monday + timedelta(weeks=1))
    )
    if start >= now:
        raise CommandFailed(
            Text(
                f"从 {monday} 开始的一周还没有到；请写过去的日期，或只写 --week（上一周）。",
                f"the week that begins {monday} lies ahead; name a day that has been, or write --week alone.",
            )
        )
    span = _span(start, min(end, now), zone)
    return Scope(span, stream, _on_air(sessions, stream, span), weekly=True)


def of_month(
    sessions: Sequence[Session], stream: str | None, day: date | None, now: datetime, zone: tzinfo
) -> Scope:
    """The month of *day* by the clocks of *zone*; without one the last that is whole."""
    first = (day or now.astimezone(zone).date().replace(day=1) - timedelta(days=1)).replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    start, end = (datetime.combine(each, time(), zone).astimezone(UTC) for each in (first, after))
    if start >= now:
        raise CommandFailed(
            Text(
                f"{first:%Y-%m} 还没有到；请写过去的月份，或只写 --month（上一月）。",
                f"{first:%Y-%m} lies ahead; name a month that has been, or write --month alone.",
            )
        )
    span = _span(start, min(end, now), zone)
    return Scope(span, stream, _on_air(sessions, stream, span), monthly=True)


def _span(start: datetime, end: datetime, zone: tzinfo) -> Window:
    seconds = (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds()
    step = max(1, -(-int(seconds) // (MOST_ROWS * STEP))) * STEP
    return window(start, end, step, zone)


def _on_air(sessions: Sequence[Session], stream: str | None, span: Window) -> tuple[Session, ...]:
    mine = (each for each in sessions if stream in (None, each.stream))
    found = [each for each in mine if each.air.start < span.end and each.air.end > span.start]
    return tuple(sorted(found, key=lambda each: each.air.start))
