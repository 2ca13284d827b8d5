"""The alerts of one webhook, made of what its sender wrote when somebody asks for them.

Nearly all of a storm is repeats, of which nobody asks more than what they say: to make ten thousand alerts a second
for them costs half as much again as to parse the webhooks.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Literal, NotRequired, overload

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from streamwatch.alert import Alert, Said, fingerprint_of, in_millis, is_urgent

# An alert that says no start: always the same one, so that its repeats are repeats.
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)

# Typed dicts: to make an object of a model of each takes a fifth longer. Times as they are written: what is told
# again and again began when it began, and one look tells whether a text was read before.
_Instant = Annotated[str, Field(max_length=64)]  # it is remembered


class Written(TypedDict):
    """An alert as its sender wrote it."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: NotRequired[dict[str, str]]
    startsAt: _Instant
    endsAt: NotRequired[_Instant | None]
    fingerprint: NotRequired[str]


class Alerts(Sequence[Alert]):
    def __init__(self, written: Sequence[Written]) -> None:
        """*written*, whose times can be read (`mistaken_time`)."""
        self._written = written

    def __len__(self) -> int:
        return len(self._written)

    @overload
    def __getitem__(self, place: int) -> Alert: ...
    @overload
    def __getitem__(self, place: slice) -> list[Alert]: ...
    def __getitem__(self, place: int | slice) -> Alert | list[Alert]:
        found = self._written[place]
        return _alert(found) if isinstance(found, dict) else [_alert(each) for each in found]

    def __iter__(self) -> Iterator[Alert]:
        return map(_alert, self._written)

    @property
    def urgent(self) -> int:
        """How many of them cannot wait for their turn."""
        return sum([is_urgent(each["labels"]) for each in self._written])

    def said(self) -> list[Said]:
        """What each says of its episode, in their order."""
        return [(_fingerprint(each), _start(each), each["status"]) for each in self._written]


def mistaken_time(written: Sequence[Written]) -> tuple[int, str, ValueError | OverflowError] | None:
    """Place, field and mistake of the first time that cannot be read."""
    for place, alert in enumerate(written):
        field = "startsAt"
        try:
            _start(alert)
            field = "endsAt"
            _end(alert)
        except (ValueError, OverflowError) as error:
            return place, field, error
    return None


def _alert(written: Written) -> Alert:
    return Alert(
        written["labels"],
        written.get("annotations", {}),
        written["status"],
        _start(written),
        _end(written),
        _fingerprint(written),
    )


def _fingerprint(written: Written) -> str:
    return written.get("fingerprint", "")[:64] or fingerprint_of(written["labels"])


def _start(written: Written) -> datetime:
    return _instant(written["startsAt"]) or NO_TIME


def _end(written: Written) -> datetime | None:
    """While it fires it has none, whatever its sender expects."""
    if written["status"] == "firing" or (end := written.get("endsAt")) is None:
        return None
    return _instant(end)


_TIME = TypeAdapter(datetime)


@lru_cache(maxsize=10_000)
def _instant(written: str) -> datetime | None:
    """In UTC. Go's zero time means "none"; converting the year 1 to another zone would overflow."""
    value = _TIME.validate_python(written)
    if value.year <= 1:
        return None
    return in_millis(value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))
