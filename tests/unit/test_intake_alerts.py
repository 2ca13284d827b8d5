"""Alerts of a webhook are made when asked for: however one asks, they are the same."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from streamwatch.errors import NotAWebhook
from streamwatch.intake.alertmanager import parse
from streamwatch.intake.alerts import NO_TIME

START = "2026-11-22T12:00:00.123456789Z"
FIRING = {
    "status": "firing",
    "labels": {"alertname": "A", "severity": "P0"},
    "startsAt": START,
    "fingerprint": "f1",
}
ENDED = {
    "status": "resolved",
    "labels": {"alertname": "B"},
    "startsAt": "0001-01-01T00:00:00Z",
    "endsAt": "2026-11-22T20:00:01+08:00",
}


def body(*alerts: dict[str, Any]) -> bytes:
    return json.dumps({"version": "4", "alerts": alerts}).encode()


def test_one_a_slice_and_all_are_the_same() -> None:
    """By place, from the end, in part and in order."""
    alerts = parse(body(FIRING, ENDED))
    assert list(alerts) == [alerts[0], alerts[-1]] == alerts[0:] == [*alerts[:1], alerts[1]]
    assert len(alerts) == 2
    assert [each.name for each in alerts] == ["A", "B"]


def test_what_they_say_is_what_each_says() -> None:
    """Fingerprint (made of the labels where there is none), start and status, without the alerts themselves."""
    alerts = parse(body(FIRING, ENDED))
    assert alerts.said() == [each.said for each in alerts]
    assert alerts.said()[0] == ("f1", datetime(2026, 11, 22, 12, 0, 0, 123000, UTC), "firing")
    assert alerts[1].starts_at == NO_TIME
    assert len(alerts[1].fingerprint) == 16


def test_the_urgent_are_counted() -> None:
    """As each alert says of itself."""
    alerts = parse(body(FIRING, ENDED, FIRING))
    assert alerts.urgent == sum(each.is_urgent for each in alerts) == 2


def test_an_end_counts_when_it_is_over() -> None:
    """What fires has none, even an unreadable one: Alertmanager writes there when it will give up waiting."""
    alerts = parse(body(FIRING | {"endsAt": "soon"}, ENDED))
    assert [each.ends_at for each in alerts] == [None, datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("alert", "place"),
    [
        (FIRING | {"startsAt": "soon"}, r"alerts\.1\.startsAt: .*"),
        (ENDED | {"endsAt": "soon"}, r"alerts\.1\.endsAt: .*"),
        (ENDED | {"endsAt": "9999-12-31T23:59:59-08:00"}, r"alerts\.1: a time beyond the calendar"),
        (ENDED | {"startsAt": "x" * 65}, r"alerts\.1\.startsAt: .*"),
    ],
)
def test_a_time_that_cannot_be_read_is_refused_at_once(alert: dict[str, Any], place: str) -> None:
    """Whatever is taken can be folded: nothing is found out later, when its sender has had its answer."""
    with pytest.raises(NotAWebhook, match=place):
        parse(body(FIRING, alert))
