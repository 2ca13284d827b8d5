"""How episodes fold into incidents: what one alert means, and what an episode that begins does."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from streamwatch.alert import Alert, Severity
from streamwatch.incidents.incident import LATE_NEWS, Effect, Known, Move, effect, fold_key, move

AT = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
Status = Literal["firing", "resolved"]


def alert(status: Status = "firing", **labels: str) -> Alert:
    named = {"alertname": "StreamNotPublishing", "stream": "demo", "procedure": "stream_interruption"} | labels
    return Alert(named, {}, status, AT, None, "aa")


@pytest.mark.parametrize(
    ("known", "status", "what"),
    [
        (None, "firing", Move.BEGIN),
        (None, "resolved", Move.UNHEARD),
        ("firing", "firing", Move.DUPLICATE),
        ("firing", "resolved", Move.END),
        ("resolved", "resolved", Move.DUPLICATE),
    ],
)
def test_what_an_alert_means(known: Status | None, status: Status, what: Move) -> None:
    """It begins once, ends once, and everything else was told before."""
    record = None if known is None else Known(known, AT)
    assert move(alert(status), record, AT + timedelta(hours=1)) is what


@pytest.mark.parametrize(
    ("late", "what"),
    [
        (timedelta(0), Move.DUPLICATE),
        (LATE_NEWS, Move.DUPLICATE),
        (LATE_NEWS + timedelta(microseconds=1), Move.AGAIN),
        (timedelta(hours=3), Move.AGAIN),
        (timedelta(seconds=-5), Move.DUPLICATE),
    ],
)
def test_a_firing_after_its_own_end(late: timedelta, what: Move) -> None:
    """Soon after the end it is old news from a peer that lags, or of a clock set back; later it is true again."""
    assert move(alert("firing"), Known("resolved", AT), AT + late) is what


@pytest.mark.parametrize("known", [None, Known("firing", AT), Known("resolved", AT)])
@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_the_watchdog_is_never_an_episode(known: Known | None, status: Status) -> None:
    """Whatever is on record: while it fires it is a heartbeat, and its end is silence."""
    what = Move.HEARTBEAT if status == "firing" else Move.SILENCE
    assert move(alert(status, alertname="Watchdog"), known, AT) is what


@pytest.mark.parametrize(
    ("firing", "severity", "what"),
    [
        (["P1"], "P1", Effect.JOIN),
        (["P0"], "P1", Effect.JOIN),
        (["P3", "P0"], "P0", Effect.JOIN),
        (["P1"], "P0", Effect.RAISE),
        (["P1", "P2"], "P0", Effect.RAISE),
        (["P3"], "P2", Effect.RAISE),
        (["P2"], "unheard of", Effect.RAISE),
        (["P1"], "unheard of", Effect.JOIN),
    ],
)
def test_what_a_new_episode_does(firing: list[Severity], severity: str, what: Effect) -> None:
    """It joins what fires now, or raises it: only a more urgent one calls again."""
    assert effect(firing, alert(severity=severity), is_open=True) is what


@pytest.mark.parametrize(
    ("firing", "severity", "heard", "what"),
    [
        (["P0"], "P0", False, Effect.WIDEN),
        (["P1", "P2"], "P1", False, Effect.WIDEN),
        (["P0"], "P0", True, Effect.JOIN),
        (["P0"], "P1", False, Effect.JOIN),
        (["P2"], "P2", False, Effect.JOIN),
        (["P1"], "P0", False, Effect.RAISE),
    ],
)
def test_what_is_others_work_calls_them(firing: list[Severity], severity: str, heard: bool, what: Effect) -> None:
    """As urgent as all that fires, and nobody of its role was called: they are. What is milder is evidence."""
    assert effect(firing, alert(severity=severity), is_open=True, is_heard=lambda: heard) is what


def test_the_first_episode_opens() -> None:
    """Whatever its severity."""
    assert effect([], alert(severity="P3"), is_open=False) is Effect.OPEN


def test_hops_of_one_stream_and_procedure_fold_together() -> None:
    """Ingest and playback of one interruption are one incident."""
    assert fold_key(alert(hop="ingest")) == fold_key(alert(hop="playback", alertname="PlaybackStalled"))


@pytest.mark.parametrize(
    "labels",
    [
        {"stream": "other"},
        {"procedure": "viewer_complaints"},
        {"stream": ""},
        {"stream": "demostream_interruption"},
        {"stream": " demo"},
        {"stream": "demo\x1f"},
    ],
)
def test_other_streams_and_procedures_stay_apart(labels: dict[str, str]) -> None:
    """Two streams that fail at once are two incidents."""
    assert fold_key(alert(**labels)) != fold_key(alert())
