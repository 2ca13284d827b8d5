"""The rundown of each session on the axis of time, with the incidents that began in each segment. Pure."""

from collections.abc import Iterator

from streamwatch.duty import Session
from streamwatch.report.review import words
from streamwatch.report.review.reader import Reader, bullets, inert
from streamwatch.report.review.review import Review


def told_rundowns(review: Review, reader: Reader) -> Iterator[str]:
    """Nothing where no session has one."""
    for session in review.scope.sessions:
        if session.rundown:
            head = reader.say(words.RUNDOWN, id=inert(session.id))
            yield f"{head}\n\n{bullets(_segments(session, review, reader))}"


def _segments(session: Session, review: Review, reader: Reader) -> Iterator[str]:
    following = [*(each.at for each in session.rundown[1:]), session.end]
    for number, (each, then) in enumerate(zip(session.rundown, following, strict=True), start=1):
        times = f"{reader.clock(each.at)}–{reader.clock(each.until or then)}"
        mine = [
            f"#{incident.number}"
            for incident in review.handlings
            if (found := review.during.get(incident.number)) and found[:2] == (session.id, number)
        ]
        yield f"{times} {number} {inert(each.what)}" + (f": **{reader.listed(mine)}**" if mine else "")
