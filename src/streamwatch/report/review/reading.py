"""Reads what a review is made of: the incidents from the receiver, the rest from Prometheus."""

from datetime import tzinfo

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.report.export import unknown_stream
from streamwatch.report.incidents import NOT_THE_API, Ask, read_incidents
from streamwatch.report.progress import Steps
from streamwatch.report.prometheus import Prometheus
from streamwatch.report.review.handling import Handling, handling
from streamwatch.report.review.measured import ASKED, Measured
from streamwatch.report.review.review import Record
from streamwatch.report.review.scope import Scope
from streamwatch.report.review.words import NO_PROMETHEUS
from streamwatch.report.table import Column, columns
from streamwatch.report.window import Window


def read_record(ask: Ask, prometheus: Prometheus | None, scope: Scope, zone: tzinfo, steps: Steps) -> Record:
    """Without Prometheus a review has its incidents all the same, and says what is not known.

    Raises `CommandFailed` when the receiver does not answer.
    """
    steps.expect(1)
    handlings = _handlings(ask, scope, steps)
    if prometheus is None:
        return Record(scope, handlings, {}, NO_PROMETHEUS)
    measured: dict[str, Measured] = {}
    try:
        known = prometheus.streams(scope.span)
        asked = known if scope.stream is None else [scope.stream]
        steps.expect(len(asked) * len(ASKED) * len(list(scope.span.queries())))
        for stream in asked:
            measured[stream] = _measured(prometheus, stream, scope.span, steps)
    except CommandFailed as error:
        return Record(scope, handlings, {}, Text(*error.words))
    if scope.stream and not (handlings or scope.sessions or measured[scope.stream].seen):
        raise CommandFailed(unknown_stream(scope.stream, scope.span, zone, known))
    return Record(scope, handlings, measured)


def _handlings(ask: Ask, scope: Scope, steps: Steps) -> tuple[Handling, ...]:
    incidents = read_incidents(ask, scope.stream, scope.span, steps)
    try:
        return tuple(map(handling, incidents))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CommandFailed(NOT_THE_API) from error


def _measured(prometheus: Prometheus, stream: str, span: Window, steps: Steps) -> Measured:
    found: list[Column] = []
    for series in ASKED:
        tracks = prometheus.range(series.promql(stream, span.step), span, steps.done)
        found += columns(series, tracks, stream, span)
    return Measured(tuple(found))
