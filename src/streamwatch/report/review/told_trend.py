"""Figures over sessions, in words: as a table of its own, and as a section of one session's review. Pure."""

from collections.abc import Iterator

from streamwatch.language import Text
from streamwatch.report.review import words
from streamwatch.report.review.reader import Reader, inert
from streamwatch.report.review.trend import Figure, Line, Trend


def told_trend(stream: str, trend: Trend, reader: Reader) -> Iterator[str]:
    """A column for each session, the last to end last, then whether that one was better."""
    yield f"# {reader.say(words.TREND, stream=reader.stream(stream))}"
    if not trend.points:
        yield reader.say(words.NO_TREND)
        return
    ended = (f"{inert(each.session)} {reader.day(each.ended_at)}" for each in trend.points)
    heads = [words.FIGURE, *(Text(each, each) for each in ended), words.DIRECTION]
    yield reader.table(heads, [_row(line, reader) for line in trend.lines])
    yield reader.say(words.DIRECTION_MEANS)


def told_comparison(trend: Trend, reader: Reader) -> Iterator[str]:
    """This session beside what was usual before it."""
    before = len(trend.points) - 1
    if before < 1:
        yield reader.say(words.NOTHING_BEFORE)
        return
    heads = (words.FIGURE, words.THIS_TIME, words.USUAL.format(count=before), words.DIRECTION)
    rows = ([*_short(line, reader), _direction(line, reader)] for line in trend.lines)
    yield reader.table(heads, rows)
    yield reader.say(words.DIRECTION_MEANS)


def _row(line: Line, reader: Reader) -> list[str]:
    values = [_value(line.figure, value, reader) for value in line.values]
    return [reader.say(line.figure.name), *values, _direction(line, reader)]


def _short(line: Line, reader: Reader) -> list[str]:
    pair = (_value(line.figure, value, reader) for value in (line.values[-1], line.usual))
    return [reader.say(line.figure.name), *pair]


def _value(figure: Figure, value: float | None, reader: Reader) -> str:
    if value is None:
        return reader.say(words.UNKNOWN)
    return reader.lasting(value) if figure.unit == "seconds" else reader.count(value)


def _direction(line: Line, reader: Reader) -> str:
    return "—" if line.direction is None else reader.say(words.DIRECTIONS[line.direction])
