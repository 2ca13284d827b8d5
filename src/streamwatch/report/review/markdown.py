"""A review in Markdown, for a person who reads it in the morning: its sections, drills after them. Pure."""

from collections.abc import Iterable, Iterator

from streamwatch.language import Language, Text
from streamwatch.report.review import words
from streamwatch.report.review.reader import Reader, inert
from streamwatch.report.review.review import Review, StepTitle
from streamwatch.report.review.told_actions import told_actions
from streamwatch.report.review.told_efficiency import told_efficiency
from streamwatch.report.review.told_feedback import told_feedback, told_suggestions
from streamwatch.report.review.told_handling import told_handlings
from streamwatch.report.review.told_minutes import told_minutes
from streamwatch.report.review.told_result import told_classes, told_result
from streamwatch.report.review.told_sales import told_sales
from streamwatch.report.review.told_trend import told_comparison


def markdown(review: Review, language: Language, step: StepTitle) -> str:
    """*step* gives the title of a runbook's section. Times are written in the review's zone."""
    return "\n\n".join(_blocks(review, Reader(language, review.zone), step)) + "\n"


def _blocks(review: Review, reader: Reader, step: StepTitle) -> Iterator[str]:
    def section(name: Text, blocks: Iterable[str]) -> Iterator[str]:
        yield f"## {reader.say(name)}"
        yield from blocks

    yield from _title(review, reader)
    yield from section(words.RESULT, told_result(review, reader))
    if review.minutes is not None:
        yield from section(words.MINUTES, told_minutes(review.minutes, reader))
    yield from section(words.CLASSES, [told_classes(review.classes, reader)])
    yield from section(words.HANDLING, told_handlings(review.handlings, reader, step, review.during))
    if review.efficiency is not None:
        yield from section(words.EFFICIENCY, told_efficiency(review.efficiency, reader))
    yield from section(words.FEEDBACK, told_feedback(review.feedback, reader))
    if review.sales:
        yield from section(words.SALES, told_sales(review.sales, reader))
    yield from section(words.SUGGESTIONS, [told_suggestions(review.suggestions, reader)])
    if review.comparison is not None:
        yield from section(words.COMPARED, told_comparison(review.comparison, reader))
    yield from section(words.ACTIONS, [told_actions(review.actions, reader)])
    if review.drills:
        drills = [
            told_classes(review.drill_classes, reader),
            *told_handlings(review.drills, reader, step, review.during),
        ]
        yield from section(words.DRILLS, drills)


def _title(review: Review, reader: Reader) -> Iterator[str]:
    scope = review.scope
    kind = words.SESSION_REVIEW if scope.session else words.REVIEW
    kind = words.WEEK if scope.weekly else words.MONTH if scope.monthly else kind
    where = reader.say(words.ALL_STREAMS) if scope.stream is None else reader.stream(scope.stream)
    yield f"# {reader.say(kind, id=inert(scope.session or ''))} · {where}"
    yield f"{reader.day(scope.span.start)} – {reader.day(scope.span.end)} ({review.zone})"
    if scope.session:
        yield reader.say(words.AROUND)
