"""The sections on what viewers complained about, and on what the record suggests, in words. Pure."""

from collections.abc import Iterator, Sequence

from streamwatch.report.review import words
from streamwatch.report.review.feedback import Feedback
from streamwatch.report.review.reader import Reader, bullets, inert, is_partly
from streamwatch.report.review.suggestions import Suggestion
from streamwatch.vocabulary import CATEGORIES


def told_feedback(feedback: Sequence[Feedback], reader: Reader) -> Iterator[str]:
    if not feedback:
        yield reader.say(words.NO_STREAMS)
    rows = [
        [
            reader.stream(each.stream),
            reader.word(CATEGORIES, found.category),
            reader.count(found.complaints),
            reader.count(found.users),
        ]
        for each in feedback
        for found in each.categories
    ]
    if rows:
        yield reader.table(words.FEEDBACK_HEADS, rows)
    if quiet := [
        reader.say(words.NO_COMPLAINT if each.known else words.NO_CHAT, stream=reader.stream(each.stream))
        for each in feedback
        if not each.categories
    ]:
        yield bullets(quiet)
    if partly := [
        reader.say(words.CHAT_PARTLY, stream=reader.stream(each.stream), share=reader.share(each.known))
        for each in feedback
        if is_partly(each.known)
    ]:
        yield bullets(partly)
    if samples := [
        reader.say(
            words.SAMPLE,
            category=reader.word(CATEGORIES, sample.category),
            text=inert(sample.text),
            number=sample.incident,
        )
        for each in feedback
        for sample in each.samples
    ]:
        yield f"{reader.say(words.SAMPLES)}\n\n{bullets(samples)}"


def told_suggestions(suggestions: Sequence[Suggestion], reader: Reader) -> str:
    if not suggestions:
        return reader.say(words.NO_SUGGESTION)
    return bullets(
        reader.say(
            words.SUGGESTION,
            text=inert(each.text.read_in(reader.language)),
            numbers=reader.listed(f"#{number}" for number in each.incidents),
        )
        for each in suggestions
    )
