"""YAML with places: every mistake is pointed at, and no file makes the reader fall over."""

from pathlib import Path

import pytest

from streamwatch.errors import ConfigError, Mistake
from streamwatch.language import Text
from streamwatch.yaml_file import MAX_DEPTH, Loc, YamlFile

TEXT = """# a comment
people:
  - id: alice
    name: Alice
  - id: bob
duty:
  tech: [alice, bob]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "duty.yml"


def read(path: Path, text: str | bytes) -> YamlFile:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return YamlFile(path)


def refused(path: Path, text: str | bytes) -> list[Mistake]:
    with pytest.raises(ConfigError) as caught:
        read(path, text)
    return caught.value.mistakes


@pytest.mark.parametrize(
    ("loc", "line", "column"),
    [
        ((), 1, 1),
        (("people",), 2, 1),
        (("people", 0), 3, 5),
        (("people", 0, "name"), 4, 5),
        (("people", 1, "id"), 5, 5),
        (("duty", "tech", 1), 7, 17),
        (("people", 1, "name"), 5, 5),
        (("people", 7, "id"), 2, 1),
        (("sessions",), 1, 1),
        (("duty", "webhook", "tech"), 7, 3),
    ],
)
def test_a_mistake_stands_where_its_value_stands(path: Path, loc: Loc, line: int, column: int) -> None:
    """What the file does not have is pointed at by what is above it; parts in between may be left out."""
    mistake = read(path, TEXT).mistake(loc, "is wrong")
    assert (mistake.file, mistake.line, mistake.column) == (str(path), line, column)
    assert mistake.key == ".".join(map(str, loc))


def test_a_mistake_shows_the_line(path: Path) -> None:
    """The line as it was written, and a mark under the key."""
    text = read(path, TEXT).mistake(("people", 0, "name"), "is wrong").text
    assert text == "is wrong\n        name: Alice\n        ^^^^"


@pytest.mark.parametrize(
    "address",
    [
        "https://oapi.dingtalk.com/robot/send?access_token=sesame",
        "htps://alice:sesame@example.org",
        '"https://example.org?key=sesame"',
    ],
)
def test_a_line_that_is_shown_holds_no_token(path: Path, address: str) -> None:
    """The address of a robot is its password: the excerpt leaves it out."""
    source = read(path, f"prometheus:\n  url: {address}\n")
    text = source.mistake(("prometheus", "url"), "no").text
    assert "sesame" not in text
    assert "://…" in text


def test_the_data_is_what_yaml_says(path: Path) -> None:
    """Places do not change the values; a BOM and Windows line ends neither."""
    data = {"people": [{"id": "alice", "name": "Alice"}, {"id": "bob"}], "duty": {"tech": ["alice", "bob"]}}
    assert read(path, TEXT).data == data
    assert read(path, b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()).data == data


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_file_is_no_data(path: Path, text: str) -> None:
    """It is not a mistake of YAML; what it means is for others to say, at its first line."""
    source = read(path, text)
    assert source.data is None
    assert source.mistake(("listen",), "is missing").line == 1


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: [1\n", 2, "not YAML"),
        ("a: 1\n b: 2\n", 2, "not YAML"),
        ("a: b: c\n", 1, "not YAML"),
        ("a: !!python/object:os.system x\n", 1, "not YAML"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("a: \x07\n", 1, "not YAML"),
        ("start: 2026-13-45\n", 1, "not YAML"),
        ("? [a]\n: 1\n", 1, "not YAML"),
        (b"name: \xff\xfe\n", 0, "not UTF-8"),
    ],
)
def test_what_is_not_yaml_is_one_mistake(path: Path, text: str | bytes, line: int, words: str) -> None:
    """It names the line where YAML lost its way."""
    (mistake,) = refused(path, text)
    assert mistake.line == line
    assert words in mistake.text


@pytest.mark.parametrize(
    ("text", "line", "column", "found"),
    [
        ("duty：\n  tech: [alice]\n", 1, 5, "：' use ':"),
        ("a: 1\nduty：x\n", 2, 5, "：' use ':"),
        ("people:\n  - id：alice\n    name: Alice\n", 2, 7, "：' use ':"),
        ("s: {id: a，stream: demo, title: b}\n", 1, 10, "，' use ',"),
        ("s: ［a: 1］\n", 1, 4, "［' use '["),
        ("s: ｛a: 1｝\n", 1, 4, "｛' use '{"),
    ],
)
def test_a_full_width_character_that_led_yaml_astray_is_named(
    path: Path, text: str, line: int, column: int, found: str
) -> None:
    """YAML gives up a line later, in words that nobody understands: the character itself is the mistake."""
    (mistake,) = refused(path, text)
    wide, half = found.split("' use '")
    assert (mistake.line, mistake.column) == (line, column)
    assert mistake.text.startswith(f"a full-width character stands here, '{wide}'; use a half-width one, '{half}'")
    assert mistake.text_zh.startswith(f"这里是全角符号“{wide}”，请换成半角“{half}”")


def test_a_value_that_should_have_been_a_list_is_pointed_at_its_full_width_character(path: Path) -> None:
    """YAML took it for a word; what it cannot be is less useful than why."""
    source = read(path, "duty:\n  tech: [alice，bob]\n")
    mistake = source.mistake(("duty", "tech", 0), "nobody has this id")
    assert (mistake.line, mistake.column) == (2, 15)
    assert "全角符号“，”" in mistake.text_zh


@pytest.mark.parametrize("value", ['"双11，开播"', "'双11，开播'", "x  # 备注，说明"])
def test_full_width_characters_in_quotes_and_comments_are_meant(path: Path, value: str) -> None:
    """People write Chinese; only what YAML would have read as its own is a mistake."""
    source = read(path, f"title: {value}\n")
    assert source.mistake(("title",), Text("错", "is wrong")).text.startswith("is wrong")


def test_a_full_width_character_shows_nothing_beside_it(path: Path) -> None:
    """A secret may stand right behind it."""
    (mistake,) = refused(path, "channels:\n  g:\n    secret：sesame\n    type: x\n")
    assert mistake.line == 3
    assert "sesame" not in mistake.text + mistake.text_zh
    inside = read(path, "channels:\n  g: {type: x, secret: open，sesame}\n").mistake(
        ("channels", "g", "secret"), "no"
    )
    assert "全角符号" in inside.text_zh
    as_key = read(path, "channels:\n  g: {secret：sesame}\n").mistake(
        ("channels", "g", "secret：sesame"), "unknown"
    )
    assert "全角符号" in as_key.text_zh
    assert "sesame" not in f"{inside}{as_key}{inside.words}{as_key.words}"


def test_a_mistake_is_read_in_both_languages(path: Path) -> None:
    """English for logs and programs, Chinese beside it; the place stands in both."""
    with pytest.raises(ConfigError) as caught:
        YamlFile(path)
    assert caught.value.words == (
        f"{path}: 没有这个文件，用 --config 指定",
        f"{path}: no such file; name another with --config",
    )
    assert str(caught.value) == caught.value.words[1]


def test_every_key_that_stands_twice_is_named(path: Path) -> None:
    """YAML would take the last one silently; all of them are told at once, each at its second place."""
    mistakes = refused(path, "a: 1\nb: {c: 1, c: 2}\na: 2\nd:\n  - {e: 1, e: 1}\n")
    assert [(each.key, each.line) for each in mistakes] == [("b.c", 2), ("a", 3), ("d.0.e", 5)]


def test_the_same_key_in_two_places_is_fine(path: Path) -> None:
    """Only within one mapping a key stands once."""
    assert read(path, "a: {x: 1}\nb: {x: 1}\n").data == {"a": {"x": 1}, "b": {"x": 1}}


def test_an_alias_may_be_used_again(path: Path) -> None:
    """A contact that two people share is written once."""
    assert read(path, "a: &way {to: x}\nb: *way\nc: [*way, *way]\n").data["c"] == [{"to": "x"}, {"to": "x"}]


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a\n  b: *a\n"])
def test_a_value_that_holds_itself_is_refused(path: Path, text: str) -> None:
    """It has no end, so nobody could read it."""
    (mistake,) = refused(path, text)
    assert "or itself" in mistake.text
    assert mistake.key == "a"


def test_a_short_file_that_unfolds_without_end_is_refused(path: Path) -> None:
    """Nine aliases of nine each would be 387 million values."""
    lines = ["l0: &l0 [x]"]
    lines += [f"l{number}: &l{number} [{', '.join([f'*l{number - 1}'] * 9)}]" for number in range(1, 10)]
    (mistake,) = refused(path, "\n".join(lines))
    assert "too many values" in mistake.text


@pytest.mark.parametrize("depth", [MAX_DEPTH + 2, 5000])
def test_brackets_without_end_are_refused(path: Path, depth: int) -> None:
    """However deep, it is a sentence and no traceback."""
    (mistake,) = refused(path, "a: " + "[" * depth + "]" * depth)
    assert mistake.line == 1


def test_a_file_that_is_not_there(path: Path) -> None:
    """The place and the cure."""
    with pytest.raises(ConfigError, match=r"duty\.yml: no such file; name another with --config"):
        YamlFile(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """What the system says, in a sentence."""
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        YamlFile(tmp_path)
