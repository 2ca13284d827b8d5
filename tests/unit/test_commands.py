"""The words of the commands: help, mistakes of whoever types, and answers that cannot be had."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from servers.free_port import free_port
from servers.receiver import write_config
from streamwatch import cli
from streamwatch.cli import COMMANDS, group


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Alice is on duty, Bob is next, Charlie is off; nothing listens there."""
    return write_config(tmp_path, free_port(), "http://127.0.0.1:9/pages")


def run(language: str, *arguments: str | Path) -> Result:
    return CliRunner().invoke(group, [str(each) for each in arguments], env={"STREAMWATCH_LANG": language})


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str, *words: str) -> str:
    """What the command says to a person when it fails, with exit code 1."""
    monkeypatch.setenv("STREAMWATCH_LANG", language)
    monkeypatch.setattr(sys, "argv", ["streamwatch", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    return capsys.readouterr().err


def test_help_says_each_command_in_both_languages() -> None:
    """Within the eighty columns of a terminal, in which a Chinese character takes two."""
    lines = run("zh", "--help").output.partition("Commands")[2].splitlines()
    text = "\n".join(lines)

    assert max(map(cell_len, lines)) <= 80
    assert [line.split()[0] for line in lines if line[:2] == "  " and line[2:3].strip()] == list(COMMANDS)
    assert "ack        认领事件：我来处理。\n             Take an incident" in text
    assert text.count("。") >= len(COMMANDS)


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", "没有命令“statu”；你是说 status 吗？"), ("en", "no command 'statu'; did you mean status?")],
)
def test_a_misspelt_command_names_the_nearest(language: str, words: str) -> None:
    """Exit 2: it is a mistake of whoever typed it."""
    result = run(language, "statu")

    assert (result.exit_code, words in result.output) == (2, True)


def test_a_command_like_no_other_names_them_all() -> None:
    """Nothing is near: here is what there is."""
    assert " ".join(COMMANDS) in run("en", "xyzzy").output


@pytest.mark.parametrize("at", ["2026-11-22 20:00", "2026-11-22T20:00", "2026-11-22 20:00:00", "2026-11-22T12:00Z"])
def test_who_takes_a_time_as_people_write_it(config: Path, at: str) -> None:
    """Without seconds, with T or a blank, with an offset or in duty.yml's zone: as `export` does."""
    told = json.loads(run("zh", "who", "--config", config, "--at", at, "--role", "tech", "--json").output)

    assert told["at"] in ("2026-11-22T20:00:00+08:00", "2026-11-22T12:00:00+00:00")
    assert (told["duty"][0]["people"], told["duty"][0]["backup_names"]) == (["alice"], ["Bob"])


def test_who_refuses_what_is_no_time(config: Path) -> None:
    """With an example."""
    result = run("zh", "who", "--config", config, "--at", "tonight")

    assert (result.exit_code, "不是时间，请写成 2026-11-22T19:00" in result.output) == (2, True)


def test_who_names_people_and_roles(config: Path) -> None:
    """No ids."""
    tech, _, _, _, marketing, _ = run("zh", "who", "--config", config).output.splitlines()

    assert tech.split() == ["技术", "Alice（后备", "Bob）", "默认值班表"]
    assert marketing.split() == ["营销", "Alice、Bob、Charlie", "营销岗位无人值班，呼叫所有人"]


def sessions(config: Path) -> Path:
    session = (
        "\nsessions: [{id: a, stream: demo, start: 2026-11-22T19:00, end: 2026-11-22T23:30, duty: {tech: [bob]}}]\n"
    )
    config.write_text(config.read_text() + session)
    return config


@pytest.mark.parametrize(("stream", "warned"), [("dmeo", True), ("demo", False), ("", False)])
def test_who_warns_of_a_stream_without_sessions(config: Path, stream: str, warned: bool) -> None:
    """A misspelt stream is answered with the default list, which looks right."""
    result = run("zh", "who", "--config", sessions(config), "--stream", stream)

    assert ("没有直播间“dmeo”（你是说 demo 吗？）；有：demo" in result.stderr) is warned


def test_would_warns_of_a_stream_that_nobody_watches(config: Path) -> None:
    """By the streams.yml beside duty.yml, where no session names a stream."""
    (config.parent / "streams.yml").write_text("streams: [{id: demo}, {id: other}]")
    asked = ("would", "--alert", "EncoderStopped", "--config", config, "--stream")

    assert "there is no stream '演示'; known are: demo other" in run("en", *asked, "演示").stderr
    assert "no stream" not in run("en", *asked, "other").stderr


@pytest.mark.parametrize("language", ["zh", "en"])
def test_who_and_would_say_severity_in_both_languages(language: str) -> None:
    """As all help does."""
    for name in ("who", "would"):
        assert "How urgent" in run(language, name, "--help").output


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("complaints", ["接下投诉：我来回应。", "Take a complaint: I answer it."]),
        ("action", ["新增改进项。", "Open ones, by the day they are due."]),
        ("duty", ["临时改派。", "Somebody else holds a role for a while."]),
    ],
)
def test_the_commands_of_a_command_are_listed_in_both_languages(name: str, words: list[str]) -> None:
    """Whole, within eighty columns."""
    listed = run("zh", name, "--help").output.partition("Commands")[2]

    assert [each for each in words if each not in listed] == []
    assert max(map(cell_len, listed.splitlines())) <= 80


@pytest.mark.parametrize(("language", "words"), [("zh", "请写要做什么"), ("en", "write what is to be done")])
def test_an_action_without_words_is_refused(config: Path, language: str, words: str) -> None:
    """Exit 2, before anybody is asked."""
    result = run(language, "action", "add", " ", "--owner", "alice", "--due", "2026-12-05", "--config", config)

    assert (result.exit_code, words in result.output) == (2, True)


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "系统没有在这里运行。请先启动：make up"), ("en", "the system does not run here")]
)
def test_status_of_what_does_not_run_is_said_in_the_readers_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str, words: str
) -> None:
    """With the cure."""
    (tmp_path / "run").mkdir()

    assert words in said(monkeypatch, capsys, language, "status", "--state", str(tmp_path))


@pytest.mark.parametrize(
    ("watched", "note"),
    [
        ("streams: [{id: demo}]", "streams.yml has no stream 'demmo' (did you mean demo?)"),
        ("", "its stream 'demmo' is much like 'demo'; is it misspelt?"),
    ],
)
def test_check_notes_a_session_of_a_stream_that_nobody_watches(config: Path, watched: str, note: str) -> None:
    """A note, no mistake: another exporter may watch it. Streams that differ by a number are both meant."""
    shows = (("a", "demo"), ("b", "demo"), ("c", "demmo"), ("d", "demo2"), ("old", "dmo"))
    listed = [
        {"id": name, "stream": stream, "start": f"{2000 if name == 'old' else 2099}-11-22T19:00",
         "end": f"{2000 if name == 'old' else 2099}-11-22T20:00"}
        for name, stream in shows
    ]  # fmt: skip
    config.write_text(config.read_text() + f"\nsessions: {json.dumps(listed)}\n")
    if watched:
        (config.parent / "streams.yml").write_text(watched)
    done = run("en", "check", config, "--syntax-only", "--json")
    notes = [each["text"] for each in json.loads(done.stdout)["warnings"]]

    assert done.exit_code == 0
    assert f"session c: {note}" in notes
    assert any("demo2" in each for each in notes) is bool(watched)
    assert not any("dmo'" in each for each in notes)


def test_who_does_not_warn_without_sessions(config: Path) -> None:
    """The stream may be any."""
    assert run("zh", "who", "--config", config, "--stream", "dmeo").stderr == ""


def test_check_is_read_in_chinese_and_kept_in_both(config: Path) -> None:
    """One language for the reader, both for programs."""
    config.write_text(config.read_text() + "\ntimezone: Mars\n")
    shown = run("zh", "check", config)
    told = json.loads(run("zh", "check", config, "--json").output)

    assert shown.exit_code == 1
    assert "timezone: 没有这个时区，例如 Asia/Shanghai" in shown.output
    assert shown.output.endswith("1 处错误\n")
    assert told["mistakes"][0]["text"].startswith("no such time zone")
    assert told["mistakes"][0]["text_zh"].startswith("没有这个时区")


def test_check_warns_and_is_content(config: Path) -> None:
    """A robot's links that no phone can open: said, and no mistake."""
    (config.parent / "secrets" / "robot").write_text(
        "https://oapi.dingtalk.com/robot/send?access_token=t0ken-of-robot"
    )
    robot = "channels:\n  group: {type: dingtalk, url_file: secrets/robot}"
    config.write_text(config.read_text().replace("channels:", robot))
    shown, told = run("zh", "check", config), run("zh", "check", config, "--json")

    assert (shown.exit_code, told.exit_code) == (0, 0)
    assert "注意：public_url 是 127.0.0.1：手机打不开" in shown.stderr
    assert "a phone cannot open" in json.loads(told.stdout)["warnings"][0]["text"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", "没有应答（ConnectError）。请先启动：make up"),
        ("en", "does not answer (ConnectError). Start it with 'make up'"),
    ],
)
def test_a_receiver_that_is_not_there_is_said(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str, words: str
) -> None:
    """In the reader's language, with the cure and with the kind of silence."""
    assert words in said(monkeypatch, capsys, language, "ack", "1", "--by", "alice", "--config", str(config))


def test_a_file_that_is_not_there_is_said_in_chinese(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake of duty.yml met by any command, not by `check` alone."""
    words = said(monkeypatch, capsys, "zh", "who", "--config", str(tmp_path / "none.yml"))

    assert words == f"streamwatch: {tmp_path}/none.yml: 没有这个文件，用 --config 指定\n"


@pytest.mark.parametrize(
    ("as_json", "words"), [([], "已取消，推流已恢复\n"), (["--json"], '{"cancelled": true}\n')]
)
def test_a_cancelled_drill_says_so(monkeypatch: pytest.MonkeyPatch, as_json: list[str], words: str) -> None:
    """Ctrl-C mends the stream on its way out; whoever pressed it wants to know."""

    async def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("streamwatch.cli.drill.run", interrupted)
    result = run("zh", "drill", "encoder_crash", *as_json)

    assert (result.exit_code, result.output) == (1, words)


SHOW = {"id": "A", "stream": "demo", "start": "2026-11-22T19:00", "end": "2026-11-22T23:30"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "name the show by --stream or --session"),
        (("--session", "B"), "there is no session 'B'; there are: A"),
        (("--session", "A", "--stream", "other"), "session A is of stream demo"),
        (("--stream", "demo", "--without", "pictures"), "'pictures'"),
        (("--stream", "demo", "--wait", "-1"), "--wait"),
        (("--stream", "demo", "--wait", "9", "--throughput", "line"), "it does not go with --wait"),
    ],
)
def test_a_preflight_of_no_show_is_a_mistake_of_whoever_typed_it(
    tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    """Exit 2, which is neither go nor no-go."""
    config = write_config(tmp_path, free_port(), "http://127.0.0.1:9/pages", sessions=[SHOW])
    result = run("en", "preflight", "--config", config, *words)

    assert (result.exit_code, says in result.output) == (2, True), result.output


@pytest.mark.parametrize(
    ("language", "cure"), [("zh", "streamwatch check 文件"), ("en", "write streamwatch check FILE")]
)
def test_check_names_no_option_that_it_has_not(tmp_path: Path, language: str, cure: str) -> None:
    """It takes the file as it is; other commands take --config."""
    told = CliRunner().invoke(group, ["check", str(tmp_path / "none.yml")], env={"STREAMWATCH_LANG": language})
    assert (told.exit_code, cure in told.output, "--config" in told.output) == (1, True, False)
