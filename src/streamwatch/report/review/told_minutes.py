"""The section on the best and the worst minutes, and the lines that people fill in. Pure."""

from collections.abc import Iterator, Sequence

from streamwatch.language import Text
from streamwatch.report.review import words
from streamwatch.report.review.minutes import Minutes, Spell
from streamwatch.report.review.reader import Reader, bullets, inert


def told_minutes(found: Minutes, reader: Reader) -> Iterator[str]:
    if not found.judged:
        yield reader.say(words.NOTHING_OF_MINUTES)
    else:
        yield from _table(words.GOOD, found.good, reader)
        yield from _table(words.BAD, found.bad, reader)
        if found.unknown:
            listed = reader.listed(each.read_in(reader.language) for each in found.unknown)
            yield reader.say(words.MINUTES_WITHOUT, what=listed)
    yield reader.say(words.TO_FILL_IN)
    yield bullets(reader.say(words.BLANK, what=each) for each in words.BLANKS)


def _table(name: Text, spells: Sequence[Spell], reader: Reader) -> Iterator[str]:
    if not spells:
        yield reader.say(words.NONE_STANDS_OUT, what=name)
        return
    yield reader.table((name, *words.MINUTE_HEADS), [_row(each, reader) for each in spells])


def _row(spell: Spell, reader: Reader) -> list[str]:
    why = reader.sentence(inert(each.read_in(reader.language)) for each in spell.why)
    return [reader.moment(spell.at), reader.lasting(spell.seconds), why]
