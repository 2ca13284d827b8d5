"""Alertmanager's webhook, version 4, as its documentation and its senders have it.

Source: prometheus.io/docs/alerting/latest/configuration/#webhook_config; template/template.go for the fields.
A webhook's group is only its envelope: each alert has its own status. Unknown fields are of newer versions.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ValidationError

from streamwatch.alert import Alert, fingerprint_of
from streamwatch.errors import NotAWebhook

NOT_ONE = "not an Alertmanager webhook of version 4"
MAX_BODY = 4 * 1024 * 1024  # bytes: some 4,000 alerts; more in one post is not what Alertmanager sends


# An alert that says no start: always the same one, so that its repeats are repeats.
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class _Alert(BaseModel):
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: datetime  # noqa: N815 - the sender's name
    endsAt: datetime | None = None  # noqa: N815
    fingerprint: str = ""


class _Webhook(BaseModel):
    version: Literal["4"]
    alerts: list[_Alert]
    truncatedAlerts: int = 0  # noqa: N815


def read(body: bytes) -> Sequence[Alert]:
    """What `parse` makes of *body*, parsed once: folding meets it after the intake, and a large one in parts."""
    return (_little if len(body) <= LITTLE else _small if len(body) <= SMALL else _large)(body)


def _parsed(body: bytes) -> Sequence[Alert]:
    return tuple(parse(body))


LITTLE, SMALL = (
    16 * 1024,
    256 * 1024,
)  # bytes; of these few are little memory, of larger ones the last is remembered
_little = lru_cache(maxsize=1000)(_parsed)
_small = lru_cache(maxsize=100)(_parsed)
_large = lru_cache(maxsize=1)(_parsed)


def parse(body: bytes) -> list[Alert]:
    """The alerts of one webhook. Raises `NotAWebhook` naming the first place that is wrong."""
    try:
        webhook = _Webhook.model_validate_json(body)
    except ValidationError as error:
        raise NotAWebhook(_first_mistake(error)) from None
    return [_alert(alert, place) for place, alert in enumerate(webhook.alerts)]


def _alert(alert: _Alert, place: int) -> Alert:
    try:
        starts_at, ends_at = _time(alert.startsAt), _time(alert.endsAt) if alert.status == "resolved" else None
    except OverflowError:
        raise NotAWebhook(f"{NOT_ONE}: alerts.{place}: a time beyond the calendar") from None
    return Alert(
        labels=alert.labels,
        annotations=alert.annotations,
        status=alert.status,
        starts_at=starts_at or NO_TIME,
        ends_at=ends_at,
        fingerprint=alert.fingerprint[:64] or fingerprint_of(alert.labels),
    )


def _time(value: datetime | None) -> datetime | None:
    """In UTC. Not a validator: called from within pydantic it would cost as much as all else of an alert.

    Go's zero time means "none"; converting the year 1 to another zone would overflow.
    """
    if value is None or value.year <= 1:
        return None
    utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    # The API of Alertmanager tells the same start in milliseconds, the webhook in nanoseconds.
    beyond = utc.microsecond % 1000
    return utc - timedelta(microseconds=beyond) if beyond else utc


def _first_mistake(error: ValidationError) -> str:
    """Place and kind, never the value: a label may hold anything."""
    mistake: Mapping[str, object] = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in mistake["loc"]) if isinstance(mistake["loc"], tuple) else ""
    return f"{NOT_ONE}: {place or 'body'}: {mistake['msg']}"
