"""What follows one attempt to deliver a page. Pure.

Give up on a channel after a while, never on the page: the next contact is tried, and after the last the first
again. Only when every contact has refused for good is the page dead, and then somebody else is told.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 15, 60))
GIVE_UP_CHANNEL = timedelta(seconds=90)
UNSEEN = 2  # tries on one contact: where answers stay unseen, the page may have come with each of them
ALL_TRIED_PAUSE = timedelta(seconds=60)


@dataclass(frozen=True)
class Standing:
    """Where a page stands after an attempt that failed."""

    contact: int  # index into the person's contacts, the one just tried
    contacts: int  # how many there are
    tries: int  # on this contact, with the one just made
    since: datetime  # first try on this contact
    refused: frozenset[int]  # contacts that failed for good, with this one if it did


@dataclass(frozen=True)
class Failure:
    permanent: bool
    retry_after: timedelta | None = None
    unseen_again: bool = False  # it was sent, and no answer came, nor did one before


@dataclass(frozen=True)
class Again:
    at: datetime
    contact: int
    tries: int  # so far on that contact
    since: datetime | None  # None: a new start on that contact
    round_failed: bool = False  # every way was tried for long enough: somebody else should be told, too


@dataclass(frozen=True)
class Dead:
    """No contact is left that could ever work."""

    verdict: Literal["dead"] = "dead"


def after_failure(standing: Standing, failure: Failure, at: datetime, jitter: float = 0.0) -> Again | Dead:
    """The next move. *jitter* in [0, 1) spreads retries by up to a fifth."""
    if len(standing.refused) >= standing.contacts:
        return Dead()
    later = _next_contact(standing)
    wrapped = later < standing.contact
    if failure.permanent:
        return Again(at, later, 0, None, round_failed=wrapped)
    wait = failure.retry_after or BACKOFF[min(standing.tries, len(BACKOFF)) - 1] * (1 + jitter / 5)
    exhausted = at + wait - standing.since > GIVE_UP_CHANNEL
    leaves = failure.unseen_again and standing.tries >= UNSEEN and later > standing.contact
    if not exhausted and not leaves:
        return Again(at + wait, standing.contact, standing.tries, standing.since)
    if later == standing.contact:  # the only one left: keep at it, as slowly as it asks for
        return Again(at + max(wait, BACKOFF[-1]), later, standing.tries, standing.since, round_failed=True)
    return Again(at + (ALL_TRIED_PAUSE if wrapped else timedelta(0)), later, 0, None, round_failed=wrapped)


def _next_contact(standing: Standing) -> int:
    """The next index, around the end, that has not refused for good; the same one when it is alone."""
    for step in range(1, standing.contacts + 1):
        index = (standing.contact + step) % standing.contacts
        if index not in standing.refused:
            return index
    return standing.contact
