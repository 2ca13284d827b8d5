"""Marks of our own forms: each is for one purpose, and for whoever was shown the form.

A page from elsewhere can make a browser post to us, with its cookies, but it cannot read a mark. They do not age:
the page with the emergency buttons may have been open for weeks. They end with what they are bound to.
"""

import hmac
from hashlib import sha256

from itsdangerous import BadSignature, URLSafeSerializer


class Presses:
    def __init__(self, key: str) -> None:
        self._signer = URLSafeSerializer(key, salt="press")

    def token(self, purpose: str, bound_to: str) -> str:
        """To be hidden in a form for *purpose*. *bound_to* is a secret of its reader: session, cookie or link."""
        return str(self._signer.dumps([purpose, _digest(bound_to)]))

    def is_ours(self, token: str, purpose: str, bound_to: str) -> bool:
        """Whether this reader was shown that form. Nothing is bound to an empty secret."""
        bound = self._bound(token, purpose)
        return bool(bound_to) and bound is not None and hmac.compare_digest(bound, _digest(bound_to))

    def is_anybodys(self, token: str, purpose: str) -> bool:
        """Whether somebody was shown that form: no proof against forms from elsewhere by itself."""
        return self._bound(token, purpose) is not None

    def _bound(self, token: str, purpose: str) -> str | None:
        try:
            meant, bound = self._signer.loads(token)
        except (BadSignature, ValueError, TypeError):
            return None
        return str(bound) if meant == purpose else None


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()[:32]
