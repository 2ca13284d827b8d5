"""Alertmanager's webhook, version 4, as its documentation and its senders have it.

Source: prometheus.io/docs/alerting/latest/configuration/#webhook_config; template/template.go for the fields.
A webhook's group is only its envelope: each alert has its own status. Unknown fields are of newer versions.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ValidationError, field_validator

from streamwatch.alert import Alert, fingerprint_of
from streamwatch.errors import NotAWebhook

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

    @field_validator("startsAt", "endsAt")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        """Go's zero time means "none"; converting the year 1 to another zone would overflow."""
        if value is None or value.year <= 1:
            return None
        try:
            utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError:
            raise ValueError("a time beyond the calendar") from None
        # The API of Alertmanager tells the same start in milliseconds, the webhook in nanoseconds.
        return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


class _Webhook(BaseModel):
    version: Literal["4"]
    alerts: list[_Alert]
    truncatedAlerts: int = 0  # noqa: N815


def read(body: bytes) -> Sequence[Alert]:
    """What `parse` makes of *body*, parsed once: folding meets it after the intake, and a large one in parts."""
    return (_small if len(body) <= SMALL else _large)(body)


def _parsed(body: bytes) -> Sequence[Alert]:
    return tuple(parse(body))


SMALL = 256 * 1024  # bytes; a hundred of these are little memory, of larger ones only the last is remembered
_small = lru_cache(maxsize=100)(_parsed)
_large = lru_cache(maxsize=1)(_parsed)


def parse(body: bytes) -> list[Alert]:
    """The alerts of one webhook. Raises `NotAWebhook` naming the first place that is wrong."""
    try:
        webhook = _Webhook.model_validate_json(body)
    except ValidationError as error:
        raise NotAWebhook(_first_mistake(error)) from None
    return [_alert(alert) for alert in webhook.alerts]


def _alert(alert: _Alert) -> Alert:
    return Alert(
        labels=alert.labels,
        annotations=alert.annotations,
        status=alert.status,
        starts_at=alert.startsAt or NO_TIME,
        ends_at=alert.endsAt if alert.status == "resolved" else None,
        fingerprint=alert.fingerprint[:64] or fingerprint_of(alert.labels),
    )


def _first_mistake(error: ValidationError) -> str:
    """Place and kind, never the value: a label may hold anything."""
    mistake: Mapping[str, object] = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in mistake["loc"]) if isinstance(mistake["loc"], tuple) else ""
    return f"not an Alertmanager webhook of version 4: {place or 'body'}: {mistake['msg']}"
