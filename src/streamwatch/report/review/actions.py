"""Action items as a review tells them: its own, and what earlier ones left open. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from streamwatch.report.review.scope import Scope


class Action(NamedTuple):
    """*whence* is the session or the incident, "#12", that it came of; "" for neither."""

    number: str
    text: str
    owner: str  # their name
    due: date
    overdue: bool
    done: bool
    whence: str
    session: str | None
    added_at: datetime
    done_at: datetime | None


def action(told: Mapping[str, Any]) -> Action:
    """*told* is the API's. Raises `KeyError`, `TypeError` or `ValueError` when it is none."""
    incident, done_at = told["incident"], told["done_at"]
    return Action(
        str(told["id"]),
        str(told["text"]),
        str(told["owner_name"]),
        date.fromisoformat(told["due"]),
        bool(told["overdue"]),
        done_at is not None,
        told["session"] or (f"#{incident}" if incident else ""),
        told["session"],
        datetime.fromisoformat(told["added_at"]),
        datetime.fromisoformat(done_at) if done_at else None,
    )


def belonging(actions: Iterable[Action], scope: Scope) -> tuple[Action, ...]:
    """Its own; what was added or done in its time; and all that is open still, so that nothing is forgotten."""
    span = scope.span
    return tuple(
        each
        for each in actions
        if not each.done
        or (scope.session is not None and each.session == scope.session)
        or any(at is not None and span.start <= at < span.end for at in (each.added_at, each.done_at))
    )
