"""Signed links: one incident, one person, one purpose, for a limited time."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from streamwatch.errors import StreamWatchError

MAX_AGE = 24 * 3600  # seconds: longer than any stream


class BadLink(StreamWatchError):
    """This link is not one of ours, or it was changed on its way."""


class OldLink(StreamWatchError):
    """This link has expired."""


class AckLink(NamedTuple):
    incident: int
    person: str


class ListLink(NamedTuple):
    """Everything that *person* was called for until then."""

    person: str
    until: datetime


class Links:
    """Makes and reads links below *public_url*."""

    def __init__(self, public_url: str, key: str) -> None:
        self._public_url = public_url.rstrip("/")
        self._acks = URLSafeTimedSerializer(key, salt="ack")
        self._mine = URLSafeTimedSerializer(key, salt="mine")
        self._lists = URLSafeTimedSerializer(key, salt="ack-list")

    def ack(self, incident: int, person: str) -> str:
        return f"{self._public_url}/a/{self._acks.dumps([incident, person])}"

    def read_ack(self, token: str) -> AckLink:
        """Raises `BadLink` or `OldLink`."""
        incident, person = self._read(self._acks, token)
        return AckLink(int(incident), str(person))

    def ack_list(self, person: str, until: datetime) -> str:
        return f"{self._public_url}/l/{self._lists.dumps([person, until.timestamp()])}"

    def read_ack_list(self, token: str) -> ListLink:
        """Raises `BadLink` or `OldLink`."""
        person, until = self._read(self._lists, token)
        return ListLink(str(person), datetime.fromtimestamp(float(until), UTC))

    def mine(self, person: str) -> str:
        return f"{self._public_url}/m/{self._mine.dumps(person)}"

    def read_mine(self, token: str) -> str:
        """Whose alerts. Raises `BadLink` or `OldLink`."""
        try:
            return str(self._mine.loads(token, max_age=MAX_AGE))
        except SignatureExpired:
            raise OldLink from None
        except BadSignature:
            raise BadLink from None

    def console(self, incident: int | None) -> str:
        return f"{self._public_url}/" if incident is None else f"{self._public_url}/incidents/{incident}"

    def _read(self, signer: URLSafeTimedSerializer, token: str) -> tuple[Any, Any]:
        try:
            one, other = signer.loads(token, max_age=MAX_AGE)
        except SignatureExpired:
            raise OldLink from None
        except (BadSignature, ValueError, TypeError):
            raise BadLink from None
        return one, other
