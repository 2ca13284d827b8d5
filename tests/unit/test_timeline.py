"""The sentences of the timeline, in both languages."""

import string

import pytest

from streamwatch.incidents.timeline import SENTENCES, Kind, Row, tell
from streamwatch.language import Text

ALL_WORDS = {
    "what": "PlaybackStalled",
    "severity": "P0",
    "role": "tech",
    "why": "default",
    "others": "bob",
}


def names(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_sentence_in_both_languages(kind: Kind) -> None:
    """A person who reads one language is told as much as one who reads the other."""
    sentence = SENTENCES[kind]
    assert sentence.zh
    assert sentence.en
    assert names(sentence.zh) == names(sentence.en)


@pytest.mark.parametrize("kind", Kind)
def test_every_sentence_can_be_filled(kind: Kind) -> None:
    """No name is left over in braces, and person and channel are kept as ids."""
    words = ALL_WORDS | {name: name for name in names(SENTENCES[kind].zh) - {"person", "channel"} - set(ALL_WORDS)}
    row = tell(kind, person="alice", channel="phone", **words)
    assert "{" not in row.text.zh + row.text.en
    assert (row.kind, row.person, row.channel) == (kind, "alice", "phone")


def test_a_word_in_two_languages_is_read_in_each() -> None:
    """A reason is Chinese in the Chinese sentence and English in the English one."""
    row = tell(Kind.CALLED, person="alice", why=Text("默认值班表", "default duty list"))
    assert row.text == Text("呼叫 alice：默认值班表", "calling alice: default duty list")


def test_braces_in_words_from_outside_stay_words() -> None:
    """What a channel answered is not a template."""
    row = tell(Kind.TRY_FAILED, person="alice", channel="phone", why="{person} {0} {")
    assert row.text.en == "phone did not reach alice: {person} {0} {"


def test_a_row_may_name_nobody() -> None:
    """The opening of an incident belongs to no person and no channel."""
    assert tell(Kind.OPENED, what="X") == Row(Kind.OPENED, Text("X 触发，事件开始", "X fires: the incident opens"))


def test_a_sentence_without_its_word_is_a_mistake_of_the_code() -> None:
    """It fails at once rather than writing half a sentence."""
    with pytest.raises(KeyError):
        tell(Kind.OPENED)
