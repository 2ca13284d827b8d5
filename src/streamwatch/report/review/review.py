"""The review as one value: its five parts, put together from what was read. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from streamwatch.language import Text
from streamwatch.report.review.counting import Class, classes
from streamwatch.report.review.feedback import Feedback, feedback
from streamwatch.report.review.handling import During, Handling, during
from streamwatch.report.review.measured import Measured
from streamwatch.report.review.result import Result, result, rows_on_air
from streamwatch.report.review.scope import Scope
from streamwatch.report.review.suggestions import Suggestion, TimeBoxes, suggestions

# A drill that needs more than a running stream plays on one of its own, which is named so.
OF_DRILLS = "drill-"

StepTitle = Callable[[str, str], Text]  # of a procedure and an anchor


@dataclass(frozen=True)
class Record:
    """What was read. *measured* is by stream; *doubt* says why nothing is known from Prometheus, if so."""

    scope: Scope
    handlings: tuple[Handling, ...]  # the oldest first
    measured: Mapping[str, Measured]
    doubt: Text | None = None


@dataclass(frozen=True)
class Review:
    """Drills stand apart everywhere."""

    scope: Scope
    zone: tzinfo
    results: tuple[Result, ...]
    classes: tuple[Class, ...]
    handlings: tuple[Handling, ...]
    feedback: tuple[Feedback, ...]
    suggestions: tuple[Suggestion, ...]
    drills: tuple[Handling, ...]
    drill_classes: tuple[Class, ...]
    doubt: Text | None
    during: Mapping[str, During] = field(default_factory=dict)  # by the number of the incident


def compose(record: Record, boxes: TimeBoxes, zone: tzinfo) -> Review:
    drills = tuple(each for each in record.handlings if each.drill)
    real = tuple(each for each in record.handlings if not each.drill)
    rooms = [(stream, _of(stream, real), record.measured.get(stream, Measured())) for stream in streams(record)]
    scope = record.scope
    return Review(
        scope,
        zone,
        tuple(result(stream, scope.sessions, mine, measured, scope.span) for stream, mine, measured in rooms),
        classes(real),
        real,
        tuple(
            feedback(stream, mine, measured, rows_on_air(stream, scope.sessions, scope.span))
            for stream, mine, measured in rooms
            if stream
        ),
        suggestions(real, boxes),
        drills,
        classes(drills),
        record.doubt,
        {each.number: found for each in record.handlings if (found := during(each, scope.sessions))},
    )


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
