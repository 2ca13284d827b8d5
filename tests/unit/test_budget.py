"""How many messages one person gets, and when: pure, on instants that the test chooses."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from streamwatch.delivering.budget import MOST, SHARES, WINDOW, Budget, Class, Plan, Urgency, plan, urgency

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def had(what: Class, *seconds: float) -> Budget:
    budget = Budget()
    for each in seconds:
        budget.sent("alice", what, after(each))
    return budget


def test_the_shares_are_twelve_together() -> None:
    """What is promised is the sum of what each class may use."""
    assert sum(share.most for share in SHARES.values()) == MOST == 12


@pytest.mark.parametrize(
    ("sent", "free"),
    [((), 0), ((0, 0), 0), ((0, 0, 0), 5), ((0, 0, 0, 5), 20), ((0, 0, 0, 5, 20), 80), ((0, 0, 0, 5, 20, 80), 380)],
)
def test_p0_comes_at_once_three_times_then_at_growing_pauses(sent: tuple[float, ...], free: float) -> None:
    """Five seconds, fifteen, a minute, five minutes."""
    last = max(sent, default=0)
    assert had("P0", *sent).free_at("alice", "P0", after(last)) == after(free)


def test_after_the_last_pause_the_window_decides() -> None:
    """Seven within ten minutes; the eighth when the first one is ten minutes old."""
    budget = had("P0", 0, 1, 2, 7, 22, 82, 382)
    assert budget.free_at("alice", "P0", after(383)) == after(600)
    assert budget.free_at("alice", "P0", after(601)) == after(601)


def test_mild_pages_use_nothing_of_what_a_p0_needs() -> None:
    """A flood of notes leaves every P0 message free; Bob's phone is another one."""
    budget = had("mild", 0, 120)
    assert budget.free_at("alice", "mild", after(121)) == after(600)
    assert budget.free_at("alice", "P0", after(121)) == after(121)
    assert budget.free_at("bob", "mild", after(121)) == after(121)


def test_what_certainly_did_not_arrive_is_given_back() -> None:
    """A robot that refuses uses up nobody's peace."""
    budget = Budget()
    message = budget.sent("alice", "mild", AT)
    budget.take_back("alice", message)
    budget.take_back("alice", message)
    assert budget.free_at("alice", "mild", AT) == AT


@pytest.mark.parametrize(
    ("sent", "waiting", "room", "expected"),
    [
        ((), {"P0": 1}, 20, Plan("P0", 1)),
        ((), {"P0": 3}, 20, Plan("P0", 3)),
        ((), {"P0": 9}, 20, Plan("P0", 2)),  # two of their own, the third message takes all the rest
        ((0, 0), {"P0": 7}, 20, Plan("P0", 0)),
        ((0, 0, 0), {"P0": 7}, 20, None),
        ((0, 0, 0), {"P0": 7, "P1": 1}, 20, Plan("P1", 0)),  # a free message of another class takes the P0 along
        ((), {"P1": 2, "mild": 4}, 20, Plan("P1", 2)),
        ((), {"mild": 2}, 20, Plan("mild", 0)),
        ((), {"P0": 3}, 1, Plan("P0", 0)),  # the robot takes one more: all in it
        ((), {}, 20, None),
    ],
)
def test_what_goes_alone_and_what_together(
    sent: tuple[float, ...], waiting: dict[Urgency, int], room: int, expected: Plan | None
) -> None:
    """The most urgent first; where more waits than may go alone, the last message takes the rest."""
    assert plan(had("P0", *sent), "alice", waiting, room, AT) == expected


@pytest.mark.parametrize(
    ("severity", "kind", "expected"),
    [
        ("P0", "firing", "P0"),
        ("P0", "over", "end"),
        ("P1", "raised", "P1"),
        ("P1", "over", "end"),
        ("P1", "told", "mild"),
        ("P2", "over", "mild"),
        ("P3", "firing", "mild"),
    ],
)
def test_how_urgent_a_page_is(severity: str, kind: str, expected: Urgency) -> None:
    """An end wakes nobody; that of what called loudly is waited for."""
    assert urgency(severity, kind) == expected


def test_an_end_uses_what_calls_leave() -> None:
    """After two notes the end of a P1 goes at once, and a second one; a third waits, as the rest is for calls."""
    budget = had("mild", 0, 120)
    budget.sent("alice", "P1", after(130))
    assert plan(budget, "alice", {"mild": 1}, 20, after(140)) is None
    for seconds in (140, 141):
        assert plan(budget, "alice", {"end": 1}, 20, after(seconds)) == Plan("P0", 1)
        assert plan(budget, "alice", {"end": 2}, 20, after(seconds)) == Plan("P0", 0)  # both in one
        budget.sent("alice", "P0", after(seconds))
    assert plan(budget, "alice", {"end": 1}, 20, after(142)) is None
    assert plan(budget, "alice", {"P0": 1, "end": 1}, 20, after(142)) == Plan("P0", 1)


def test_a_restart_knows_which_share_an_end_used() -> None:
    """What was sent is booked again as it was, so that twelve stay twelve."""
    budget = Budget()
    for second in (0, 120, 140):
        budget.remember("alice", "end", after(second))
    assert budget.singles("alice", "P0", after(141)) == 2
    assert budget.free_at("alice", "mild", after(141)) == after(600)


@pytest.mark.parametrize("seed", range(5))
def test_a_day_of_storm_keeps_both_promises(seed: int) -> None:
    """Twelve in any ten minutes at the most; whatever waits at any second, a P0 waits for five minutes at most."""
    chance, budget, times = random.Random(seed), Budget(), list[datetime]()
    waiting: dict[Urgency, int] = {"P0": 0, "P1": 0, "end": 0, "mild": 0}
    since, longest = None, timedelta(0)
    for second in range(0, 24 * 3600, 5):
        at = after(second)
        for what in waiting:
            waiting[what] += chance.randrange(3)
        since = since or (at if waiting["P0"] else None)
        while chosen := plan(budget, "alice", waiting, 20, at):
            count = chosen.singles or 1
            for _ in range(count):
                times.append(at)
                budget.sent("alice", chosen.share, at)
            for what in waiting:  # the most urgent first
                taken = min(waiting[what], count) if chosen.singles else waiting[what]
                waiting[what], count = waiting[what] - taken, count - taken
            if not waiting["P0"]:
                longest, since = max(longest, at - since if since else timedelta(0)), None
    assert (
        max(sum(one <= other < one + WINDOW for other in times[n : n + 20]) for n, one in enumerate(times)) <= MOST
    )
    assert longest <= timedelta(minutes=5)
