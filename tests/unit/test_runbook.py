"""Runbooks as people write them: sections, steps, and mistakes by their line."""

import pytest

from streamwatch.runbook import MAX_STEPS, Runbook, parse

TEXT = """---
procedure: stream_interruption
title: 直播中断
---
Words before the first section are not steps.
1. nor is this

## 推流断开 {#publisher-gone}
1. 技术：看编码器  → 预期：在推
2、换备用编码器
Some words between.
3.重启

## 话术 {#say}
"""


def test_sections_and_steps() -> None:
    """Anchors, titles and numbered lines, with a Chinese comma or without a blank, in their order."""
    book = parse(TEXT)
    assert (book.procedure, book.title) == ("stream_interruption", "直播中断")
    assert list(book.sections) == ["publisher-gone", "say"]
    section = book.sections["publisher-gone"]
    assert section.title == "推流断开"
    assert section.steps == ("技术：看编码器  → 预期：在推", "换备用编码器", "重启")
    assert book.sections["say"].steps == ()


@pytest.mark.parametrize("text", ["\ufeff" + TEXT, TEXT.replace("\n", "\r\n"), TEXT.rstrip()])
def test_how_an_editor_saves_it_does_not_matter(text: str) -> None:
    """A BOM, Windows line ends and a missing last line end read the same."""
    assert parse(text) == parse(TEXT)


def test_find_takes_the_anchor_or_the_first_section() -> None:
    """An alert that points nowhere gets what to do in the first minute."""
    book = parse(TEXT)
    for anchor, found in (("say", "say"), ("gone", "publisher-gone"), ("", "publisher-gone")):
        section = book.find(anchor)
        assert section is not None
        assert section.anchor == found
    assert Runbook("p", "t", {}).find("say") is None


@pytest.mark.parametrize(
    "line", ["1.5 秒后再看", "12.30 开始", "- 1. 列表", "  1. 缩进", "第 1. 步", "1 步", "# 1. x", "1."]
)
def test_what_only_looks_like_a_step_is_none(line: str) -> None:
    """A number with a point in it, a list within, and words are left to the reader of the whole runbook."""
    assert parse(f"{TEXT}{line}\n").sections["say"].steps == ()


def test_nine_steps_are_taken_and_ten_are_not() -> None:
    """The mistake names the line of the tenth."""
    nine = "".join(f"{number}. step\n" for number in range(1, MAX_STEPS + 1))
    assert len(parse(TEXT + nine).sections["say"].steps) == MAX_STEPS
    with pytest.raises(ValueError, match=r"line 24: more than 9 steps under #say"):
        parse(f"{TEXT}{nine}10. one more\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: front matter is missing"),
        ("## a {#a}\n", "line 1: front matter is missing"),
        ("---\nprocedure: p\ntitle: t\n", "line 1: front matter is missing"),
        ("---\n---\n", "line 2: front matter needs"),
        ("---\n- a\n---\n", "line 2: front matter needs"),
        ("---\nprocedure: p\n---\n", "line 2: front matter needs"),
        ("---\nprocedure: p\ntitle: ''\n---\n", "line 2: front matter needs"),
        ("---\nprocedure: p\ntitle: a: b\n---\n", "line 3: front matter is not YAML"),
        ("---\nprocedure: [p\ntitle: t\n---\n", "front matter is not YAML"),
        ("---\nprocedure: p\ntitle: \x07\n---\n", "line 2: front matter is not YAML"),
        ("---\nprocedure: p\ntitle: t\n---\n", "no section"),
        ("---\nprocedure: p\ntitle: t\n---\n\n## a\n", "line 6: a section needs an anchor"),
        ("---\nprocedure: p\ntitle: t\n---\n## a {#A b}\n", "line 5: a section needs an anchor"),
        ("---\nprocedure: p\ntitle: t\n---\n## a {#a}\n## b {#a}\n", "line 6: the anchor #a stands twice"),
    ],
)
def test_a_mistake_names_its_line(text: str, words: str) -> None:
    """Whoever wrote it finds the place at once."""
    with pytest.raises(ValueError, match=words):
        parse(text)
