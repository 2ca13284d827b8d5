"""The timeline as people read it: kept with ids, told with names."""

import string
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from streamwatch.incidents.timeline import SENTENCES, Kind, tell
from streamwatch.language import Text
from streamwatch.web.presenting import _row

NAMES = {"alice": "Alice Wang", "bob": "Bob", "charlie": "查理"}


def told(kind: Kind, **words: Any) -> tuple[str, str]:
    """What the page shows of a row that was written with *words*."""
    row = tell(kind, **words)
    stored = SimpleNamespace(
        at=datetime(2026, 11, 22, 12, 0, tzinfo=UTC), kind=row.kind.value, person=row.person, channel=row.channel,
        text_zh=row.text.zh, text_en=row.text.en,
    )  # fmt: skip
    shown = _row(stored, UTC, lambda person: NAMES.get(person, person))  # type: ignore[arg-type]  # as one of the store
    return shown["text_zh"], shown["text_en"]


@pytest.mark.parametrize("kind", Kind)
def test_every_sentence_is_told_with_names(kind: Kind) -> None:
    """Whatever stands in it, nothing of the sentence is lost, and no id is left."""
    words = {name for _, name, _, _ in string.Formatter().parse(SENTENCES[kind].zh) if name}
    given = {"person": "alice", "others": "bob, charlie", "role": "tech", "channel": "phone"}
    named = {"person": "Alice Wang", "others": "bob, charlie", "role": "tech", "channel": "phone"}
    other = {word: f"a {word}: {{x}}，(y)" for word in words - set(given)}
    sentence = tell(kind, **{**{w: v for w, v in named.items() if w in words}, **other}).text
    expected_zh = sentence.zh.replace("bob, charlie", "Bob、查理").replace("tech", "技术")

    zh, en = told(kind, **{**{w: v for w, v in given.items() if w in words}, **other})

    assert (zh, en) == (expected_zh, sentence.en.replace("bob, charlie", "Bob, 查理"))


def test_a_reason_within_a_sentence_is_told_with_names() -> None:
    """Why Bob is called names Alice, and why everyone is called names the role."""
    lost = Text("alice 联系不上", "alice cannot be reached")
    assert told(Kind.CALLED, person="bob", why=lost) == (
        "呼叫 Bob：Alice Wang 联系不上",
        "calling Bob: Alice Wang cannot be reached",
    )
    empty = Text("岗位 data 无人值班，呼叫所有人", "nobody holds role data: everyone is called")
    assert told(Kind.CALLED, person="bob", why=empty)[0] == "呼叫 Bob：数据岗位无人值班，呼叫所有人"


def test_who_left_the_duty_file_keeps_the_id() -> None:
    """An old incident stays readable."""
    assert told(Kind.ACKNOWLEDGED, person="mallory") == ("mallory 已认领", "mallory acknowledged")


def test_a_sentence_of_an_older_version_is_shown_as_it_was_written() -> None:
    """A row in the database outlives the words of the program."""
    stored = SimpleNamespace(
        at=None, kind="acknowledged", person="alice", channel=None, text_zh="alice 接手", text_en="alice has it"
    )
    shown = _row(stored, UTC, str.upper)  # type: ignore[arg-type]  # as one of the store
    assert (shown["text_zh"], shown["text_en"]) == ("alice 接手", "alice has it")
