"""The section on action items. Pure."""

from collections.abc import Sequence

from streamwatch.report.review import words
from streamwatch.report.review.actions import Action
from streamwatch.report.review.reader import Reader, inert


def told_actions(actions: Sequence[Action], reader: Reader) -> str:
    if not actions:
        return reader.say(words.NO_ACTION)
    return reader.table(words.ACTION_HEADS, [_row(each, reader) for each in actions])


def _row(each: Action, reader: Reader) -> list[str]:
    state = words.ACTION_DONE if each.done else words.ACTION_OVERDUE if each.overdue else words.ACTION_OPEN
    whence = inert(each.whence) or "—"
    return [each.number, inert(each.text), inert(each.owner), each.due.isoformat(), reader.say(state), whence]
