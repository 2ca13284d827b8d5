"""When the queue of complaints gets an entry, and when a wave is over."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from servers.story import NOON
from streamwatch.incidents.waves import (
    AGAIN,
    QUIET,
    UNHEARD,
    Begin,
    Goes,
    Heard,
    Key,
    Live,
    Over,
    Room,
    Spike,
    moves,
    rooms_of,
)

LAG = Key("demo", "lag")
FIRES, EXPLAINS = Spike(12, False, True), Spike(12, False, False)
SECOND = timedelta(seconds=1)


def room(users: int, *, is_heard: bool = True) -> list[Room]:
    return [Room("demo", is_heard, 300, {"lag": Heard(users, 300)} if users else {})]


def live(loud: timedelta = timedelta(0), answered: timedelta | None = None) -> list[Live]:
    """An entry that was loud, and answered, so long ago."""
    return [Live(1, LAG, NOON - loud, None if answered is None else NOON - answered)]


def test_five_people_in_a_minute_are_an_entry() -> None:
    """Four are none, unless an alert fires because of them."""
    assert moves([], room(4), {}, NOON) == []
    assert moves([], room(5), {}, NOON) == [Begin(LAG, Heard(5, 300), None)]
    assert moves([], room(4), {LAG: FIRES}, NOON) == [Begin(LAG, Heard(4, 300), FIRES)]


def test_an_interruption_explains_an_entry_and_makes_none() -> None:
    """Nobody has to answer what nobody says; what they say is linked with it."""
    assert moves([], room(4), {LAG: EXPLAINS}, NOON) == []
    assert moves([], room(9), {LAG: EXPLAINS}, NOON) == [Begin(LAG, Heard(9, 300), EXPLAINS)]


def test_a_spike_is_an_entry_also_while_the_exporter_is_away() -> None:
    """It is known from Prometheus; how many they are is not."""
    assert moves([], None, {LAG: FIRES}, NOON) == [Begin(LAG, None, FIRES)]


def test_a_wave_that_goes_on_is_one_entry() -> None:
    """Three people keep it alive; the most are kept."""
    assert moves(live(), room(3), {}, NOON) == [Goes(1, Heard(3, 300), None)]


def test_two_quiet_minutes_are_the_end() -> None:
    """Not a second less, and an alert that goes on for two minutes more begins none."""
    assert moves(live(QUIET - SECOND), room(2), {LAG: FIRES}, NOON) == []
    assert moves(live(QUIET), room(2), {LAG: FIRES}, NOON) == [Over(1)]


@pytest.mark.parametrize("rooms", [None, [], room(0, is_heard=False)])
def test_what_is_not_heard_is_not_quiet(rooms: list[Room] | None) -> None:
    """An exporter that is away, a stream it does not know, a feed that is cut: the entry waits, half an hour."""
    assert moves(live(UNHEARD - SECOND), rooms, {}, NOON) == []
    assert moves(live(UNHEARD), rooms, {}, NOON) == [Over(1)]


def test_an_answer_counts_for_its_wave() -> None:
    """People go on for a while; who is as loud five minutes later is not answered."""
    soon, late = live(answered=AGAIN - SECOND), live(answered=AGAIN)
    assert moves(soon, room(50), {}, NOON) == [Goes(1, Heard(50, 300), None)]
    assert moves(late, room(50), {}, NOON) == [Over(1), Begin(LAG, Heard(50, 300), None)]


@pytest.mark.parametrize(
    "answer",
    [None, [], "busy", {}, {"streams": None}, {"streams": [{"stream": "demo"}]}, {"streams": [1]},
     {"streams": [{"stream": "demo", "heard": True, "chatters": "many", "categories": []}]}],
)  # fmt: skip
def test_an_answer_of_another_kind_is_none(answer: object) -> None:
    """Nothing is guessed: whoever reads the page is told that nobody knows."""
    assert rooms_of(answer) is None


def test_hints_of_violations_are_no_complaints() -> None:
    """They call whoever can cut."""
    told: list[Mapping[str, object]] = [
        {"category": "violation", "users": 9, "samples": []},
        {"category": "lag", "users": 1, "samples": ["卡"]},
    ]
    answer = {"streams": [{"stream": "demo", "heard": True, "chatters": 30, "categories": told}]}
    assert rooms_of(answer) == (Room("demo", True, 30, {"lag": Heard(1, 30, ("卡",))}),)
