"""Marks of our own forms.

A page from elsewhere can make a browser post to us, with its password, but it cannot read a mark. They do not age:
the page with the emergency buttons may have been open for weeks.
"""

from itsdangerous import BadSignature, URLSafeSerializer


class Presses:
    def __init__(self, key: str) -> None:
        self._signer = URLSafeSerializer(key, salt="press")

    def token(self, purpose: str) -> str:
        """To be hidden in a form for *purpose*."""
        return str(self._signer.dumps(purpose))

    def is_ours(self, token: str, purpose: str) -> bool:
        try:
            return bool(self._signer.loads(token) == purpose)
        except BadSignature:
            return False
