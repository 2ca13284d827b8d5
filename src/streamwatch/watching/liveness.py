"""Whether Prometheus and Alertmanager are there, by what they answer when somebody looks; pure.

The Watchdog misses either after a minute. Who is dead does not even answer, and that is seen within seconds. What
answers and does nothing is left to the Watchdog.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self


class Peer(StrEnum):
    """The two without which no alert arrives."""

    PROMETHEUS = "prometheus"
    ALERTMANAGER = "alertmanager"


# One that is restarted is back within three seconds.
GONE_AFTER = timedelta(seconds=6)
LOOKS = 3  # in vain, one after the other: where we stood still ourselves, one look proves nothing
STEADY = timedelta(seconds=5)  # of answers, before it counts as back
# How long the Watchdog may be heard after one is gone. Alertmanager goes on telling what Prometheus said last, for
# four times its resend delay, a minute unless it is set; of Alertmanager itself a webhook may be on its way.
ECHO: Mapping[Peer, timedelta] = {Peer.PROMETHEUS: timedelta(minutes=5), Peer.ALERTMANAGER: timedelta(seconds=5)}
# The Watchdog is repeated every five seconds, or at the next tick of its group.
BEAT = timedelta(seconds=8)
# Neither of the two says this of its health: it is a proxy that does not reach them.
UNREACHED = frozenset({502, 503, 504})


class Answer(StrEnum):
    NONE = "none"  # nobody is there, or says nothing in time
    STARTING = "starting"  # it lives, and does not work yet: it reads its log of the time before
    READY = "ready"


def lives(status: int | None) -> bool:
    """Whether an answer to `/-/healthy` comes from the peer; *status* is None without an answer.

    Any other code is one of a peer that lives, also 401 or 404: what is wrong there is the Watchdog's to notice.
    """
    return status is not None and status not in UNREACHED


def is_ready(status: int | None) -> bool:
    """The same of `/-/ready`, where 503 means that it does not work yet."""
    return status is not None and status < 500


@dataclass(frozen=True)
class Sight:
    """What the looks at one peer have come to."""

    ever: bool = False  # it answered once: what was never there cannot be gone
    missed: int = 0  # looks in vain, up to the last one
    missed_since: datetime | None = None
    starting_since: datetime | None = None
    ready_since: datetime | None = None

    def after(self, answer: Answer, at: datetime) -> "Sight":
        """What it is after a look that began *at* and was answered so."""
        if answer is Answer.NONE:
            return Sight(self.ever, self.missed + 1, self.missed_since or at)
        if answer is Answer.STARTING:
            return Sight(ever=True, starting_since=self.starting_since or at)
        return Sight(ever=True, ready_since=self.ready_since or at)

    def moved(self, by: timedelta) -> Self:
        """When the clock was set."""
        names = ("missed_since", "starting_since", "ready_since")
        return replace(self, **{name: was + by for name in names if (was := getattr(self, name)) is not None})

    def is_missed(self, at: datetime) -> bool:
        """It has not answered for long enough, and was asked often enough."""
        return self.missed >= LOOKS and self.missed_since is not None and at - self.missed_since >= GONE_AFTER


Sights = Mapping[Peer, Sight]
"""Of those whose address is known."""


def missed(sights: Sights, at: datetime) -> tuple[Peer, ...]:
    """Those that do not answer."""
    return tuple(peer for peer, sight in sights.items() if sight.is_missed(at))


def gone(sights: Sights, heard: datetime | None, at: datetime) -> tuple[Peer, ...]:
    """Those that are dead: they answered once and do not, and the Watchdog, *heard* then, proves nothing else."""
    found = ((peer, sights[peer]) for peer in missed(sights, at))
    return tuple(
        peer
        for peer, sight in found
        if sight.ever and not _proved(peer, sight, heard) and not _may_beat(peer, heard, at)
    )


def _may_beat(peer: Peer, heard: datetime | None, at: datetime) -> bool:
    """One that answers others, or its twin, is heard by then: to page before would be a false alarm."""
    return peer is Peer.ALERTMANAGER and heard is not None and at - heard <= BEAT


def back(sights: Sights, heard: datetime | None, at: datetime) -> bool:
    """Whether the way is open again: each works steadily, and the Watchdog was heard since, if it ever was.

    Whoever does not answer us may live all the same, as where duty.yml has a wrong address: the Watchdog says so.
    """
    return all(_is_back(peer, sight, heard, at) for peer, sight in sights.items())


def _is_back(peer: Peer, sight: Sight, heard: datetime | None, at: datetime) -> bool:
    if sight.ready_since is None:
        return _proved(peer, sight, heard)
    return at - sight.ready_since >= STEADY and (heard is None or heard >= sight.ready_since)


def _proved(peer: Peer, sight: Sight, heard: datetime | None) -> bool:
    """The Watchdog was heard so long after it worked last that this cannot be an echo."""
    since = sight.missed_since or sight.starting_since
    return since is not None and heard is not None and heard > since + ECHO[peer]
