"""The verdict, and the checks of StreamWatch itself and of its people."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from servers.free_port import free_port
from streamwatch.cli.preflight import EVERY, lines, until_go
from streamwatch.duty import Away, Contact, DutyBook, Override, Person, Session
from streamwatch.language import Text
from streamwatch.preflight import people
from streamwatch.preflight.asking import Asking
from streamwatch.preflight.check import CHECKS, OUTCOMES, Outcome, Result, Verdict, verdict
from streamwatch.preflight.inspecting import ALL
from streamwatch.preflight.monitoring import Own, Rule, own, rules, rules_of
from streamwatch.preflight.people import Open
from streamwatch.preflight.question import Plan
from streamwatch.runbook import Runbook, Section
from streamwatch.web.preflight import _check

AT = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SHOW = Session("A", "demo", AT + HOUR, AT + 5 * HOUR, {"tech": ("bob", "alice")})
PHONE = (Contact("phone", "x"),)
PEOPLE = {name: Person(name, name.capitalize(), "zh", PHONE) for name in ("alice", "bob", "charlie")}
BOOK = DutyBook(PEOPLE, {"tech": ("alice", "bob"), "ops": ("bob",), "service": ("charlie",)}, (SHOW,))
PLAN = Plan("demo", AT, SHOW)


def result(outcome: Outcome) -> Result:
    cure = Text("修", "mend") if outcome in ("bad", "unknown") else None
    return Result(outcome, Text("看", "seen"), cure)


def of(*outcomes: Outcome, without: tuple[str, ...] = ()) -> Verdict:
    """A verdict of as many checks as there are *outcomes*, in the order of `CHECKS`."""
    found = [(key, result(outcome)) for key, outcome in zip(CHECKS, outcomes, strict=False)]
    return verdict("demo", "A", AT, found, without)


@pytest.mark.parametrize(
    ("outcomes", "go", "word"),
    [
        (("good", "absent", "people"), True, "GO"),
        (("good", "bad"), False, "NO-GO: 1 in the way"),
        (("good", "unknown", "bad"), False, "NO-GO: 2 in the way"),
    ],
)
def test_what_is_bad_or_unknown_holds_the_show_up(outcomes: tuple[Outcome, ...], go: bool, word: str) -> None:
    """What is not configured, and what is for people, does not count."""
    assert (of(*outcomes).go, of(*outcomes).word.en) == (go, word)


def test_a_waiver_lets_what_is_not_good_pass_and_is_told() -> None:
    """What is good needs none, and the verdict says how much was let pass."""
    found = of("good", "bad", without=("session", "watched"))
    assert (found.go, found.word.en) == (True, "GO (1 waived)")
    assert [each.waived for each in found.findings] == [False, True]


def test_checks_are_told_in_the_order_of_the_way() -> None:
    """However they came in."""
    mixed = [(key, result("good")) for key in reversed(CHECKS)]
    assert [each.check for each in verdict("demo", None, AT, mixed).findings] == list(CHECKS)


# The monitoring itself.

WELL = Own(AT - MINUTE / 2, (), 0, 0, None, 0, [("phone", AT, AT - HOUR)], True, AT - HOUR)


def outcomes(known: Own) -> dict[str, str]:
    return {key: each.outcome for key, each in own(known, AT)}


def test_a_receiver_that_is_well_is_good_in_all() -> None:
    """A failure before the last delivery is history."""
    assert set(outcomes(WELL).values()) == {"good"}


@pytest.mark.parametrize(
    ("key", "change", "is_"),
    [
        ("watchdog", {"beat": None}, "bad"),
        ("watchdog", {"beat": AT - MINUTE}, "bad"),
        ("receiver", {"troubles": ["folding stands still"]}, "bad"),
        ("outbox", {"inbox_troubled": 1}, "bad"),
        ("outbox", {"outbox_due": 2, "outbox_oldest": AT - 2 * MINUTE}, "bad"),
        ("outbox", {"outbox_due": 2, "outbox_oldest": AT - MINUTE / 2}, "good"),
        ("dead_pages", {"dead": 1}, "bad"),
        ("channels", {"channels": [("phone", None, AT)]}, "bad"),
        ("channels", {"channels": [("phone", AT - HOUR, AT)]}, "bad"),
        ("channels", {"channels": [("phone", None, None)]}, "unknown"),
        ("channels", {"channels": []}, "absent"),
        ("canary", {"sings": False}, "absent"),
        ("canary", {"canary": None}, "unknown"),
        ("canary", {"canary": AT - 27 * HOUR}, "bad"),
    ],
)
def test_each_trouble_of_our_own_is_seen_by_its_check(key: str, change: dict[str, Any], is_: str) -> None:
    """And by no other."""
    found = outcomes(WELL._replace(**change))
    assert found.pop(key) == is_
    assert set(found.values()) == {"good"}


BOOKS = {
    ("viewer_complaints", language): Runbook(
        "viewer_complaints", "", {name: Section(name, "", ("1",)) for name in ("spike", "complaint-lag")}
    )
    for language in ("zh", "en")
}
SPIKE = Rule("Spike", "P1", "viewer_complaints", "spike", "ok")


@pytest.mark.parametrize(
    ("loaded", "is_"),
    [
        ([SPIKE], "good"),
        ([], "bad"),
        ([SPIKE._replace(health="err")], "bad"),
        ([SPIKE._replace(step="gone")], "bad"),
        ([SPIKE._replace(procedure="", step="")], "bad"),
        ([SPIKE._replace(severity="none", step="")], "good"),  # the Watchdog calls nobody
        ([SPIKE._replace(step="complaint-{{ $labels.category }}")], "good"),
        ([SPIKE._replace(step="none-{{ $labels.category }}")], "bad"),
    ],
)
def test_every_alert_has_its_step_in_both_languages(loaded: list[Rule], is_: str) -> None:
    """Of the rules that Prometheus runs by, not of those on the disk."""
    assert rules(loaded, BOOKS).outcome == is_  # type: ignore[arg-type]  # languages are literals


def test_one_language_is_not_enough() -> None:
    """Who reads the other one would have nothing."""
    assert rules([SPIKE], {key: book for key, book in BOOKS.items() if key[1] == "zh"}).outcome == "bad"  # type: ignore[misc]


def test_rules_are_read_from_the_api_of_prometheus() -> None:
    """Recording rules judge nothing."""
    alert = {"type": "alerting", "name": "Spike", "health": "ok", "labels": {"severity": "P1"}, "annotations": {}}
    data = {"groups": [{"rules": [alert, {"type": "recording", "name": "x:y:z", "health": "ok"}]}]}
    assert rules_of(data) == [Rule("Spike", "P1", "", "", "ok")]


# People.


def duty(book: DutyBook, plan: Plan = PLAN) -> dict[str, Result]:
    return dict(people.people(book, plan, UTC))


def test_who_is_on_duty_is_named_with_who_has_no_backup() -> None:
    """By the list of the session, at its start; nobody is no reason to stop who has one backup less."""
    said = duty(BOOK)["duty"]
    assert (said.outcome, said.said.en) == ("good", "tech Bob, ops Bob, service Charlie; no backup: ops, service")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"default": {"tech": ("alice",), "ops": ("bob",)}}, "nobody holds: service"),
        ({"people": PEOPLE | {"charlie": replace(PEOPLE["charlie"], contacts=())}}, "cannot be reached: Charlie"),
    ],
)
def test_a_role_that_nobody_could_be_called_for_is_bad(change: dict[str, Any], says: str) -> None:
    """Nobody holds it, or who does has no contact."""
    said = duty(replace(BOOK, **change))["duty"]
    assert (said.outcome, said.said.en) == ("bad", says)


def test_doubts_about_the_duty_of_the_show_are_told() -> None:
    """As who is their own backup: a backup must be somebody else."""
    own = replace(BOOK, default={**BOOK.default, "service": ("charlie", "charlie")})
    assert duty(BOOK)["doubts"].outcome == "good"
    assert duty(own)["doubts"].said.en == "the default list, role service: Charlie is their own backup"


def test_a_role_that_is_only_told_holds_no_show_up() -> None:
    """Nobody is marketing: that is a hint, told once, and everyone's channels are not asked about for it."""
    away = (Away("dave", AT - HOUR, AT + 9 * HOUR),)
    people_ = PEOPLE | {"dave": Person("dave", "Dave", "zh", (Contact("mail", "x"),))}
    lacking = replace(BOOK, people=people_, default={**BOOK.default, "marketing": ("dave",)}, away=away)
    found = duty(lacking)
    assert {key: each.outcome for key, each in found.items()} == {"duty": "good", "doubts": "good"}
    assert found["duty"].said.en.endswith("; held by nobody: marketing")
    assert found["duty"].said.zh.endswith("；没有人：营销")
    assert people.on_duty(lacking, PLAN) == people.on_duty(BOOK, PLAN)


def test_a_role_that_nobody_holds_is_told_once() -> None:
    """As nobody's duty, and not as a doubt of it again."""
    found = duty(replace(BOOK, default={"tech": ("alice",), "ops": ("bob",)}))
    assert {key: each.outcome for key, each in found.items()} == {"duty": "bad", "doubts": "good"}


def test_a_doubt_names_the_role_and_the_stream_of_the_show() -> None:
    """Charlie goes an hour after its start; what another stream lacks holds this one up in no way."""
    gone = replace(BOOK, away=(Away("charlie", AT + 2 * HOUR, AT + 9 * HOUR),))
    found = duty(gone)
    assert (found["duty"].outcome, found["doubts"].outcome) == ("good", "bad")
    assert "客服岗位无人值班" in found["doubts"].said.zh
    assert "直播间 demo）" in found["doubts"].said.zh
    other = Session("B", "other", AT, AT + 4 * HOUR, {"host": ("charlie",)})
    assert "stream other" not in duty(replace(BOOK, sessions=(SHOW, other)))["doubts"].said.en


def test_an_override_counts() -> None:
    """Whoever takes the role on the fly is who is called."""
    swapped = BOOK.as_it_is([Override("service", "alice", AT, AT + 6 * HOUR)], {})
    assert "service Alice" in duty(swapped)["duty"].said.en


@pytest.mark.parametrize(
    ("at", "is_"),
    [(AT - 22 * HOUR, SHOW), (AT + 2 * HOUR, SHOW), (AT - 24 * HOUR, None), (AT + 6 * HOUR, None)],
)
def test_the_session_that_runs_or_comes_next_is_meant(at: datetime, is_: Session | None) -> None:
    """Within a day."""
    assert people.session_of(BOOK, "demo", at) is is_


def test_a_line_is_not_filled_while_anybody_is_on_air() -> None:
    """Also for another stream, whose show would lose it."""
    other = Session("B", "other", AT - HOUR, AT + HOUR, {})
    assert [people.anybody_on_air(replace(BOOK, sessions=shows), PLAN) for shows in ((SHOW,), (SHOW, other))] == [
        False,
        True,
    ]


def test_a_channel_that_was_never_used_is_named() -> None:
    """Nothing is known of it, and so it is not among those that work: a test page shows it."""
    known = WELL._replace(channels=[("phone", AT, None), ("mail", None, None)])
    outcome, said, cure = dict(own(known, AT))["channels"]
    assert outcome == "unknown"
    assert said.en == "never used yet, so it is not known whether they deliver: mail; these work: phone"
    assert cure is not None
    assert "streamwatch send-test" in cure.en


def test_a_session_that_is_over_is_no_go() -> None:
    """Somebody typed the id of yesterday."""
    assert people.session(Plan("demo", AT + 6 * HOUR, SHOW), UTC).outcome == "bad"
    assert people.session(PLAN, UTC).said.en == "A, 11-22 19:30 – 23:30"
    assert people.session(Plan("demo", AT), UTC).outcome == "absent"


def test_what_is_open_holds_the_show_up_unless_it_is_a_note() -> None:
    """The most urgent is named."""
    grave, note = Open(7, "P1", Text("丢包", "loss")), Open(8, "P3", Text("便条", "note"))
    assert people.incidents([grave, note]) == Result(
        "bad",
        Text("#7 P1 丢包", "#7 P1 loss"),
        Text("打开控制台，按预案处理", "open the console and follow the runbook"),
    )
    assert [people.incidents(found).outcome for found in ([note], [])] == ["good", "good"]


# The command.


class Times:
    """A clock that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def waited(verdicts: list[bool], wait: float) -> tuple[bool, float, int]:
    """Whether it was go, after how many seconds, and how often somebody was told that it is not yet."""
    times, told, answers = Times(), list[float](), iter(verdicts)
    ask: Callable[[], dict[str, Any]] = lambda: {"go": next(answers)}  # noqa: E731
    found = until_go(ask, wait, lambda _, left: told.append(left), lambda: times.now, times.sleep)
    return found["go"], times.now, len(told)


def test_it_waits_until_go_and_not_longer_than_it_was_told() -> None:
    """Every five seconds it says what is still in the way."""
    assert waited([True], 60) == (True, 0, 0)
    assert waited([False, False, True], 60) == (True, 2 * EVERY, 2)
    assert waited([False], 0) == (False, 0, 0)
    assert waited([False] * 4, 12) == (False, 12, 3)


@pytest.mark.parametrize(
    ("language", "head", "word"), [("zh", "不能开播：1 项不行", "不行"), ("en", "NO-GO: 1 in the way", "bad")]
)
def test_each_line_says_its_outcome_in_a_word(language: Any, head: str, word: str) -> None:
    """Not by a colour or a sign alone; what to do stands under what is bad; boxes are for people to tick."""
    found = of("good", "bad", "people")
    shown = {
        "text": found.word.en, "text_zh": found.word.zh, "stream": "demo", "session": "A",
        "checks": [_check(each) for each in found.findings], "for_people": 1,
    }  # fmt: skip
    text = list(lines(shown, language))
    assert text[0] == text[-1] == f"{head} · demo · A"
    assert word in text[2]
    assert text[2].startswith("✗")
    assert "→" in text[3]
    assert text[4].startswith("☐")


def test_every_outcome_has_its_words() -> None:
    """In both languages."""
    assert all(text.zh and text.en and text.zh != text.en for text in OUTCOMES.values())


async def test_a_prometheus_that_does_not_answer_tells_nothing() -> None:
    """Half an answer would look like "not configured"."""
    async with httpx.AsyncClient() as http:
        assert await Asking(http, lambda: f"http://127.0.0.1:{free_port()}").ask(ALL, "demo") is None
        assert await Asking(http, lambda: None).ask(ALL, "demo") is None
