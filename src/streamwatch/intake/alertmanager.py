"""Alertmanager's webhook, version 4, as its documentation and its senders have it.

Source: prometheus.io/docs/alerting/latest/configuration/#webhook_config; template/template.go for the fields.
A webhook's group is only its envelope: each alert has its own status. Unknown fields are of newer versions.
"""

from typing import Literal, NotRequired

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from streamwatch.errors import NotAWebhook
from streamwatch.intake.alerts import Alerts, Written, mistaken_time
from streamwatch.intake.parsed import Parsed

NOT_ONE = "not an Alertmanager webhook of version 4"
MAX_BODY = 4 * 1024 * 1024  # bytes: some 4,000 alerts; more in one post is not what Alertmanager sends


class _Webhook(TypedDict):
    version: Literal["4"]
    alerts: list[Written]
    truncatedAlerts: NotRequired[int]


_WEBHOOK = TypeAdapter(_Webhook)


def read(body: bytes) -> Alerts:
    """What `parse` makes of *body*, parsed once: folding meets it after the intake, and a large one in parts."""
    alerts = _parsed.get(body)
    if alerts is None:
        _parsed.put(body, alerts := parse(body))
    return alerts


def done(body: bytes) -> None:
    """It is folded: nobody will read it again soon."""
    _parsed.drop(body)


_parsed = Parsed()


def parse(body: bytes) -> Alerts:
    """The alerts of one webhook. Raises `NotAWebhook` naming the first place that is wrong."""
    try:
        webhook = _WEBHOOK.validate_json(body)
    except ValidationError as error:
        raise NotAWebhook(_first_mistake(error)) from None
    if mistaken := mistaken_time(webhook["alerts"]):
        place, field, mistake = mistaken
        if isinstance(mistake, ValidationError):
            raise NotAWebhook(_first_mistake(mistake, "alerts", place, field))
        raise NotAWebhook(f"{NOT_ONE}: alerts.{place}: a time beyond the calendar")
    return Alerts(webhook["alerts"])


def _first_mistake(error: ValidationError, *within: str | int) -> str:
    """Place and kind, never the value: a label may hold anything."""
    mistake = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, (*within, *mistake["loc"])))
    return f"{NOT_ONE}: {place or 'body'}: {mistake['msg']}"
