"""How far the clock of a server is ahead of ours, from what it says in Date."""

import pytest

from streamwatch_exporters.hls_clock_skew import ClockSkew


def test_before_a_server_told_its_time_nothing_is_known() -> None:
    """Absent, and not 0."""
    skew = ClockSkew()
    assert skew.seconds is None
    skew.learn(None, 1000.0)
    assert skew.seconds is None


def test_the_skew_is_the_median_and_one_wrong_answer_does_not_move_it() -> None:
    """Date is cut to whole seconds, so the true time is half a second later on average."""
    skew = ClockSkew()
    for server, midpoint in ((1030, 1000.5), (1031, 1001.5), (5, 1002.5), (1033, 1003.5)):
        skew.learn(server, midpoint)
    assert skew.seconds == pytest.approx(30.0)


def test_only_the_last_few_answers_count() -> None:
    """A clock that was set is believed soon."""
    skew = ClockSkew()
    for i in range(100):
        skew.learn(1000.0 + i, 900.5 + i)
    for i in range(15):
        skew.learn(1000.0 + i, 1000.5 + i)
    assert skew.seconds == 0.0


@pytest.mark.parametrize(("age", "expected"), [("60", 0.0), ("", -60.0), ("soon", -60.0), ("-3", -60.0)])
def test_a_stored_answer_is_as_old_as_it_says(age: str, expected: float) -> None:
    """A cache keeps the Date of the origin: without Age its clock would seem to be slow."""
    skew = ClockSkew()
    skew.learn(940.0, 1000.5, age)
    assert skew.seconds == expected
