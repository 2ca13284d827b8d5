"""When Prometheus or Alertmanager counts as gone, and when as back: looks go in, a verdict comes out."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamwatch.watching.liveness import (
    ECHO,
    GONE_AFTER,
    LOOKS,
    Answer,
    Peer,
    Sight,
    back,
    gone,
    is_ready,
    lives,
    missed,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PROMETHEUS, ALERTMANAGER = Peer.PROMETHEUS, Peer.ALERTMANAGER


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def looked(answers: str, begin: float = 0.0, sight: Sight | None = None) -> Sight:
    """A look each second from *begin* on: `+` ready, `s` starting, `-` no answer."""
    words = {"+": Answer.READY, "s": Answer.STARTING, "-": Answer.NONE}
    sight = sight or Sight()
    for number, each in enumerate(answers):
        sight = sight.after(words[each], at(begin + number))
    return sight


@pytest.mark.parametrize(
    ("status", "is_there", "works"),
    [
        (200, True, True),
        (404, True, True),
        (401, True, True),
        (302, True, True),
        (500, True, False),
        (502, False, False),
        (503, False, False),
        (504, False, False),
        (None, False, False),
    ],
)
def test_only_a_proxy_says_of_a_living_one_that_it_is_not_there(
    status: int | None, is_there: bool, works: bool
) -> None:
    """Whatever else is answered to /-/healthy comes from it; /-/ready is a 5xx until it works."""
    assert (lives(status), is_ready(status)) == (is_there, works)


def test_six_seconds_without_an_answer_are_its_end() -> None:
    """One second less is not; it began with the first look in vain."""
    assert gone({PROMETHEUS: looked("+" + "-" * 6)}, None, at(6.9)) == ()
    sight = looked("+" + "-" * 7)
    assert gone({PROMETHEUS: sight}, None, at(7)) == (PROMETHEUS,)
    assert sight.missed_since == at(1)


@pytest.mark.parametrize("answers", ["+--+---+", "+-----s", "+---s---+", "+---ssssssssss---"])
def test_a_restart_is_no_end(answers: str) -> None:
    """Three seconds, or five, or minutes in which it reads its log and says that it lives."""
    for number in range(len(answers)):
        assert gone({PROMETHEUS: looked(answers[: number + 1])}, None, at(number)) == ()


def test_what_never_answered_is_missed_and_not_gone() -> None:
    """At our own start nobody is called for one that is not there yet, or stands wrong in duty.yml."""
    sights = {PROMETHEUS: looked("-" * 100)}
    assert missed(sights, at(99)) == (PROMETHEUS,)
    assert gone(sights, None, at(99)) == ()


def test_a_single_look_after_we_stood_still_ourselves_proves_nothing() -> None:
    """A machine that was asleep for an hour asks again before it says anything."""
    sight = looked("+-").after(Answer.NONE, at(3600))
    assert gone({PROMETHEUS: sight}, None, at(3602)) == ()
    assert gone({PROMETHEUS: sight.after(Answer.NONE, at(3601))}, None, at(3602)) == (PROMETHEUS,)


def test_both_can_be_gone() -> None:
    """A machine with the two of them is off."""
    sights = {PROMETHEUS: looked("+" + "-" * 9), ALERTMANAGER: looked("+" + "-" * 9)}
    assert gone(sights, at(0), at(9)) == (PROMETHEUS, ALERTMANAGER)


@pytest.mark.parametrize("peer", Peer)
def test_the_watchdog_proves_that_it_lives_when_it_cannot_be_an_echo(peer: Peer) -> None:
    """Alertmanager repeats for minutes what a dead Prometheus said; nobody repeats for a dead Alertmanager."""
    sights = {peer: looked("+" + "-" * 400)}
    echo = at(1) + ECHO[peer]
    assert gone(sights, echo, at(400)) == (peer,)
    assert gone(sights, echo + timedelta(milliseconds=1), at(400)) == ()
    assert not back(sights, echo, at(400))
    assert back(sights, echo + timedelta(milliseconds=1), at(400))


def test_it_is_back_when_it_works_for_five_seconds_and_the_watchdog_was_heard() -> None:
    """An answer alone may be that of one which dies again; without its rules it judges nothing."""
    sights = {PROMETHEUS: looked("+-------+++++++"), ALERTMANAGER: looked("+" * 15)}
    assert not back(sights, at(9), at(12.9))
    assert not back(sights, at(7.9), at(14))
    assert back(sights, at(8), at(13))


def test_where_there_is_no_watchdog_its_answers_are_enough() -> None:
    """An installation without that rule must hear of the end as well."""
    assert back({PROMETHEUS: looked("+" * 6)}, None, at(5))
    assert not back({PROMETHEUS: looked("+" * 6)}, None, at(4.9))


def test_one_that_starts_or_is_still_missed_is_not_back() -> None:
    """While it reads its log no rule is judged; one of two is not both."""
    assert not back({PROMETHEUS: looked("+" + "-" * 7 + "s" * 60)}, at(60), at(67))
    assert not back({PROMETHEUS: looked("+" * 20), ALERTMANAGER: looked("-" * 20)}, at(1), at(19))


def test_without_addresses_only_the_watchdog_counts() -> None:
    """Nobody is looked at."""
    assert gone({}, None, at(0)) == ()
    assert back({}, at(0), at(0))


def test_a_clock_that_is_set_changes_nothing() -> None:
    """What was missed for three seconds is missed for three seconds."""
    hour = timedelta(hours=1)
    for answers in ("+---", "+++", "s", ""):
        sight = looked(answers)
        assert sight.moved(hour).moved(-hour) == sight
    assert gone({PROMETHEUS: looked("+---").moved(hour)}, None, at(3) + hour) == ()


@settings(deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(Answer), st.floats(0.5, 4.0)), min_size=1, max_size=40))
def test_nobody_is_gone_who_answered_lately(story: list[tuple[Answer, float]]) -> None:
    """Whatever the looks are: the last three were in vain and six seconds old, after an answer before them."""
    times = list(accumulate(pause for _, pause in story))
    sight = Sight()
    for number, ((answer, _), moment) in enumerate(zip(story, times, strict=True)):
        sight = sight.after(answer, at(moment))
        if not gone({PROMETHEUS: sight}, None, at(moment)):
            continue
        answers = [each for each, _ in story[: number + 1]]
        vain = next(count for count, each in enumerate(reversed(answers)) if each is not Answer.NONE)
        assert vain >= LOOKS
        assert at(moment) - at(times[number - vain + 1]) >= GONE_AFTER


@pytest.mark.parametrize("phase", [each / 10 for each in range(0, 51, 5)])
def test_an_alertmanager_that_beats_is_not_gone_whatever_it_answers(phase: float) -> None:
    """Its twin tells the Watchdog each five seconds; a page that nothing can come would be false."""
    for second in range(40):
        heard = at(phase + 5 * ((second - phase) // 5))
        assert gone({ALERTMANAGER: looked("+" + "-" * second, -1.0)}, heard, at(second)) == ()


@pytest.mark.parametrize("peer", Peer)
def test_one_that_is_never_ready_is_proved_by_the_watchdog(peer: Peer) -> None:
    """A proxy that answers for it with 500 for ever must not hold a page open for ever."""
    sights = {peer: looked("s")}
    assert not back(sights, at(1), at(2))
    later = at(1) + ECHO[peer]
    assert back(sights, later, later)
