"""Guessing is held up: so many mistakes within a window, by the clock."""

from datetime import timedelta

from servers.story import NOON, Hands
from streamwatch.access.guesses import Guesses

WINDOW = timedelta(minutes=15)


def test_the_eleventh_waits_until_the_first_is_forgotten() -> None:
    """Mistakes of others do not count."""
    guesses, clock = Guesses(10, WINDOW), Hands()
    for _ in range(10):
        assert guesses.wait("alice", clock()) == timedelta(0)
        guesses.failed("alice", clock())
        clock.advance(30)

    assert guesses.wait("alice", clock()) == WINDOW - timedelta(minutes=5)
    assert guesses.wait("bob", clock()) == timedelta(0)
    clock.advance(10 * 60)
    assert guesses.wait("alice", clock()) == timedelta(0)
    guesses.failed("alice", clock())
    assert guesses.wait("alice", clock()) == timedelta(seconds=30)


def test_what_was_no_mistake_is_taken_back() -> None:
    """One of them, or all."""
    guesses = Guesses(2, WINDOW)
    guesses.failed("alice", NOON)
    guesses.failed("alice", NOON)
    guesses.forgive("alice", NOON)
    assert guesses.wait("alice", NOON) == timedelta(0)
    guesses.failed("alice", NOON)
    guesses.forget("alice")
    assert guesses.wait("alice", NOON) == timedelta(0)
    guesses.forgive("nobody", NOON)


def test_a_clock_that_is_set_back_holds_nobody_up() -> None:
    """What it says of the future is forgotten."""
    guesses = Guesses(1, WINDOW)
    guesses.failed("alice", NOON)

    assert guesses.wait("alice", NOON - timedelta(hours=1)) == timedelta(0)


def test_a_flood_of_names_costs_no_memory() -> None:
    """The oldest are forgotten first."""
    guesses = Guesses(1, WINDOW, remembered=100)
    for number in range(1000):
        guesses.failed(number, NOON)

    assert guesses.wait(0, NOON) == timedelta(0)
    assert guesses.wait(999, NOON) == WINDOW
    assert len(guesses._wrong) == 100
