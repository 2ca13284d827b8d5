"""How soon a channel may be used again, by the limits its service enforces. Pure but for what it remembers."""

from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol


class Limit(Protocol):
    """At most *sends* in any window of this length."""

    @property
    def sends(self) -> int: ...
    @property
    def window(self) -> timedelta: ...


# What we send at one pace may arrive at another: the network can push two sends together.
MARGIN = 1.1
PLENTY = 1000
RESERVE = 0.25  # of each limit, which only urgent pages may use: a flood of mild ones must not be in their way


class Pace:
    """Remembers the sends of each channel, and the penalties their services announced."""

    def __init__(self) -> None:
        self._sent: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._closed: dict[str, datetime] = {}
        self._ailing: set[str] = set()

    def forget(self) -> None:
        self._sent.clear()
        self._closed.clear()
        self._ailing.clear()

    def free_at(self, channel: str, limits: Sequence[Limit], at: datetime, *, urgent: bool = True) -> datetime:
        """The first instant from *at* on at which *channel* may be used. A quarter is kept for what is *urgent*."""
        sent = self._sent[channel]
        longest = max((limit.window * MARGIN for limit in limits), default=timedelta(0))
        while sent and sent[0] <= at - longest:
            sent.popleft()
        free = max(at, self._closed.get(channel, at))
        for limit in limits:
            sends = limit.sends if urgent else _unreserved(limit)
            if len(sent) >= sends:
                free = max(free, sent[-sends] + limit.window * MARGIN)
        return free

    def room(self, channel: str, limits: Sequence[Limit], at: datetime) -> int:
        """How many messages that are not urgent it takes now, as far as its limits tell."""
        if channel in self._ailing or self._closed.get(channel, at) > at:
            return 0
        sent = self._sent[channel]
        lately = [sum(when > at - limit.window * MARGIN for when in sent) for limit in limits]
        rooms = (_unreserved(limit) - count for limit, count in zip(limits, lately, strict=True))
        return max(0, min(rooms, default=PLENTY))

    def sent(self, channel: str, at: datetime) -> None:
        self._sent[channel].append(at)

    def answered(self, channel: str, *, well: bool) -> None:
        """One that failed last is asked with one message for all: a flood of tries would not mend it."""
        (self._ailing.discard if well else self._ailing.add)(channel)

    def close(self, channel: str, until: datetime) -> None:
        """The service refuses everything until then: asking meanwhile would only prolong it."""
        self._closed[channel] = max(until, self._closed.get(channel, until))


def _unreserved(limit: Limit) -> int:
    return limit.sends - int(limit.sends * RESERVE)
