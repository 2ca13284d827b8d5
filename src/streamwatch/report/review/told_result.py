"""The sections on the result and on the classes of problems, in words. Pure."""

from collections.abc import Iterator, Sequence

from streamwatch.duty import Session
from streamwatch.report.review import words
from streamwatch.report.review.counting import Class
from streamwatch.report.review.reader import Reader, bullets, inert, is_partly
from streamwatch.report.review.result import Result
from streamwatch.report.review.review import Review
from streamwatch.report.review.told_rundown import told_rundowns
from streamwatch.vocabulary import HOPS, PROCEDURES


def told_result(review: Review, reader: Reader) -> Iterator[str]:
    if review.results:
        yield reader.table(words.RESULT_HEADS, [_row(result, reader) for result in review.results])
    lines = [line for result in review.results for line in _on_air(result, reader)]
    yield bullets([*lines, *_remarks(review, reader)])
    yield from told_rundowns(review, reader)


def told_classes(classes: Sequence[Class], reader: Reader) -> str:
    if not classes:
        return reader.say(words.NO_INCIDENT)
    return reader.table(words.CLASS_HEADS, [_counts(each, reader) for each in classes])


def _row(result: Result, reader: Reader) -> list[str]:
    gone = result.not_publishing
    return [
        reader.stream(result.stream),
        reader.lasting(result.interrupted),
        reader.say(words.UNKNOWN) if gone is None else reader.lasting(gone),
        *map(str, result.incidents.values()),
        reader.count(result.peak),
        reader.count(result.average),
    ]


def _counts(each: Class, reader: Reader) -> list[str]:
    named = [reader.word(PROCEDURES, each.procedure), reader.word(HOPS, each.hop)]
    return [*named, *map(str, each.counts.values()), str(each.total)]


def _on_air(result: Result, reader: Reader) -> Iterator[str]:
    for session in result.sessions:
        yield _session(session, reader)
    if result.stream and not result.sessions:
        yield reader.say(words.NO_SESSION, stream=reader.stream(result.stream))
    if is_partly(result.known):
        yield reader.say(
            words.VIEWERS_PARTLY, stream=reader.stream(result.stream), share=reader.share(result.known)
        )
    if is_partly(result.publishing_known):
        share = reader.share(result.publishing_known)
        yield reader.say(words.PUBLISHING_PARTLY, stream=reader.stream(result.stream), share=share)


def _session(session: Session, reader: Reader) -> str:
    title = f" {inert(session.title)}" if session.title else ""
    plan = reader.say(words.PLANNED, start=reader.day(session.start), end=reader.day(session.end))
    started, ended = (
        reader.day(at) if at else reader.say(words.NOT_SAID) for at in (session.started, session.ended)
    )
    fact = reader.say(words.ACTUAL, start=started, end=ended)
    expected = session.expected_viewers
    hoped = [] if expected is None else [reader.say(words.EXPECTED, count=reader.count(expected))]
    heads = {"id": inert(session.id), "stream": reader.stream(session.stream), "title": title + _where(session)}
    return reader.say(words.SESSION, **heads, times=reader.sentence([plan, fact, *hoped]))


def _where(session: Session) -> str:
    places = [inert(each) for each in (session.platform, session.room, session.site) if each]
    return f" ({' · '.join(places)})" if places else ""


def _remarks(review: Review, reader: Reader) -> Iterator[str]:
    yield reader.say(words.INTERRUPTED)
    if review.doubt is not None:
        yield reader.say(words.DOUBT, why=inert(review.doubt.read_in(reader.language)))
    if drills := len(review.drills):
        yield reader.say(words.ONE_DRILL if drills == 1 else words.DRILLS_COUNTED, count=drills)
