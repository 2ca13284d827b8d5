"""Alertmanager's webhook, version 4, as its documentation and its senders have it.

Source: prometheus.io/docs/alerting/latest/configuration/#webhook_config; template/template.go for the fields.
A webhook's group is only its envelope: each alert has its own status. Unknown fields are of newer versions.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Literal, NotRequired

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from streamwatch.alert import Alert, fingerprint_of, in_millis
from streamwatch.errors import NotAWebhook
from streamwatch.intake.parsed import Parsed

NOT_ONE = "not an Alertmanager webhook of version 4"
MAX_BODY = 4 * 1024 * 1024  # bytes: some 4,000 alerts; more in one post is not what Alertmanager sends


# An alert that says no start: always the same one, so that its repeats are repeats.
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


# Typed dicts: to make an object of a model of each takes a fifth longer. Times as they are written: what is told
# again and again began when it began, and one look tells whether a text was read before.
_Written = Annotated[str, Field(max_length=64)]  # it is remembered


class _Alert(TypedDict):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: NotRequired[dict[str, str]]
    startsAt: _Written
    endsAt: NotRequired[_Written | None]
    fingerprint: NotRequired[str]


class _Webhook(TypedDict):
    version: Literal["4"]
    alerts: list[_Alert]
    truncatedAlerts: NotRequired[int]


_WEBHOOK, _TIME = TypeAdapter(_Webhook), TypeAdapter(datetime)


def read(body: bytes) -> Sequence[Alert]:
    """What `parse` makes of *body*, parsed once: folding meets it after the intake, and a large one in parts."""
    alerts = _parsed.get(body)
    if alerts is None:
        _parsed.put(body, alerts := parse(body))
    return alerts


def done(body: bytes) -> None:
    """It is folded: nobody will read it again soon."""
    _parsed.drop(body)


_parsed = Parsed()


def parse(body: bytes) -> list[Alert]:
    """The alerts of one webhook. Raises `NotAWebhook` naming the first place that is wrong."""
    try:
        webhook = _WEBHOOK.validate_json(body)
    except ValidationError as error:
        raise NotAWebhook(_first_mistake(error)) from None
    return [_alert(alert, place) for place, alert in enumerate(webhook["alerts"])]


def _alert(alert: _Alert, place: int) -> Alert:
    status, labels = alert["status"], alert["labels"]
    starts_at, ends_at = _time(alert["startsAt"], place, "startsAt"), None
    if status == "resolved" and (written := alert.get("endsAt")) is not None:
        ends_at = _time(written, place, "endsAt")
    fingerprint = alert.get("fingerprint", "")[:64] or fingerprint_of(labels)
    return Alert(labels, alert.get("annotations", {}), status, starts_at or NO_TIME, ends_at, fingerprint)


def _time(written: str, place: int, field: str) -> datetime | None:
    try:
        return _instant(written)
    except ValidationError as error:
        raise NotAWebhook(_first_mistake(error, "alerts", place, field)) from None
    except OverflowError:
        raise NotAWebhook(f"{NOT_ONE}: alerts.{place}: a time beyond the calendar") from None


@lru_cache(maxsize=10_000)
def _instant(written: str) -> datetime | None:
    """In UTC. Go's zero time means "none"; converting the year 1 to another zone would overflow."""
    value = _TIME.validate_python(written)
    if value.year <= 1:
        return None
    return in_millis(value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


def _first_mistake(error: ValidationError, *within: str | int) -> str:
    """Place and kind, never the value: a label may hold anything."""
    mistake = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, (*within, *mistake["loc"])))
    return f"{NOT_ONE}: {place or 'body'}: {mistake['msg']}"
