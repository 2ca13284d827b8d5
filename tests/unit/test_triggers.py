"""What a person can report: every matter has its words, its roles and a step that its runbook has."""

from datetime import timedelta
from pathlib import Path

import pytest

from servers.story import NOON
from streamwatch.access.presses import Presses
from streamwatch.alert import Alert
from streamwatch.config.runbooks import load_runbooks
from streamwatch.duty import ROLES
from streamwatch.incidents.incident import Effect, effect, fold_key
from streamwatch.incidents.trigger import KINDS, MATTERS, NOTE, Matter, Report, find, firing, over, whats
from streamwatch.intake.alertmanager import parse
from streamwatch.intake.alertmanager_api import webhook
from streamwatch.vocabulary import HOPS, PROCEDURES

RUNBOOKS, _ = load_runbooks(Path(__file__).parents[2] / "alert_rules")


def reported(kind: str, what: str = "", note: str = "", after: float = 0, press: str = "one") -> Alert:
    """The alert as the folding reads it."""
    matter = find(kind, what)
    assert matter is not None
    given = Report(matter, "demo", note, "alice", NOON + timedelta(seconds=after), press)
    (alert,) = parse(webhook([firing(given)]))
    return alert


@pytest.mark.parametrize("matter", MATTERS, ids=lambda each: f"{each.kind}-{each.what}")
def test_every_matter_points_to_a_step_that_is_there(matter: Matter) -> None:
    """Somebody called for a fire reads what to do in a fire, in either language; the host is never called."""
    assert matter.kind in PROCEDURES
    assert matter.hop in HOPS
    assert set(matter.roles) <= set(ROLES) - {"host"}
    for language in ("zh", "en"):
        book = RUNBOOKS.get((matter.kind, language))  # type: ignore[call-overload]
        assert book is None if matter.kind == "other" else matter.step in book.sections


def test_every_kind_can_be_reported_without_a_second_thought() -> None:
    """One word is enough; in danger nobody reads a list."""
    assert [find(kind) is not None for kind in KINDS] == [True] * 4
    assert "fire" in whats("sudden_situation")
    assert "hijack" in whats("content_violation")


def test_people_in_danger_and_what_must_be_cut_are_p0() -> None:
    """And the one who can cut the stream is called at the same moment as the one who decides."""
    for kind, what in (("sudden_situation", "fire"), ("content_violation", ""), ("content_violation", "hijack")):
        alert = reported(kind, what)
        assert (alert.severity, alert.labels["role"], alert.also) == ("P0", "ops", ["tech"])


def test_the_note_stands_in_the_words_of_the_page_and_is_bounded() -> None:
    """What was typed in a hurry may hold anything."""
    alert = reported("sudden_situation", "fire", "三楼\n机房\u202e" + "很" * 500)
    assert alert.annotations["summary_zh"].startswith("起火、冒烟：三楼 机房很")
    assert len(alert.annotations["summary_en"]) <= len("fire, smoke: ") + NOTE


def test_what_is_reported_is_no_alert_of_alertmanager() -> None:
    """Its fingerprint is none that Alertmanager could give: nothing but a person ends it."""
    alert = reported("sudden_situation", "fire")
    assert alert.is_reported
    assert not Alert({}, {}, "firing", NOON, None, "0123456789abcdef").is_reported


def test_a_fire_is_another_trouble_than_a_power_cut() -> None:
    """It must call, though a power cut is open; an interruption joins what the probes tell of it."""
    fire, power = reported("sudden_situation", "fire"), reported("sudden_situation", "power")
    assert fold_key(fire) != fold_key(power)
    assert fold_key(reported("other", note="a")) != fold_key(reported("other", note="b"))
    probed = Alert(
        {"stream": "demo", "procedure": "stream_interruption"}, {}, "firing", NOON, None, "0123456789abcdef"
    )
    assert fold_key(reported("stream_interruption")) == fold_key(probed)


def test_labels_of_a_rule_cannot_set_it_apart() -> None:
    """Only what a person reports has a matter and further roles."""
    labels = {"stream": "demo", "procedure": "sudden_situation", "matter": "fire", "also": "tech"}
    probed = Alert(labels, {}, "firing", NOON, None, "0123456789abcdef")
    assert (probed.matter, probed.also) == ("", [])


def test_pressed_twice_calls_once_and_later_calls_again() -> None:
    """Somebody may have forgotten to end the fire of the morning: that of the evening calls."""
    soon, late = (reported("sudden_situation", "fire", after=after) for after in (600, 601))
    assert effect(["P0"], soon, is_open=True, reported_at=NOON) is Effect.JOIN
    assert effect(["P0"], late, is_open=True, reported_at=NOON) is Effect.RAISE


def test_an_end_is_never_before_its_beginning() -> None:
    """Also when the clock was set back between the two."""
    alert = reported("other", note="x")
    ended = over(alert.labels, alert.fingerprint, alert.starts_at, "bob", "fine", NOON - timedelta(hours=1))
    (read,) = parse(webhook([ended]))
    assert (read.status, read.ends_at, read.episode) == ("resolved", NOON, alert.episode)


def test_a_mark_is_ours_for_its_purpose_and_its_reader_only() -> None:
    """Another key, another purpose, another reader, nothing to bind it to, a changed or empty mark: no."""
    ours, theirs = Presses("one key"), Presses("another")
    mark = ours.token("sos", "a cookie")
    assert ours.is_ours(mark, "sos", "a cookie")
    assert ours.is_anybodys(mark, "sos")
    assert not ours.is_ours(mark, "sos", "another cookie")
    assert not ours.is_ours(ours.token("sos", ""), "sos", "")
    assert "cookie" not in mark
    for token in ("", "x", mark[:-1], theirs.token("sos", "a cookie"), ours.token("ack", "a cookie")):
        assert not ours.is_ours(token, "sos", "a cookie")
        assert not ours.is_anybodys(token, "sos")
