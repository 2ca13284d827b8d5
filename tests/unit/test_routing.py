"""Which role an alert belongs to, and how it shows that nobody claimed it."""

from datetime import UTC, datetime

import pytest

from streamwatch.alert import Alert
from streamwatch.duty import ROLES
from streamwatch.incidents.routing import route


def alert(**labels: str) -> Alert:
    return Alert(labels, {}, "firing", datetime(2026, 11, 22, tzinfo=UTC), None, "aa")


@pytest.mark.parametrize("role", [role for role in ROLES if role != "host"])
def test_the_label_names_the_role(role: str) -> None:
    """Every role but the host is called by its label."""
    answer = route(alert(role=role), "ops")
    assert (answer.role, answer.routed) == (role, True)
    assert role in answer.reason.zh
    assert role in answer.reason.en


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({}, "no label role"),
        ({"role": ""}, "no label role"),
        ({"role": "Tech"}, "unknown role"),
        ({"role": "tech "}, "unknown role"),
        ({"role": "{why}"}, "unknown role"),
        ({"role": "host"}, "host is never paged"),
    ],
)
def test_what_nobody_claims_goes_to_the_fallback(labels: dict[str, str], words: str) -> None:
    """It is not lost, it says why, and it counts as not routed."""
    answer = route(alert(**labels), "service")
    assert (answer.role, answer.routed) == ("service", False)
    assert words in answer.reason.en
    assert answer.reason.zh
