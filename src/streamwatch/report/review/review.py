"""The review as one value: its parts, put together from what was read. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from streamwatch.language import Text
from streamwatch.report.review.actions import Action, belonging
from streamwatch.report.review.counting import Class, classes
from streamwatch.report.review.efficiency import Efficiency, efficiency
from streamwatch.report.review.feedback import Feedback, feedback
from streamwatch.report.review.handling import During, Handling, during
from streamwatch.report.review.measured import Measured
from streamwatch.report.review.minutes import Minutes, minutes
from streamwatch.report.review.numbers import numbers
from streamwatch.report.review.result import Result, result, rows_of_drills, rows_on_air
from streamwatch.report.review.sales import Sales, sales
from streamwatch.report.review.scope import Scope
from streamwatch.report.review.suggestions import Suggestion, TimeBoxes, suggestions
from streamwatch.report.review.trend import Point, Trend, flat, trend

# A drill that needs more than a running stream plays on one of its own, which is named so.
OF_DRILLS = "drill-"

_Room = tuple[str, list[Handling], Measured]

StepTitle = Callable[[str, str], Text]  # of a procedure and an anchor


@dataclass(frozen=True)
class Record:
    """What was read. *measured* is by stream; *doubt* says why nothing is known from Prometheus, if so."""

    scope: Scope
    handlings: tuple[Handling, ...]  # the oldest first
    measured: Mapping[str, Measured]
    doubt: Text | None = None
    actions: tuple[Action, ...] = ()
    before: tuple[Point, ...] = ()  # sessions of the stream that ended before, the first first
    carried: tuple[Handling, ...] = ()  # of another session of the stream, and open still in this one's time


@dataclass(frozen=True)
class Review:
    """Drills stand apart everywhere."""

    scope: Scope
    zone: tzinfo
    results: tuple[Result, ...]
    classes: tuple[Class, ...]
    handlings: tuple[Handling, ...]
    feedback: tuple[Feedback, ...]
    sales: tuple[Sales, ...]  # of the streams whose shop was heard
    suggestions: tuple[Suggestion, ...]
    drills: tuple[Handling, ...]
    drill_classes: tuple[Class, ...]
    doubt: Text | None
    during: Mapping[str, During] = field(default_factory=dict)  # by the number of the incident
    minutes: Minutes | None = None  # of one session
    actions: tuple[Action, ...] = ()
    comparison: Trend | None = None  # the same
    efficiency: Efficiency | None = None  # of a week or a month


def compose(record: Record, boxes: TimeBoxes, zone: tzinfo) -> Review:
    drills = tuple(each for each in record.handlings if each.drill)
    real = tuple(each for each in record.handlings if not each.drill)
    carried = [each for each in record.carried if not each.drill]
    played = [each for each in (*record.handlings, *record.carried) if each.drill]
    rooms = [(stream, _of(stream, real), record.measured.get(stream, Measured())) for stream in streams(record)]
    scope = record.scope
    review = Review(
        scope,
        zone,
        tuple(
            result(stream, scope.sessions, mine, measured, scope.span, _of(stream, carried), _of(stream, played))
            for stream, mine, measured in rooms
        ),
        classes(real),
        real,
        tuple(
            feedback(stream, mine, measured, rows_on_air(stream, scope.sessions, scope.span))
            for stream, mine, measured in rooms
            if stream
        ),
        tuple(
            sold
            for stream, _, measured in rooms
            if (sold := sales(stream, measured, rows_on_air(stream, scope.sessions, scope.span), scope.span.step))
        ),
        suggestions(real, boxes),
        drills,
        classes(drills),
        record.doubt,
        {each.number: found for each in record.handlings if (found := during(each, scope.sessions))},
        _minutes(scope, rooms[0], carried, played) if scope.session else None,
        belonging(record.actions, scope),
        efficiency=efficiency(real, scope.span, zone) if scope.weekly or scope.monthly else None,
    )
    return replace(review, comparison=_comparison(review, record.before)) if scope.session else review


def _comparison(review: Review, before: Sequence[Point]) -> Trend:
    """Of what is known of a session by itself; its drills and action items are not."""
    session = review.scope.sessions[0]
    told = flat(numbers(review.results[0], review.feedback[0], review.handlings))
    return trend([*before, Point(session.id, session.air.end, told)], told)


def _minutes(scope: Scope, room: _Room, carried: Sequence[Handling], played: Sequence[Handling]) -> Minutes:
    stream, mine, measured = room
    real = [*mine, *_of(stream, carried)]
    drilled = rows_of_drills(_of(stream, played), real, scope.span)
    return minutes(real, measured, rows_on_air(stream, scope.sessions, scope.span), scope.span, drilled)


def streams(record: Record) -> list[str]:
    """The one that was asked for; else all that had a session, an incident or a measurement. "" is no stream."""
    if record.scope.stream is not None:
        return [record.scope.stream]
    named = {session.stream for session in record.scope.sessions}
    named |= {each.stream for each in record.handlings if not each.drill}
    seen = {stream for stream, measured in record.measured.items() if measured.seen}
    return sorted(named | {stream for stream in seen if not stream.startswith(OF_DRILLS)})


def _of(stream: str, handlings: Sequence[Handling]) -> list[Handling]:
    return [each for each in handlings if each.stream == stream]
