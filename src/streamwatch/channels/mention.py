"""Whom a contact's `to` names: a mobile number, a user id, or nobody a robot could call."""

import re

_MOBILE = re.compile(r"(?:\+?86-?)?(1\d{10})")
_ABROAD = re.compile(r"\+\d{1,4}-?\d{4,14}")
_USER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


def mobile(to: str) -> str | None:
    """The number as the robots want it: eleven digits for mainland China, +country-number elsewhere."""
    if found := _MOBILE.fullmatch(to):
        return found[1]
    return to if _ABROAD.fullmatch(to) else None


def international(to: str) -> str | None:
    """The number as the world writes it (E.164): a plus, the country, the number."""
    number = mobile(to)
    if number is None:
        return None
    return number.replace("-", "") if number.startswith("+") else f"+86{number}"


def user_id(to: str) -> str | None:
    """The id, when it is one. "all" is not: a page calls one person, never a whole group."""
    return to if _USER_ID.fullmatch(to) and to.lower() != "all" else None
