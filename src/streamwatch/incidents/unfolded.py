"""What is left to fold of an accepted webhook: large ones are folded in parts, urgent alerts ahead of turn."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row

from streamwatch.alert import Alert, Said
from streamwatch.intake.alertmanager import done, read

Webhook = Row[Any]
"""A row of the inbox: `id body folded ahead`."""


class Place(NamedTuple):
    """An alert of a webhook, and how many stand before it."""

    place: int
    alert: Alert


def alerts_left(webhook: Webhook) -> tuple[Sequence[Alert], list[Said]]:
    """All of its alerts that are not folded, and what they say."""
    if webhook.folded or webhook.ahead:
        alerts = [each.alert for each in left(webhook)]
        return alerts, [each.said for each in alerts]
    whole = read(webhook.body)
    return whole, whole.said()


def left(webhook: Webhook) -> list[Place]:
    """All of its alerts that are not folded."""
    waiting = _from(webhook, webhook.folded)
    return [each for each in waiting if each.place >= webhook.ahead or not each.alert.is_urgent]


def urgent_left(webhook: Webhook) -> list[Place]:
    """Those of its urgent alerts that are not folded."""
    begin = max(webhook.folded, webhook.ahead)
    return [each for each in _from(webhook, begin) if each.alert.is_urgent]


def forget(webhooks: Iterable[Webhook]) -> None:
    """Nothing is left of them."""
    for webhook in webhooks:
        done(webhook.body)


def _from(webhook: Webhook, begin: int) -> Iterable[Place]:
    return map(Place._make, enumerate(read(webhook.body)[begin:], begin))
