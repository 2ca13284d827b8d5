"""The words people read: how long something took, and reasons without ids."""

import pytest

from streamwatch.language import Text, accepted_language
from streamwatch.vocabulary import in_names, lasting

NAMES = {"alice": "Alice", "bob": "Bob"}


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (-1, "0 秒", "0 s"),
        (59.9, "59 秒", "59 s"),
        (60, "1 分", "1 min"),
        (178, "2 分 58 秒", "2 min 58 s"),
        (3600, "1 小时", "1 h"),
        (3725, "1 小时 2 分", "1 h 2 min"),
        (90_000, "1 天 1 小时", "1 d 1 h"),
    ],
)
def test_nobody_counts_in_hundreds_of_seconds(seconds: float, zh: str, en: str) -> None:
    """The two largest units, and no unit of which there is none."""
    assert lasting(seconds) == Text(zh, en)


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        (
            Text("岗位 tech 无人值班，呼叫所有人", "nobody holds role tech: everyone is called"),
            Text("技术岗位无人值班，呼叫所有人", "nobody holds role tech: everyone is called"),
        ),
        (Text("alice 联系不上", "alice cannot be reached"), Text("Alice 联系不上", "Alice cannot be reached")),
        (Text("默认值班表", "default duty list"), Text("默认值班表", "default duty list")),
        (Text("告警标签 role=tech", "label role=tech"), Text("告警标签 role=tech", "label role=tech")),
    ],
)
def test_a_reason_is_read_with_names(kept: Text, read: Text) -> None:
    """Roles and people are kept as ids; a label stays as it is written in the rules."""
    assert in_names(kept, NAMES.__getitem__) == read


@pytest.mark.parametrize(
    ("header", "language"),
    [("zh", "zh"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-US,en;q=0.9,zh;q=0.8", "en"), ("*", "en"), ("", "en")],
)
def test_the_first_language_a_reader_asks_for(header: str, language: str) -> None:
    """Programs that ask for none are answered in English."""
    assert accepted_language(header) == language
