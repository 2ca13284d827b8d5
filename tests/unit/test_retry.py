"""What follows a failed attempt: again soon, by another way, or somebody else is told."""

from datetime import UTC, datetime, timedelta

import pytest

from streamwatch.delivering.retry import (
    ALL_TRIED_PAUSE,
    BACKOFF,
    GIVE_UP_CHANNEL,
    Again,
    Dead,
    Failure,
    Standing,
    after_failure,
)

AT = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
BUSY = Failure(permanent=False)
GONE = Failure(permanent=True)
UNSEEN = Failure(permanent=False, unseen_again=True)


def standing(
    contact: int = 0,
    contacts: int = 2,
    tries: int = 1,
    waited: timedelta = timedelta(0),
    refused: frozenset[int] = frozenset(),
) -> Standing:
    return Standing(contact, contacts, tries, AT - waited, refused)


@pytest.mark.parametrize(("tries", "seconds"), [(1, 1), (2, 2), (3, 5), (4, 15), (5, 60), (6, 60), (100, 60)])
def test_waits_grow_and_stay_at_a_minute(tries: int, seconds: int) -> None:
    """The same contact again, each time later."""
    assert after_failure(standing(tries=tries), BUSY, AT) == Again(AT + timedelta(seconds=seconds), 0, tries, AT)


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 15.0), (0.5, 16.5), (0.999, 17.997)])
def test_jitter_adds_a_fifth_at_most(jitter: float, seconds: float) -> None:
    """Many pages that failed together do not come back together."""
    move = after_failure(standing(tries=4), BUSY, AT, jitter)
    assert isinstance(move, Again)
    assert move.at == AT + timedelta(seconds=seconds)


def test_the_service_says_how_long() -> None:
    """A wait that the service asks for goes before ours, and is not spread."""
    move = after_failure(standing(), Failure(permanent=False, retry_after=timedelta(seconds=7)), AT, 0.9)
    assert move == Again(AT + timedelta(seconds=7), 0, 1, AT)


@pytest.mark.parametrize(
    ("waited", "contact"),
    [
        (GIVE_UP_CHANNEL - BACKOFF[0], 0),
        (GIVE_UP_CHANNEL - BACKOFF[0] + timedelta(microseconds=1), 1),
        (GIVE_UP_CHANNEL, 1),
    ],
)
def test_a_way_is_left_when_the_next_try_would_be_too_late(waited: timedelta, contact: int) -> None:
    """Ninety seconds belong to a contact; a try that falls behind them goes to the next one."""
    move = after_failure(standing(waited=waited), BUSY, AT)
    assert isinstance(move, Again)
    assert move.contact == contact


def test_what_gives_no_answer_is_asked_once_more() -> None:
    """The page may have come with each try: the third goes another way. Where there is none, late is worse."""
    assert after_failure(standing(), UNSEEN, AT) == Again(AT + BACKOFF[0], 0, 1, AT)
    assert after_failure(standing(tries=2), UNSEEN, AT) == Again(AT, 1, 0, None)
    assert after_failure(standing(contacts=1, tries=2), UNSEEN, AT) == Again(AT + BACKOFF[1], 0, 2, AT)
    assert after_failure(standing(contact=1, tries=2), UNSEEN, AT) == Again(AT + BACKOFF[1], 1, 2, AT)


def test_the_next_way_starts_at_once_and_anew() -> None:
    """No wait, no tries, no start yet; nobody else is told, for this way may work."""
    assert after_failure(standing(waited=GIVE_UP_CHANNEL), BUSY, AT) == Again(AT, 1, 0, None)


def test_a_long_wait_that_the_service_asks_for_leaves_it() -> None:
    """A channel that is closed for ten minutes is of no use to a page."""
    move = after_failure(standing(), Failure(permanent=False, retry_after=timedelta(minutes=10)), AT)
    assert move == Again(AT, 1, 0, None)


def test_after_the_last_way_comes_the_first_and_somebody_is_told() -> None:
    """The round is over: a pause, then from the start."""
    move = after_failure(standing(contact=1, waited=GIVE_UP_CHANNEL), BUSY, AT)
    assert move == Again(AT + ALL_TRIED_PAUSE, 0, 0, None, round_failed=True)


def test_the_only_way_is_kept_at() -> None:
    """There is no other: once a minute, and somebody else is told."""
    move = after_failure(standing(contacts=1, tries=6, waited=GIVE_UP_CHANNEL), BUSY, AT)
    assert move == Again(AT + timedelta(seconds=60), 0, 6, AT - GIVE_UP_CHANNEL, round_failed=True)


def test_the_only_way_is_left_in_peace_as_long_as_it_asks() -> None:
    """A closed channel that is the only one is not asked before it opens."""
    asked = Failure(permanent=False, retry_after=timedelta(minutes=10))
    move = after_failure(standing(contacts=1), asked, AT)
    assert isinstance(move, Again)
    assert (move.at, move.round_failed) == (AT + timedelta(minutes=10), True)


def test_a_refusal_moves_on_at_once() -> None:
    """What will never work is not tried again."""
    assert after_failure(standing(refused=frozenset({0})), GONE, AT) == Again(AT, 1, 0, None)


def test_a_refusal_by_the_last_way_ends_the_round() -> None:
    """The first way was tried in vain before: it is tried again, and somebody else is told now."""
    move = after_failure(standing(contact=1, refused=frozenset({1})), GONE, AT)
    assert move == Again(AT, 0, 0, None, round_failed=True)


def test_ways_that_refused_are_stepped_over() -> None:
    """From the first of three, with the second refused, the third is next; from there the first."""
    refused = frozenset({1})
    first = after_failure(standing(contacts=3, waited=GIVE_UP_CHANNEL, refused=refused), BUSY, AT)
    last = after_failure(standing(contact=2, contacts=3, waited=GIVE_UP_CHANNEL, refused=refused), BUSY, AT)
    assert isinstance(first, Again)
    assert isinstance(last, Again)
    assert (first.contact, first.round_failed) == (2, False)
    assert (last.contact, last.round_failed) == (0, True)


def test_one_way_left_of_two_is_kept_at() -> None:
    """With the other one refused it is as if it were alone."""
    move = after_failure(standing(waited=GIVE_UP_CHANNEL, refused=frozenset({1})), BUSY, AT)
    assert isinstance(move, Again)
    assert (move.contact, move.at, move.round_failed) == (0, AT + timedelta(seconds=60), True)


@pytest.mark.parametrize("contacts", [1, 2, 3])
def test_a_page_is_dead_only_when_every_way_refused(contacts: int) -> None:
    """One that did not refuse keeps it alive."""
    everyone = frozenset(range(contacts))
    last = contacts - 1
    assert isinstance(after_failure(standing(last, contacts, refused=everyone), GONE, AT), Dead)
    if contacts > 1:
        assert isinstance(after_failure(standing(last, contacts, refused=everyone - {0}), GONE, AT), Again)
