"""streams.yml: every mistake is named with its place and its cure, all at once, and no secret is echoed."""

from pathlib import Path

import pytest

from streamwatch_exporters.config import load_config
from streamwatch_exporters.mistakes import ConfigMistakes, Mistake

GOOD = """
listen: 127.0.0.1:9780
chat:
  token_file: token
servers:
  - id: studio
    nginx_rtmp: {url: "http://127.0.0.1:8080/stat", timeout: 2.0}
streams:
  - id: demo
    nginx_rtmp: {server: studio, app: live, name_file: key}
    hls: {url: "http://127.0.0.1:8080/hls/demo.m3u8", segments: true}
    chat: {quiet_after: 120}
"""

CHAT, SHOP = "    chat: {quiet_after: 120}\n", "streams[0].commerce"
TWICE = "{item: 3, planned_price: 1}, {item: '3', planned_price: 2}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("chat-token\n")
    (tmp_path / "key").write_text("stream-key\n")
    return tmp_path


def mistakes(folder: Path, text: str) -> list[Mistake]:
    path = folder / "streams.yml"
    path.write_text(text)
    with pytest.raises(ConfigMistakes) as refused:
        load_config(path)
    return refused.value.mistakes


def test_a_good_file_is_loaded(folder: Path) -> None:
    """Secret files are read, relative to the file that names them."""
    (folder / "streams.yml").write_text(GOOD)
    config = load_config(folder / "streams.yml")
    (stream,) = config.streams
    assert stream.nginx_rtmp is not None
    assert stream.nginx_rtmp.key == ("live", "stream-key")
    assert config.chat is not None
    assert config.chat.token_file.get_secret_value() == "chat-token"
    assert "stream-key" not in repr(config)


def test_an_empty_file_watches_nothing(folder: Path) -> None:
    """It is no mistake to begin with nothing."""
    (folder / "streams.yml").write_text("")
    assert load_config(folder / "streams.yml").streams == ()


@pytest.mark.parametrize(
    ("before", "after", "line", "key", "says"),
    [
        ("segments: true", "segmants: true", 11, "streams[0].hls.segmants", "did you mean segments?"),
        ("listen:", "listne:", 2, "listne", "did you mean listen?"),
        ("quiet_after: 120", "quiet_after: soon", 12, "streams[0].chat.quiet_after", "a number is expected"),
        ("quiet_after: 120", "quiet_after: 0", 12, "streams[0].chat.quiet_after", "at least 1"),
        ("quiet_after: 120", "xyz: 1", 12, "streams[0].chat.xyz", "the keys here are: quiet_after"),
        ("timeout: 2.0", "timeout: -1", 7, "servers[0].nginx_rtmp.timeout", "greater than 0"),
        ("server: studio", "server: attic", 10, "streams[0].nginx_rtmp.server", "servers are: studio"),
        (", app: live", "", 10, "streams[0].nginx_rtmp.app", "missing"),
        ("app: live", "app: 5", 10, "streams[0].nginx_rtmp.app", "put a number in quotes"),
        ("id: demo", "id: 'de mo'", 9, "streams[0].id", "letters, digits"),
        ("name_file: key", "name_file: nowhere", 10, "streams[0].nginx_rtmp.name_file", "does not exist"),
        (
            "name_file: key",
            "name_file: key, name: x",
            10,
            "streams[0].nginx_rtmp",
            "exactly one of name and name_file",
        ),
        ("token_file: token", "token_file: .", 4, "chat.token_file", "cannot be read"),
        ("listen: 127.0.0.1:9780", "listen: somewhere", 2, "listen", "host:port"),
        ('"http://127.0.0.1:8080/hls/demo.m3u8"', "ftp://x/y", 11, "streams[0].hls", "complete address"),
        ("chat:\n  token_file: token\n", "", 10, "streams[0].chat", "needs chat.token_file"),
        ("  - id: demo\n", "  - id: demo\n    id: other\n", 10, "streams[0].id", "written twice"),
        ("    chat: {quiet_after: 120}\n", "    chat: 7\n", 12, "streams[0].chat", "keys with values"),
        (
            CHAT,
            CHAT + "    commerce: {items: [{item: 3号, planned_price: 1}]}\n",
            13,
            f"{SHOP}.items[0].item",
            "short number",
        ),
        (
            CHAT,
            CHAT + "    commerce: {items: [{item: 3, planned_price: x}]}\n",
            13,
            f"{SHOP}.items[0].planned_price",
            "199.00",
        ),
        (CHAT, CHAT + "    commerce: {items: [{item: 3}]}\n", 13, f"{SHOP}.items[0].planned_price", "missing"),
        (CHAT, CHAT + f"    commerce: {{items: [{TWICE}]}}\n", 13, SHOP, "stands twice"),
        (CHAT, CHAT + "    commerce: {currency: yuan}\n", 13, f"{SHOP}.currency", "as in CNY"),
        (GOOD[GOOD.index("servers:") : GOOD.index("streams:")], "servers: 5\n", 5, "servers", "a list is expected"),
        ("\nlisten", "\n\tlisten", 2, "", "not YAML"),
    ],
)
def test_a_mistake_names_its_place_and_cure(
    folder: Path, before: str, after: str, line: int, key: str, says: str
) -> None:
    """One change to a good file, and the mistake that it is."""
    assert before in GOOD
    found = mistakes(folder, GOOD.replace(before, after, 1))
    matching = [mistake for mistake in found if mistake.key == key and says in mistake.text.en]
    assert [mistake.place.line for mistake in matching] == [line], [mistake.read_in("en") for mistake in found]
    assert matching[0].text.zh


def test_all_mistakes_come_at_once_in_the_order_of_the_file(folder: Path) -> None:
    """Three mistakes of three kinds, one reading."""
    text = (
        GOOD.replace("listen:", "lisen:")
        .replace("timeout: 2.0", "timeout: x")
        .replace("server: studio", "server: a")
    )
    assert [mistake.place.line for mistake in mistakes(folder, text)] == [2, 7, 10]


def test_an_id_used_twice_is_pointed_at(folder: Path) -> None:
    """The second one is the mistake."""
    again = GOOD + "  - {id: demo, chat: {}}\n"
    (found,) = mistakes(folder, again)
    assert (found.place.line, found.key) == (13, "streams[1].id")


def test_a_stream_that_nothing_looks_at_is_a_mistake(folder: Path) -> None:
    """Otherwise its silence would look like health."""
    (found,) = mistakes(folder, GOOD + "  - id: forgotten\n")
    assert "nothing looks at it" in found.text.en


def test_the_line_is_shown_with_carets_and_without_secrets(folder: Path) -> None:
    """The value under a misspelt key may be the secret itself."""
    text = GOOD.replace("name_file: key", "nmae: live_abc123, name: top-secret")
    (found,) = mistakes(folder, text)
    assert found.read_in("en") == (
        f"{folder}/streams.yml:10:45: streams[0].nginx_rtmp.nmae: unknown key; did you mean name?\n"
        "    nginx_rtmp: {server: studio, app: live, nmae: …, name: …}\n"
        "                                            ^^^^"
    )


@pytest.mark.parametrize(
    "text",
    [
        'streams: [{id: a, hls: {url: "http://SECRET@"}}]',
        "streams: [{id: a, hls: {url: [SECRET]}}]",
        "streams: [{id: a, hls: SECRET}]",
        "streams: SECRET",
        "SECRET",
        "- SECRET",
        "streams: [{id: a, hls: {url: 'SECRET",
        "streams: {SECRET",
        "streams: [{id: a, nginx_rtmp: {server: s, app: l, name: {x: SECRET}}}]",
        "a: *SECRET",
        "a: !SECRET b",
    ],
)
def test_no_mistake_echoes_a_secret(folder: Path, text: str) -> None:
    """Whatever is wrong with the value, it stays out of terminals and logs."""
    found = mistakes(folder, text)
    shown = "\n".join(mistake.read_in("en") + mistake.read_in("zh") for mistake in found)
    assert "SECRET" not in shown, shown


def test_a_file_of_aliases_cannot_grow_without_end(folder: Path) -> None:
    """Ten lines of YAML can stand for a billion values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    (found,) = mistakes(folder, "\n".join(lines))
    assert "aliases" in found.text.en


@pytest.mark.parametrize(("content", "says"), [(b"\xff\xfe\x00", "not UTF-8"), (b"a: b\n" * 10**6, "too large")])
def test_a_file_that_is_no_text_is_named(folder: Path, content: bytes, says: str) -> None:
    """The cure is in the sentence."""
    (folder / "streams.yml").write_bytes(content)
    with pytest.raises(ConfigMistakes, match=says):
        load_config(folder / "streams.yml")


def test_a_missing_file_is_named(folder: Path) -> None:
    """With its path."""
    with pytest.raises(ConfigMistakes, match=r"none\.yml:1:1: the file cannot be read"):
        load_config(folder / "none.yml")


def test_secrets_need_not_be_there_for_a_check_of_the_syntax(folder: Path) -> None:
    """The machine that checks a file is often not the one that holds the secrets."""
    (folder / "streams.yml").write_text(GOOD.replace("name_file: key", "name_file: nowhere"))
    load_config(folder / "streams.yml", read_secrets=False)
