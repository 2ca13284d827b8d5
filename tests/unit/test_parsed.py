"""Webhooks between their acceptance and their folding: held within bounds, those first that are folded first."""

from datetime import UTC, datetime

from streamwatch.alert import Alert
from streamwatch.intake.parsed import HELD, Parsed

ALERTS = (Alert({}, {}, "firing", datetime(2026, 11, 22, tzinfo=UTC), None, "aa"),)


class Hand:
    """A clock of seconds that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_parsed_is_found_until_it_is_folded() -> None:
    """By its text, and no longer than it is needed."""
    parsed = Parsed()
    parsed.put(b"one", ALERTS)

    assert parsed.get(b"one") is ALERTS
    assert parsed.get(b"another") is None
    parsed.drop(b"one")
    parsed.drop(b"one")
    assert parsed.get(b"one") is None


def test_where_there_is_no_room_the_oldest_stay() -> None:
    """They are folded next; what comes then is parsed once more, and held as soon as there is room again."""
    parsed = Parsed(room=10)
    for text in (b"first", b"later", b"last!"):
        parsed.put(text, ALERTS)

    assert [parsed.get(text) is None for text in (b"first", b"later", b"last!")] == [False, False, True]
    parsed.drop(b"first")
    parsed.put(b"last!", ALERTS)
    assert parsed.get(b"last!") is ALERTS


def test_the_same_twice_takes_its_room_once() -> None:
    """A sender may post the same to the byte again."""
    parsed = Parsed(room=10)
    for text in (b"first", b"first", b"later"):
        parsed.put(text, ALERTS)

    assert parsed.get(b"later") is ALERTS


def test_what_another_receiver_folded_makes_room_after_a_while() -> None:
    """On one database two may accept, and one folds; and what is larger than all the room is not held at all."""
    hand = Hand()
    parsed = Parsed(room=10, now=hand)
    parsed.put(b"0123456789", ALERTS)
    hand.now = HELD - 1
    parsed.put(b"news", ALERTS)
    assert parsed.get(b"news") is None

    hand.now = HELD
    parsed.put(b"more than there is room for", ALERTS)
    parsed.put(b"news", ALERTS)
    assert parsed.get(b"0123456789") is None
    assert parsed.get(b"news") is ALERTS
