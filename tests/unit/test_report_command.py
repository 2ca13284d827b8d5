"""What `streamwatch report` refuses before it asks anybody, and its help."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from servers.receiver import write_config
from streamwatch.cli import group


def run(tmp_path: Path, *arguments: str, language: str = "en") -> Result:
    config = write_config(tmp_path, 1, "http://127.0.0.1:9/pages")
    return CliRunner().invoke(
        group, ["report", *arguments, "--config", str(config)], env={"STREAMWATCH_LANG": language}
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "write one of --session, --week, --month, --trend, --list, or --from with --to"),
        (["--stream", "demo"], "write one of --session, --week, --month, --trend, --list, or --from with --to"),
        (["--session", "show", "--week"], "write one of"),
        (["--week", "--from", "2026-11-22T19:00"], "write one of"),
        (["--session", "show", "--stream", "demo"], "--session says which stream it is"),
        (["--from", "2026-11-22T19:00"], "--from and --to go together"),
        (["--to", "2026-11-22T19:00"], "--from and --to go together"),
        (["--week", "yesterday"], "'yesterday' is not a date; write it as 2026-11-22"),
        (["--week", "0001-01-01"], "years from 2000 on are taken"),
        (["--month", "2026-13"], "'2026-13' is not a month; write it as 2026-11"),
        (["--month", "--week"], "write one of"),
        (["--trend", "1"], "1 is not in the range"),
        (["--week", "--lang", "fr"], "'fr' is not one of"),
        (["--week", "--prometheus", "localhost"], "write an address like"),
        (["--week", "--stream", ""], "write the id of a stream"),
    ],
)
def test_a_wrong_call_is_a_usage_error(tmp_path: Path, arguments: list[str], words: str) -> None:
    """Exit 2, and what to write instead."""
    result = run(tmp_path, *arguments)
    assert (result.exit_code, words in result.output) == (2, True), result.output


def test_in_chinese_too(tmp_path: Path) -> None:
    """In the language of whoever sits there."""
    assert (
        "请写 --session、--week、--month、--trend、--list，或 --from 和 --to" in run(tmp_path, language="zh").output
    )


def test_help_has_an_example(tmp_path: Path) -> None:
    """For the session of yesterday, and for the week."""
    text = run(tmp_path, "--help").output
    assert "streamwatch report --session 1122-A" in text
    assert "streamwatch report --week" in text
