"""Each measured check of the preflight: what good, bad, unknown and not configured look like."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streamwatch.duty import Session
from streamwatch.preflight.filling import SILENT
from streamwatch.preflight.inspecting import ALL, CHAIN
from streamwatch.preflight.line import Measured, width
from streamwatch.preflight.question import Answers, Plan, Sample, listed, promql

AT = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
SHOW = Session("A", "demo", AT + timedelta(minutes=30), AT + timedelta(hours=4, minutes=30), {})
JUDGES = {check.key: check for check in ALL}
GATEWAY = {"host": "gateway"}


def told(key: str, /, **answers: Any) -> Answers:
    """A number stands for one sample without labels; what is left out has no sample."""
    found = Answers(dict.fromkeys(JUDGES[key].asked, ()))
    for name, said in answers.items():
        assert name in found, f"{key} does not ask {name}"
        samples = [({}, said)] if isinstance(said, int | float) else said
        found[name] = tuple(Sample(labels, float(value)) for labels, value in samples)
    return found


def outcome(key: str, /, **answers: Any) -> str:
    return JUDGES[key].judge(told(key, **answers), Plan("demo", AT, SHOW)).outcome


def players(up: int = 1) -> dict[str, Any]:
    return {"set_up": [({"probe": "hls"}, 9)], "up": [({"probe": "hls"}, up)]}


def picture(**answers: float) -> dict[str, Any]:
    return {"set_up": 3, "age": 2, "black": 0, "frozen": 0, "slate": 0, **answers}


def ping(loss: float | None = 0.0, up: int = 1) -> dict[str, Any]:
    measured = {} if loss is None else {"loss": [(GATEWAY, loss)]}
    return {"set_up": [(GATEWAY, 9)], "up": [(GATEWAY, up)], **measured}


def ups(**answers: float) -> dict[str, Any]:
    return {"set_up": [(GATEWAY, 0)], **{name: [(GATEWAY, value)] for name, value in answers.items()}}


OBS = {"set_up": 5}
CASES = [
    ("encoder", {}, "absent"),
    ("encoder", OBS, "unknown"),
    ("encoder", OBS | {"up": 0}, "bad"),
    ("encoder", OBS | {"up": 1, "streaming": 0}, "bad"),
    ("encoder", OBS | {"up": 1, "streaming": 1, "reconnecting": 1}, "bad"),
    ("encoder", OBS | {"up": 1, "streaming": 1}, "good"),
    ("ingest", {}, "absent"),
    ("ingest", {"down": [({"server": "studio"}, 0)]}, "unknown"),
    ("ingest", {"known": 1}, "unknown"),
    ("ingest", {"publishing": 0}, "bad"),
    ("ingest", {"publishing": 1, "bytes": 0}, "bad"),
    ("ingest", {"publishing": 1, "bytes": 300_000}, "good"),
    ("ingest", {"publishing": 1}, "good"),  # a server that counts no bytes
    ("uplink", {}, "absent"),
    ("uplink", ping(up=0), "bad"),
    ("uplink", ping(loss=None), "unknown"),
    ("uplink", ping(loss=0.011), "bad"),
    ("uplink", ping(loss=0.009), "good"),
    ("playback", {}, "absent"),
    ("playback", {"set_up": [({"probe": "hls"}, 0)]}, "unknown"),
    ("playback", players(0), "bad"),
    ("playback", players() | {"stall": 3.1}, "bad"),
    ("playback", players() | {"copies": [({"cdn": "b"}, 0)]}, "bad"),
    ("playback", players() | {"stall": 1.5}, "good"),
    ("picture", {}, "absent"),
    ("picture", {"set_up": 3}, "unknown"),
    ("picture", picture(age=61), "unknown"),
    ("picture", picture(black=1), "bad"),
    ("picture", picture(frozen=1), "bad"),
    ("picture", picture(frozen=1, slate=1), "good"),  # a slate stands still
    ("picture", {"set_up": 3, "age": 2, "black": 0}, "unknown"),  # whether it moves nobody can tell yet
    ("picture", picture(), "good"),
    ("sound", {}, "absent"),
    ("sound", {"set_up": 3}, "unknown"),
    ("sound", {"set_up": 3, "channels": [({"channel": "FL"}, 1), ({"channel": "FR"}, 1)]}, "bad"),
    ("sound", {"set_up": 3, "channels": [({"channel": "FL"}, 1), ({"channel": "FR"}, 0)]}, "bad"),
    ("sound", {"levels": [({"input": "mic"}, -100)]}, "bad"),
    ("sound", {"levels": [({"input": "mic"}, -20), ({"input": "music"}, -100)]}, "good"),
    ("sound", {"set_up": 3, "channels": 0}, "good"),
    ("chat", {}, "absent"),
    ("chat", {"set_up": 0}, "unknown"),
    ("chat", {"set_up": 0, "connected": [({"platform": "douyin"}, 0)]}, "bad"),
    ("chat", {"set_up": 0, "connected": [({"platform": "douyin"}, 1)]}, "good"),
    ("disk", {}, "absent"),
    ("disk", {"set_up": [(GATEWAY, 1)]}, "unknown"),
    ("disk", {"set_up": [(GATEWAY, 1)], "free": [(GATEWAY, 4e9)]}, "bad"),
    ("disk", {"obs": 20e9, "bytes": 1e6}, "bad"),  # 4 h at 1 MB/s and half as much again: 21.6 GB
    ("disk", {"obs": 22e9, "bytes": 1e6}, "good"),
    ("disk", {"obs": 20e9, "growth": 5e5, "bytes": 1e6}, "good"),  # what is written is known better
    ("certificates", {}, "absent"),
    ("certificates", {"set_up": [(GATEWAY, 1)]}, "unknown"),
    ("certificates", {"set_up": [(GATEWAY, 1)], "left": [(GATEWAY, 47 * 3600)]}, "bad"),
    ("certificates", {"set_up": [(GATEWAY, 1)], "left": [(GATEWAY, 49 * 3600)]}, "good"),
    ("power", {}, "absent"),
    ("power", ups(), "unknown"),
    ("power", ups(battery=1, charge=1.0), "bad"),
    ("power", ups(battery=0, charge=0.89), "bad"),
    ("power", ups(battery=0), "unknown"),  # on mains, and how long it would last nobody knows
    ("power", ups(battery=0, charge=0.9), "good"),
    ("watched", {}, "bad"),
    ("watched", {"probes": 3}, "good"),
    ("watched", {"published": 0}, "good"),
    ("targets", {"down": [({"job": "node", "instance": "a:9100"}, 0)], "up": 4}, "bad"),
    ("targets", {}, "bad"),  # there is none
    ("targets", {"up": 4}, "good"),
    ("probes", {"blind": [({"probe": "hls"}, 0)]}, "bad"),
    ("probes", {}, "good"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "answers", "is_"), CASES)
def test_a_check_tells_its_three_outcomes_apart(key: str, answers: dict[str, Any], is_: str) -> None:
    """What is not configured is not "unknown", and what has no value is never good."""
    assert outcome(key, **answers) == is_


@pytest.mark.parametrize("key", sorted({key for key, _, _ in CASES}))
def test_what_is_not_good_says_what_to_do(key: str) -> None:
    """In both languages, without a line break: it stands on one line of a terminal."""
    for _, answers, is_ in (case for case in CASES if case[0] == key):
        result = JUDGES[key].judge(told(key, **answers), Plan("demo", AT, SHOW))
        assert (result.cure is not None) == (is_ in ("bad", "unknown"))
        for text in filter(None, (result.said, result.cure)):
            assert text.zh
            assert text.en
            assert "\n" not in text.zh + text.en


def test_every_measured_check_is_tried() -> None:
    """Of the chain each has a case for all that it can come to."""
    for check in CHAIN:
        assert {is_ for key, _, is_ in CASES if key == check.key} == {"good", "bad", "unknown", "absent"}


def test_a_certificate_must_outlast_the_show() -> None:
    """A channel that is never off air for a week needs one that holds for a week."""
    week = Session("W", "demo", AT, AT + timedelta(days=7), {})
    found = told("certificates", set_up=[(GATEWAY, 1)], left=[(GATEWAY, 6 * 86_400)])
    assert JUDGES["certificates"].judge(found, Plan("demo", AT, week)).outcome == "bad"


def test_without_a_session_a_recording_is_planned_for_four_hours() -> None:
    """Nobody knows how long it will be."""
    found = told("disk", obs=20e9, bytes=1e6)
    assert JUDGES["disk"].judge(found, Plan("demo", AT)).outcome == "bad"


def test_a_stream_may_have_any_name() -> None:
    """It is quoted in PromQL, and hosts on its way are found by it."""
    asked = promql("min by (host) (up) and on (host) $hosts", 'room "1"\\')
    assert r'streamwatch_host_info{stream="room \"1\"\\"}' in asked
    assert "$" not in asked


def test_a_long_list_says_how_many_more() -> None:
    """A line stays a line."""
    assert listed(list("abcdef")) == "a, b, c, d +2"


@pytest.mark.parametrize(
    ("rate", "sent", "is_", "says"),
    [
        (2e6, 1e6, "good", "16.0 Mbit/s up, 12.0 Mbit/s needed"),
        (1.4e6, 1e6, "bad", "11.2 Mbit/s up, 12.0 Mbit/s needed"),
        (1.4e6, None, "bad", "11.2 Mbit/s up, 12.0 Mbit/s needed"),  # nothing comes in yet: as is usual
        (None, 1e6, "unknown", "line: the exporter does not answer"),
    ],
)
def test_a_line_needs_half_as_much_again(rate: float | None, sent: float | None, is_: str, says: str) -> None:
    """Of what is sent; what could not be measured is not known."""
    found = width(Measured("line", rate, why=SILENT), sent)
    assert (found.outcome, found.said.en) == (is_, says)
