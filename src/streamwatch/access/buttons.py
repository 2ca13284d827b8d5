"""Signed words that a button in a chat carries back to us: they say which incident, never who pressed.

They are at most 64 bytes long, the least of what the services carry (Telegram's callback_data).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, SignatureExpired, TimestampSigner

from streamwatch.errors import StreamWatchError

MAX_AGE = 24 * 3600  # seconds, as links
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class BadButton(StreamWatchError):
    """This button is not one of ours, or what it carries was changed."""


class OldButton(StreamWatchError):
    """This button has expired."""


@dataclass(frozen=True)
class Ack:
    """Take one incident."""

    incident: int


@dataclass(frozen=True)
class AckList:
    """Take everything that whoever presses was called for until then."""

    until: datetime


class Buttons:
    def __init__(self, key: str) -> None:
        self._signer = TimestampSigner(key, salt="button")

    def ack(self, incident: int) -> str:
        return self._signer.sign(f"ack-{incident}").decode()

    def ack_list(self, until: datetime) -> str:
        return self._signer.sign(f"all-{(until - EPOCH) // MICROSECOND}").decode()

    def read(self, words: str) -> Ack | AckList:
        """Raises `BadButton` or `OldButton`."""
        try:
            purpose, _, number = self._signer.unsign(words, max_age=MAX_AGE).decode().partition("-")
        except SignatureExpired:
            raise OldButton from None
        except (BadSignature, ValueError):
            raise BadButton from None
        if purpose == "ack":
            return Ack(int(number))
        return AckList(EPOCH + int(number) * MICROSECOND)
