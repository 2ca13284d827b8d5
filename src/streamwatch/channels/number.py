"""What a phone call or a short message says: few words, and none that carriers refuse. Pure."""

import re
from datetime import timedelta

from streamwatch.channels.channel import ChannelError, Reason
from streamwatch.clock import Clock
from streamwatch.delivering.pace import Limit, Pace
from streamwatch.message import Message, clean

LOOKED_AT = 300  # characters
SAME_CALL = timedelta(minutes=2)  # a phone that rang for this incident this long ago does not ring again for it


def spoken(text: str, limit: int) -> str:
    """*text* without addresses and brackets, which carriers refuse in a variable, in at most *limit* characters."""
    looked_at = clean(text, LOOKED_AT)  # before the patterns: they take long over a flood
    bare = re.sub(r"\w+://\S+|\d+(?:\.\d+){3}(?::\d+)?", "", looked_at)
    return clean(re.sub(r"[【】\[\]<>{}@]+", " ", bare), limit)


def rang_already(message: Message, clock: Clock) -> str | None:
    """The service's id of a call of the same person for the same incident within `SAME_CALL`."""
    since = clock() - SAME_CALL
    return next((each.id for each in message.thread if each.person == message.person and each.at > since), None)


def no_call_for_the_end(message: Message) -> None:
    """Raises `ChannelError`: nobody is rung up for what calls nobody; the next contact may write it."""
    if message.wakes_nobody:
        said = "a phone rings neither for the end nor for a word; the next contact is told"
        raise ChannelError(said, reason=Reason.REJECTED)


class Numbers:
    """How often one number may be called. Remembered in memory: after a restart the carrier's own limit answers."""

    def __init__(self, limits: tuple[Limit, ...], clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._pace = Pace()

    def take(self, number: str) -> None:
        """Count a call of *number*. Raises `ChannelError` without a pause: other people can be called meanwhile."""
        now = self._clock()
        if self._pace.free_at(number, self._limits, now) > now:
            raise ChannelError("this number was called as often as may be", reason=Reason.THROTTLED)
        self._pace.sent(number, now)
