"""Reads what a review is made of: the incidents from the receiver, the rest from Prometheus."""

from collections.abc import Iterable
from datetime import tzinfo

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.report.export import unknown_stream
from streamwatch.report.incidents import NOT_THE_API, Ask, read_incidents
from streamwatch.report.prometheus import Prometheus
from streamwatch.report.review.actions import Action, action
from streamwatch.report.review.handling import Handling, handling
from streamwatch.report.review.measured import ASKED, BY_THE_MINUTE, Measured
from streamwatch.report.review.review import Record
from streamwatch.report.review.scope import Scope
from streamwatch.report.review.trend import LAST, Point, last, point
from streamwatch.report.review.words import NO_PROMETHEUS
from streamwatch.report.series import Series
from streamwatch.report.table import Column, columns
from streamwatch.report.ticks import Ticks
from streamwatch.report.window import Window

MOST = 1000  # action items, and reviews, that the API lists at once


def read_record(ask: Ask, prometheus: Prometheus | None, scope: Scope, zone: tzinfo, steps: Ticks) -> Record:
    """Without Prometheus a review has its incidents all the same, and says what is not known.

    Raises `CommandFailed` when the receiver does not answer.
    """
    steps.expect(3)
    opened = _handlings(ask, scope, steps)
    handlings = tuple(each for each in opened if scope.owns(each.opened_at))
    carried = tuple(each for each in opened if not scope.owns(each.opened_at))
    actions, before = _actions(ask, scope, steps), _before(ask, scope, steps)
    if prometheus is None:
        return Record(scope, handlings, {}, NO_PROMETHEUS, actions, before, carried)
    measured: dict[str, Measured] = {}
    try:
        known = prometheus.streams(scope.span)
        asked = known if scope.stream is None else [scope.stream]
        series = ASKED + BY_THE_MINUTE if scope.session else ASKED
        steps.expect(len(asked) * len(series) * len(list(scope.span.queries())))
        for stream in asked:
            measured[stream] = _measured(prometheus, stream, series, scope.span, steps)
    except CommandFailed as error:
        return Record(scope, handlings, {}, Text(*error.words), actions, before, carried)
    if scope.stream and not (handlings or scope.sessions or measured[scope.stream].seen):
        raise CommandFailed(unknown_stream(scope.stream, scope.span, zone, known))
    return Record(scope, handlings, measured, None, actions, before, carried)


def _handlings(ask: Ask, scope: Scope, steps: Ticks) -> tuple[Handling, ...]:
    incidents = read_incidents(ask, scope.stream, scope.span, steps)
    try:
        return tuple(map(handling, incidents))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CommandFailed(NOT_THE_API) from error


def _actions(ask: Ask, scope: Scope, steps: Ticks) -> tuple[Action, ...]:
    mine = {} if scope.stream is None else {"stream": scope.stream}
    told = ask("/actions", {"limit": MOST, **mine})
    steps.done()
    try:
        return tuple(map(action, told["actions"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CommandFailed(NOT_THE_API) from error


def _before(ask: Ask, scope: Scope, steps: Ticks) -> tuple[Point, ...]:
    """The last sessions of the stream that ended before the one that is told."""
    if scope.session is None or scope.stream is None:
        return ()
    ended = scope.sessions[0].air.end
    points = read_points(ask, scope.stream, steps)
    return tuple(last((each for each in points if each.ended_at < ended and each.session != scope.session), LAST))


def read_points(ask: Ask, stream: str | None, steps: Ticks) -> list[Point]:
    """All sessions whose review is written, as far as the receiver lists them."""
    told = ask("/reviews", {"limit": MOST} | ({} if stream is None else {"stream": stream}))
    steps.done()
    try:
        return list(map(point, told["reviews"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CommandFailed(NOT_THE_API) from error


def _measured(prometheus: Prometheus, stream: str, asked: Iterable[Series], span: Window, steps: Ticks) -> Measured:
    found: list[Column] = []
    for series in asked:
        tracks = prometheus.range(series.promql(stream, span.step), span, steps.done)
        found += columns(series, tracks, stream, span)
    return Measured(tuple(found))
