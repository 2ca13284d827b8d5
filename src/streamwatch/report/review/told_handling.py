"""The section on handling: a row for each incident, then what people wrote, and pages that failed. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from streamwatch.language import Text
from streamwatch.report.review import words
from streamwatch.report.review.handling import During, Handling, Note
from streamwatch.report.review.reader import Reader, bullets, inert
from streamwatch.report.review.review import StepTitle

Segments = Mapping[str, During]


def told_handlings(
    handlings: Sequence[Handling], reader: Reader, step: StepTitle, segments: Segments
) -> Iterator[str]:
    if not handlings:
        yield reader.say(words.NO_INCIDENT)
        return
    yield reader.table(words.HANDLING_HEADS, [_row(each, reader, step, segments) for each in handlings])
    if notes := [_note(each.number, note, reader) for each in handlings for note in each.notes]:
        yield f"{reader.say(words.NOTES)}\n\n{bullets(notes)}"
    if troubles := [
        f"#{each.number} {told}" for each in handlings if (told := reader.sentence(_troubles(each, reader)))
    ]:
        yield f"{reader.say(words.TROUBLES)}\n\n{bullets(troubles)}"


def _row(each: Handling, reader: Reader, step: StepTitle, segments: Segments) -> list[str]:
    until_told, until_taken, until_over = map(each.seconds_to, (each.paged_at, each.taken_at, each.over_at))
    return [
        f"#{each.number}",
        _opened(each, reader, segments),
        each.severity,
        reader.stream(each.stream),
        inert(each.summary.read_in(reader.language)),
        _people(each, reader),
        _until(until_told, words.OBSERVED_ONLY if each.observed else words.NOT_TOLD, reader),
        reader.say(words.BY_THE_DRILL)
        if each.taken_by_itself
        else _until(until_taken, words.NOT_ASKED if each.observed else words.NEVER_TAKEN, reader),
        reader.say(words.NOT_OVER) if until_over is None else reader.lasting(until_over),
        inert(step(each.procedure, each.step).read_in(reader.language)),
    ]


def _people(each: Handling, reader: Reader) -> str:
    """Who had it. Of what nobody was told of, nobody is missed; what a drill did for somebody nobody did."""
    named = inert(reader.listed(each.people))
    if each.taken_by_itself:
        return reader.say(words.DRILL_FOR, people=named)
    return named or reader.say(words.NOT_ASKED if each.observed else words.NOBODY)


def _until(seconds: float | None, never: Text, reader: Reader) -> str:
    if seconds is None:
        return reader.say(never)
    return reader.say(words.AT_ONCE) if 0 <= seconds < 1 else reader.lasting(seconds)


def _opened(each: Handling, reader: Reader, segments: Segments) -> str:
    """When, and during which segment of the rundown."""
    found = segments.get(each.number)
    return reader.moment(each.opened_at) + (f" ({found.number} {inert(found.what)})" if found else "")


def _note(number: str, note: Note, reader: Reader) -> str:
    return f"#{number} {reader.moment(note.at)} {inert(note.text.read_in(reader.language))}"


def _troubles(each: Handling, reader: Reader) -> Iterator[str]:
    if each.unattended:
        yield reader.say(words.UNATTENDED)
    if each.failed_tries:
        yield reader.say(
            words.FAILED_TRY if each.failed_tries == 1 else words.FAILED_TRIES, count=each.failed_tries
        )
    for person, failed, delivered in each.detours:
        yield reader.say(words.DETOUR, person=inert(person), failed=failed, delivered=delivered)
    if each.undelivered:
        yield reader.say(words.UNDELIVERED, people=inert(reader.listed(each.undelivered)))
    if each.repeated:
        yield reader.say(words.REPEATED, people=inert(reader.listed(each.repeated)))
    if each.called_again:
        yield reader.say(
            words.CALLED_ONCE_MORE if each.called_again == 1 else words.CALLED_AGAIN, count=each.called_again
        )
