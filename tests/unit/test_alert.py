"""An alert: what its labels say, and which episode it is."""

from datetime import UTC, datetime

import pytest

from streamwatch.alert import SEVERITIES, Alert, Episode, Severity, fingerprint_of, worse

START = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)


def alert(**labels: str) -> Alert:
    return Alert(labels, {}, "firing", START, None, "00000000000000aa")


def test_the_labels_say_what_it_is() -> None:
    """Name, stream, hop and procedure come from the labels."""
    given = alert(alertname="PlaybackStalled", stream="demo", hop="playback", procedure="stream_interruption")
    assert (given.name, given.stream, given.hop) == ("PlaybackStalled", "demo", "playback")
    assert given.procedure == "stream_interruption"


def test_an_alert_without_labels_is_still_one() -> None:
    """Nothing that is missing makes an alert fall over."""
    bare = alert()
    assert (bare.name, bare.stream, bare.hop, bare.procedure) == ("", "", "", "")


@pytest.mark.parametrize("labels", [{}, {"procedure": ""}])
def test_without_a_procedure_the_name_folds(labels: dict[str, str]) -> None:
    """Alerts that name no procedure belong together by their name, and with no others."""
    assert alert(alertname="DiskFull", **labels).procedure == "DiskFull"


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_known_severity_stands(severity: Severity) -> None:
    """P0 to P3 are taken as they are."""
    assert alert(severity=severity).severity == severity


@pytest.mark.parametrize("label", ["", "p0", "P4", "critical", " P0", "none"])
def test_an_unknown_severity_is_loud(label: str) -> None:
    """What nobody knows is P1: a call too many is mended, a call too few is not."""
    assert alert(severity=label).severity == "P1"


@pytest.mark.parametrize(
    ("labels", "beats"),
    [
        ({"alertname": "Watchdog"}, True),
        ({"alertname": "Watchdog", "severity": "P0"}, True),
        ({"alertname": "StillAlive", "severity": "none"}, True),
        ({"alertname": "watchdog"}, False),
        ({"alertname": "StreamNotPublishing", "severity": "P0"}, False),
        ({}, False),
    ],
)
def test_a_heartbeat_calls_nobody(labels: dict[str, str], beats: bool) -> None:
    """The Watchdog, and what says of itself that it has no severity."""
    assert alert(**labels).is_heartbeat is beats


def test_the_same_series_with_another_start_is_another_episode() -> None:
    """Fingerprint and start together are the episode."""
    assert alert().episode == Episode("00000000000000aa", START)
    later = Alert({}, {}, "firing", START.replace(hour=12), None, "00000000000000aa")
    assert later.episode != alert().episode


def test_the_order_of_labels_does_not_matter() -> None:
    """Two senders may list the same labels in another order."""
    assert fingerprint_of({"a": "1", "b": "2"}) == fingerprint_of({"b": "2", "a": "1"})


@pytest.mark.parametrize(
    "other", [{"a": "1"}, {"a": "1", "b": "3"}, {"a": "12"}, {"a": "1", "b": "2", "c": ""}, {"ab": "12"}, {}]
)
def test_other_labels_have_another_fingerprint(other: dict[str, str]) -> None:
    """Names and values do not run into each other."""
    assert fingerprint_of(other) != fingerprint_of({"a": "1", "b": "2"})


@pytest.mark.parametrize("value", ["", "卡😀", 'a"b\n', "\udcff"])
def test_any_value_has_a_fingerprint(value: str) -> None:
    """Sixteen hex digits, also for text that UTF-8 cannot hold."""
    fingerprint = fingerprint_of({"text": value})
    assert len(fingerprint) == 16
    assert int(fingerprint, 16) >= 0


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [("P0", "P1", True), ("P1", "P0", False), ("P2", "P2", False), ("P0", "P3", True), ("P3", "P2", False)],
)
def test_worse_is_strictly_more_urgent(one: Severity, other: Severity, answer: bool) -> None:
    """The same severity is not worse than itself."""
    assert worse(one, other) is answer
