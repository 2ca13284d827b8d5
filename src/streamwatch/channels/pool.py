"""Several robots as one channel: each page goes over the one that may send most just now.

A group robot takes twenty messages a minute; three in the same group take sixty. A robot that refuses, or rests, is
passed over, and the page goes at once over the next one. Who is in a pool should not be used beside it: the pool
counts what it sends itself. What it counted is forgotten at a restart; the limits of the pool as a whole are not.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from streamwatch.channels.channel import Channel, ChannelError, Limit, Reason, Receipt
from streamwatch.channels.secret import Common
from streamwatch.clock import Clock
from streamwatch.delivering.pace import Pace
from streamwatch.message import Message

log = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)
BROKEN = 10 * MINUTE  # a robot that refused for good is asked again this much later
AILING = timedelta(seconds=15)  # one that could not be reached


class Settings(Common):
    """`of` names other channels of the same kind; a contact's `to` must mean the same to all of them."""

    type: Literal["pool"]
    of: Annotated[tuple[str, ...], Field(min_length=2)]


class Pool:
    """`to` is what its robots want."""

    def __init__(self, members: Mapping[str, Channel], clock: Clock) -> None:
        self._members = members
        self._clock = clock
        self._pace = Pace()
        self._sent: dict[str, list[datetime]] = {name: [] for name in members}
        self.limits = summed([each.limits for each in members.values()])

    async def send(self, message: Message, to: str) -> Receipt:
        refusals: list[ChannelError] = []
        for name in self._order():
            try:
                return await self._over(name, message, to)
            except ChannelError as error:
                if error.reason is Reason.UNKNOWN:
                    raise  # it may have been delivered: another robot would say it twice
                refusals.append(error)
        raise self._worst(refusals)

    def _order(self) -> list[str]:
        """Who may send now, the fullest bucket first."""
        now = self._clock()
        free = [name for name in self._members if self._free_at(name, now) <= now]
        return sorted(free, key=lambda name: self._used(name, now))

    async def _over(self, name: str, message: Message, to: str) -> Receipt:
        self._pace.sent(name, self._clock())
        self._sent[name].append(self._clock())
        try:
            return await self._members[name].send(message, to)
        except ChannelError as error:
            self._rest(name, error)
            raise

    def _rest(self, name: str, error: ChannelError) -> None:
        if error.reason.permanent and error.reason is not Reason.REJECTED:
            log.warning("%s of a pool refuses: %s", name, error)
            self._pace.close(name, self._clock() + BROKEN)
        elif error.retry_after:
            self._pace.close(name, self._clock() + error.retry_after)
        elif error.reason is Reason.CONNECT:
            self._pace.close(name, self._clock() + AILING)

    def _worst(self, refusals: list[ChannelError]) -> ChannelError:
        """What the page is told when nobody took it: final only if all of them say so."""
        now = self._clock()
        if refusals and len(refusals) == len(self._members) and all(each.reason.permanent for each in refusals):
            return refusals[0]
        passing = [each for each in refusals if not each.reason.permanent and not each.retry_after]
        if passing:
            return passing[0]
        soonest = min(self._free_at(name, now) for name in self._members)
        return ChannelError("all robots of the pool rest", reason=Reason.THROTTLED, retry_after=soonest - now)

    def _free_at(self, name: str, now: datetime) -> datetime:
        return self._pace.free_at(name, self._members[name].limits, now)

    def _used(self, name: str, now: datetime) -> float:
        """How empty its bucket is: the largest share of a limit that was sent within its window."""
        limits = self._members[name].limits
        longest = max((limit.window for limit in limits), default=MINUTE)
        self._sent[name] = sent = [at for at in self._sent[name] if at > now - longest]
        shares = [sum(at > now - limit.window for at in sent) / limit.sends for limit in limits]
        return max(shares, default=float(len(sent)))


def summed(each: list[tuple[Limit, ...]]) -> tuple[Limit, ...]:
    """What all together may send: for each window that all of them know, the sum."""
    windows = [{limit.window: limit.sends for limit in limits} for limits in each]
    common = set.intersection(*map(set, windows)) if windows else set()
    return tuple(Limit(sum(known[window] for known in windows), window) for window in sorted(common))
