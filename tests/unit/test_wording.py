"""What a page says, in its reader's language: who, what, where, do now."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streamwatch.delivering.wording import SAMPLES, STEPS, Call, Occasion, word, word_plain, word_test
from streamwatch.duty import Person
from streamwatch.language import Language, Text
from streamwatch.message import Message
from streamwatch.runbook import Runbook, Section

OPENED = datetime(2026, 11, 22, 20, 0, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
ALICE = Person("alice", "Alice", "zh", ())
BOB = Person("bob", "Bob", "en", ())

OCCASION = Occasion(
    id="12",
    stream="demo",
    procedure="stream_interruption",
    hop="ingest",
    severity="P0",
    role="tech",
    alertname="StreamNotPublishing",
    category="",
    summary=Text("推流断开", "not publishing"),
    runbook_step="publisher-gone",
    drill=False,
    opened_at=OPENED,
    resolved_at=None,
    evidence={},
)


def call(person: Person = ALICE, **changes: Any) -> Call:
    reason = Text("默认值班表", "default duty list")
    made = Call("7", "firing", person, reason, False, "http://console/a/token", "http://console/incidents/12")
    return replace(made, **changes)


def book(language: Language, steps: int = 6) -> Runbook:
    lines = tuple(f"{language} step {number}" for number in range(1, steps + 1))
    sections = {
        "first": Section("first", "First", ("look",)),
        "publisher-gone": Section("publisher-gone", "G", lines),
    }
    return Runbook("stream_interruption", "t", sections)


BOOKS: dict[tuple[str, Language], Runbook] = {
    ("stream_interruption", "zh"): book("zh"),
    ("stream_interruption", "en"): book("en"),
}


def worded(person: Person = ALICE, occasion: Occasion = OCCASION, **changes: Any) -> Message:
    return word(call(person, **changes), occasion, BOOKS)


def test_alice_reads_chinese() -> None:
    """Severity, stream and symptom first, then whom it calls and why, then what to do."""
    message = worded()
    assert message.title == "【P0】demo 推流断开 @Alice"
    assert message.facts == ("环节：接入　岗位：技术　20:00:05 开始", "呼叫 Alice：默认值班表")
    assert message.steps[0] == "1. zh step 1"


def test_bob_reads_english() -> None:
    """The same page in the other language, with the steps of the other runbook."""
    message = worded(BOB)
    assert message.title == "[P0] demo not publishing @Bob"
    assert message.facts == ("hop: ingest · role: tech · since 20:00:05", "calls Bob: default duty list")
    assert message.steps[0] == "1. en step 1"


def test_a_role_in_a_reason_is_read_in_words() -> None:
    """Why everyone is called is told without the id of the role."""
    reason = Text("岗位 data 无人值班，呼叫所有人", "nobody holds role data: everyone is called")
    assert worded(reason=reason).facts[1] == "呼叫 Alice：数据岗位无人值班，呼叫所有人"


def test_machines_read_the_ids() -> None:
    """Everything a channel may need stands in its own field."""
    message = worded(maybe_repeated=True)
    assert (message.page_id, message.kind, message.incident_id, message.person) == ("7", "firing", "12", "alice")
    assert (message.severity, message.stream, message.hop, message.role) == ("P0", "demo", "ingest", "tech")
    assert (message.procedure, message.runbook_step) == ("stream_interruption", "publisher-gone")
    assert (message.ack_url, message.console_url) == ("http://console/a/token", "http://console/incidents/12")
    assert message.maybe_repeated


def test_the_first_steps_are_enough() -> None:
    """Four of six: the rest is one tap away."""
    assert worded().steps == tuple(f"{number}. zh step {number}" for number in range(1, STEPS + 1))


def test_a_step_that_is_not_there_gives_the_first_section() -> None:
    """An anchor that the runbook lost is no reason to say nothing."""
    assert worded(occasion=replace(OCCASION, runbook_step="gone")).steps == ("1. look",)


@pytest.mark.parametrize(("person", "words"), [(ALICE, "没有对应的预案"), (BOB, "no runbook for this")])
def test_no_runbook_still_says_what_to_do(person: Person, words: str) -> None:
    """An alert of a procedure that nobody wrote down is paged all the same."""
    (step,) = worded(person, replace(OCCASION, procedure="unheard_of")).steps
    assert step.startswith(words)


def test_over_tells_how_long_and_asks_for_nothing() -> None:
    """No steps, no link to take it, nobody to call; the console stays."""
    message = worded(occasion=replace(OCCASION, resolved_at=OPENED + timedelta(seconds=90.9)), kind="over")
    assert message.kind == "over"
    assert message.title == "【恢复】demo 推流断开"
    assert message.facts[1] == "已恢复，持续 1 分 30 秒"
    assert (message.steps, message.samples, message.ack_url) == ((), (), None)
    assert message.console_url is not None


@pytest.mark.parametrize("kind", ["firing", "raised"])
def test_a_page_that_comes_late_says_that_it_is_over(kind: str) -> None:
    """An incident that ended while the page waited is not told as burning."""
    message = worded(BOB, replace(OCCASION, resolved_at=OPENED + timedelta(seconds=3)), kind=kind)
    assert message.kind == "over"
    assert message.title == "[OVER] demo not publishing"
    assert message.facts[1] == "over after 3 s"


@pytest.mark.parametrize(("person", "mark"), [(ALICE, "【演练】【P0】"), (BOB, "[DRILL] [P0] ")])
def test_a_drill_is_the_first_thing_one_reads(person: Person, mark: str) -> None:
    """Title and facts say it, and a program is told by a field."""
    message = worded(person, replace(OCCASION, drill=True))
    assert message.title.startswith(mark)
    assert len(message.facts) == 3
    assert message.drill


def test_complaints_bring_what_viewers_wrote() -> None:
    """The category in words, how many of how many, and samples in quotation marks."""
    seen = {"lag": {"users": 60, "chatters": 300, "samples": ["好卡啊", "卡\n死了"]}}
    assert worded(occasion=replace(OCCASION, evidence=seen)).samples == (
        "卡顿：60 人，共 300 人发言",
        "“好卡啊”",
        "“卡 死了”",
    )


@pytest.mark.parametrize(
    ("person", "title"),
    [(ALICE, "【P0】demo 推流断开：卡顿 @Alice"), (BOB, "[P0] demo not publishing: lag @Bob")],
)
def test_complaints_name_their_category_in_the_title(person: Person, title: str) -> None:
    """What it is about is read on the lock screen already."""
    assert worded(person, replace(OCCASION, category="lag")).title == title


def test_samples_are_few_and_short() -> None:
    """Five of a category, sixty characters of each."""
    seen = {"lag": {"users": 9, "chatters": 9, "samples": ["卡" * 61] * (SAMPLES + 1)}}
    _, *quotes = worded(occasion=replace(OCCASION, evidence=seen)).samples
    assert quotes == ["“" + "卡" * 59 + "…”"] * SAMPLES


def test_evidence_that_lacks_its_numbers_says_so() -> None:
    """An exporter that answered half is shown as it is, with its category under its own name."""
    assert worded(BOB, replace(OCCASION, evidence={"smell": {}})).samples == ("smell: ? of ? chatters",)


def test_labels_nobody_knows_stand_for_themselves() -> None:
    """A hop or role of another rule set is shown as it came, braces and all."""
    message = worded(BOB, replace(OCCASION, hop="{roof}", role="pilot", stream="{x}"))
    assert message.facts[0] == "hop: {roof} · role: pilot · since 20:00:05"
    assert message.title == "[P0] {x} not publishing @Bob"


@pytest.mark.parametrize(("person", "title"), [(ALICE, "【测试】"), (BOB, "[TEST]")])
def test_a_test_page_asks_for_nothing(person: Person, title: str) -> None:
    """It belongs to no incident, cannot be taken, and says when it was sent."""
    message = word_test(call(person, kind="test"), OPENED)
    assert message.title.startswith(title)
    assert (message.kind, message.incident_id, message.severity) == ("test", "", "P3")
    assert (message.steps, message.ack_url) == ((), None)
    assert "20:00:05" in message.facts[0]


def test_who_is_told_reads_what_to_do_and_who_has_it() -> None:
    """The section named after the role, nothing to take, and no word of being called."""
    section = Section("marketing", "M", ("pause paid traffic",))
    books = {key: replace(each, sections={**each.sections, "marketing": section}) for key, each in BOOKS.items()}
    telling = call(BOB, kind="told", told_as="marketing", button="b")
    message = word(telling, replace(OCCASION, called=("Alice", "Eve")), books)
    assert message.title == "[FYI] demo not publishing @Bob"
    assert message.facts[1:] == (
        "for Bob (marketing): default duty list",
        "P0, called: Alice, Eve; nothing for you to ack",
    )
    assert (message.steps, message.runbook_step) == (("1. pause paid traffic",), "marketing")
    assert (message.kind, message.ack_url, message.button, message.wakes_nobody) == ("told", None, None, True)
    taken = word(telling, replace(OCCASION, called=("Alice",), taken_by="Alice"), books)
    assert taken.facts[-1] == "P0, Alice has it"
    assert word(telling, OCCASION, books).facts[-1] == "P0, called: nobody; nothing for you to ack"


def test_without_a_section_of_their_own_they_read_that_of_the_incident() -> None:
    """A runbook of one's own need not have one."""
    assert worded(kind="told", told_as="marketing").steps[0] == "1. zh step 1"


def test_whoever_was_told_reads_of_the_end_as_all_do() -> None:
    """A word that comes late says that it is over."""
    ended = replace(OCCASION, resolved_at=OPENED + timedelta(seconds=30))
    assert (worded(occasion=ended, kind="told", told_as="marketing").kind, worded(occasion=ended).kind) == (
        "over",
    ) * 2


def test_a_word_whose_details_are_missing_is_still_a_word() -> None:
    """Neither its title nor a link makes a call of it."""
    message = word_plain(call(BOB, kind="told"), 12, "P3")
    assert (message.title, message.ack_url) == ("[FYI] incident #12 @Bob", None)
