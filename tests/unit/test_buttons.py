"""What a button carries back: which incident, signed, in 64 bytes."""

from datetime import UTC, datetime, timedelta

import itsdangerous
import pytest

from streamwatch.access.buttons import Ack, AckList, BadButton, Buttons, OldButton
from streamwatch.access.links import Links

KEY = "the key of buttons"
NOW = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


def test_it_comes_back_as_it_went() -> None:
    """The incident, or the very instant until which a list counts."""
    buttons = Buttons(KEY)
    assert buttons.read(buttons.ack(12)) == Ack(12)
    assert buttons.read(buttons.ack_list(NOW)) == AckList(NOW)


def test_it_always_fits() -> None:
    """The largest number a database has, and a date far ahead, in what Telegram carries."""
    buttons = Buttons(KEY)
    assert len(buttons.ack(2**63 - 1).encode()) <= 64
    assert len(buttons.ack_list(datetime(2999, 1, 1, tzinfo=UTC)).encode()) <= 64


@pytest.mark.parametrize("words", ["", "ack-12", "ack-12.abc.def", "ack-12..", "\u0000", "ack-12.é.é", "x" * 5000])
def test_a_forged_one_is_none_of_ours(words: str) -> None:
    """However it looks."""
    with pytest.raises(BadButton):
        Buttons(KEY).read(words)


def test_every_change_is_seen() -> None:
    """One character anywhere, another key, and the words of a link."""
    signed = Buttons(KEY).ack(12)
    changed = [
        signed[:at] + ("A" if signed[at] != "A" else "B") + signed[at + 1 :] for at in range(len(signed) - 1)
    ]
    link = Links("http://x", KEY).ack(12, "alice").rpartition("/")[2]
    for words in (*changed, Buttons("another key").ack(12), link):
        with pytest.raises(BadButton):
            Buttons(KEY).read(words)


def test_a_button_is_no_link() -> None:
    """Its words open no page."""
    with pytest.raises(Exception, match="not one of ours"):
        Links("http://x", KEY).read_ack(Buttons(KEY).ack(12))


def test_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day later it takes nothing."""
    buttons = Buttons(KEY)
    signed = buttons.ack(12)
    now = itsdangerous.TimestampSigner(KEY).get_timestamp()
    later = now + int(timedelta(days=1).total_seconds()) + 60
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda _: later)
    with pytest.raises(OldButton):
        buttons.read(signed)
