"""What a feed posts is read line by line; what is neither a message nor a count is set aside."""

import pytest

from streamwatch_exporters.chat_lines import SOURCES, Joined, Message, Viewers, read_lines
from streamwatch_exporters.posted import NotLines


def read(body: str | bytes) -> list[object]:
    return list(read_lines(body.encode() if isinstance(body, str) else body))


def test_the_three_forms_say_the_same() -> None:
    """One object, an array, and lines."""
    message = Message("u1", "hi")
    assert read('{"user": "u1", "text": "hi"}') == [message]
    assert read('[{"user": "u1", "text": "hi"}]') == [message]
    assert read('{"user": "u1", "text": "hi"}\r\n\n{"user": "u1", "text": "hi"}\n') == [message, message]


def test_everything_a_line_may_hold() -> None:
    """Numbers serve as names; the time is an instant; the text is cut at 200 characters."""
    line = '{"user": 42, "text": "%s", "id": 7, "at": "2026-11-22T20:00:00+08:00", "platform": "douyin"}' % (
        "卡" * 300
    )
    (message,) = read(line)
    assert message == Message("42", "卡" * 200, "douyin", "7", 1795348800.0)


def test_a_platform_outside_the_list_is_other() -> None:
    """A label must not grow by what is posted."""
    assert read('{"viewers": 12, "platform": "<script>"}') == [Viewers(12, "other")]
    assert read('{"viewers": 12, "platform": ["x"]}') == [Viewers(12, "other")]


@pytest.mark.parametrize("source", SOURCES)
def test_who_came_by_which_way(source: str) -> None:
    """The ways are a closed list."""
    assert read(f'{{"joined": 3, "source": "{source}", "platform": "douyin"}}') == [Joined(3, source, "douyin")]  # type: ignore[arg-type]


@pytest.mark.parametrize("said", ['"source": "<script>"', '"source": ["paid"]', '"source": null', '"by": "x"'])
def test_a_way_outside_the_list_is_other(said: str) -> None:
    """A label must not grow by what is posted."""
    assert read(f'{{"joined": 0, {said}}}') == [Joined(0, "other", "other")]


@pytest.mark.parametrize(
    "line",
    [
        '{"joined": -1}', '{"joined": true}', '{"joined": "3", "source": "paid"}', '{"joined": null}',
        "42", "null", '"text"', "{}", '{"text": "x"}', '{"user": "", "text": "x"}', '{"user": true, "text": "x"}',
        '{"user": "u", "text": 5}', '{"user": "u", "text": "x", "at": "yesterday"}', '{"viewers": -1}',
        '{"user": "u", "text": "x", "at": "2026-11-22T20:00:00"}', '{"user": "u", "text": "x", "at": 5}',
        '{"user": "u", "text": "x", "id": [1]}', '{"viewers": true}', '{"viewers": 1.5}', '{"viewers": null}',
    ],
)  # fmt: skip
def test_a_line_that_is_neither_is_set_aside(line: str) -> None:
    """It is counted as rejected and takes nothing else along."""
    assert read(line) == [None]


def test_a_broken_line_among_good_ones_is_set_aside() -> None:
    """The others are counted."""
    assert read('{"viewers": 3}\n{"viewers": \n{"viewers": 4}') == [Viewers(3), None, Viewers(4)]


@pytest.mark.parametrize("body", [b"", b"hello", b"<html>", b"\xff\xfe\x00", b"[" * 100_000])
def test_a_body_without_any_json_is_no_chat(body: bytes) -> None:
    """The sender is told, instead of a count of rejected lines."""
    with pytest.raises(NotLines):
        read(body)
