"""What somebody may do in the console or by the API: a viewer reads, ops act, an admin looks after it. Pure."""

from dataclasses import dataclass
from typing import Literal

Right = Literal["viewer", "ops", "admin"]
How = Literal["session", "expired", "proxy", "password", "token", "link", "said", "open"]
"""How it is known who asks. `open`: nobody was asked, because only this machine can; `expired`: a session that ran
out and was not ended, which is good for the emergency pages and for nothing else; `said`: nothing proves it.
"""

_ORDER: dict[Right, int] = {"viewer": 0, "ops": 1, "admin": 2}


def reaches(has: Right, needs: Right) -> bool:
    """Each right holds those below it."""
    return _ORDER[has] >= _ORDER[needs]


def strongest(rights: dict[int, Right]) -> int:
    """The key of the highest right, the first of equals."""
    return max(rights, key=lambda key: (_ORDER[rights[key]], -key))


@dataclass(frozen=True)
class Caller:
    """Who asks, as far as is known. *name* is that of an account, of a token, or whom a link is for;
    empty when nobody asked.

    *session* binds marks of forms; it is empty where there is none, and never shown.
    """

    name: str
    right: Right
    how: How
    session: str = ""
    address: str = ""

    def may(self, right: Right) -> bool:
        return reaches(self.right, right)

    def __repr__(self) -> str:
        return f"Caller({self.name!r}, {self.right}, {self.how})"
