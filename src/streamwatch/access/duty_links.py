"""Signed links about duty: a calendar that may only be read, and the card of somebody who takes over."""

from itsdangerous import BadSignature, SignatureExpired, URLSafeSerializer, URLSafeTimedSerializer

from streamwatch.access.links import MAX_AGE, BadLink, OldLink

EVERYBODY = ""  # of a calendar


class DutyLinks:
    """Makes and reads links below *public_url*. A calendar's does not run out: a new link key ends them all."""

    def __init__(self, public_url: str, key: str) -> None:
        self._public_url = public_url.rstrip("/")
        self._calendars = URLSafeSerializer(key, salt="calendar")
        self._cards = URLSafeTimedSerializer(key, salt="handover")

    def calendar(self, person: str = EVERYBODY) -> str:
        return f"{self._public_url}/duty.ics?token={self._calendars.dumps(person)}"

    def read_calendar(self, token: str) -> str:
        """Whose calendar it is. Raises `BadLink`."""
        try:
            return str(self._calendars.loads(token))
        except BadSignature:
            raise BadLink from None

    def card(self, person: str) -> str:
        return f"{self._public_url}/h/{self.card_token(person)}"

    def card_token(self, person: str) -> str:
        return str(self._cards.dumps(person))

    def read_card(self, token: str) -> str:
        """Who takes over. Raises `BadLink` or `OldLink`."""
        try:
            return str(self._cards.loads(token, max_age=MAX_AGE))
        except SignatureExpired:
            raise OldLink from None
        except BadSignature:
            raise BadLink from None
