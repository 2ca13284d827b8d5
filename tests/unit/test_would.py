"""`streamwatch would`: whom an alert would call, by which contact, and who follows; nothing is sent."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from servers.duty_file import HEAD, write_duty_file
from streamwatch.cli import group

RULES = """\
groups:
  - name: stream
    rules:
      - alert: EncoderStopped
        expr: up == 0
        labels:
          hop: encoder
          procedure: stream_interruption
          severity: "{{ if true }}P1{{ else }}P0{{ end }}"
          role: tech
      - alert: BitrateLow
        expr: up == 0
        labels: {hop: uplink, procedure: stream_interruption, severity: P3, role: tech}
"""
NOON = ("--at", "2026-11-22 12:00")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return written(tmp_path)


def written(folder: Path, more: str = "", head: str = HEAD) -> Path:
    path = write_duty_file(folder, more, head)
    (folder / "alert_rules" / "stream_interruption" / "rules.yml").write_text(RULES)
    return path


def run(config: Path, *words: str, language: str = "en") -> Result:
    environ = {"STREAMWATCH_LANG": language}
    return CliRunner().invoke(group, ["would", *words, "--config", str(config)], env=environ)


def calls(config: Path, *words: str) -> list[tuple[float, str, str, bool]]:
    told: dict[str, Any] = json.loads(run(config, *words, "--json").stdout)
    return [(each["after"], each["whom"], each["person"], each["sent"]) for each in told["calls"]]


def test_it_names_each_person_with_the_second_at_which_they_are_called(config: Path) -> None:
    """Alice at once; Bob, who is her backup and ops, after a minute; Charlie after two and a half."""
    assert calls(config, "--alert", "EncoderStopped", "--stream", "demo", *NOON) == [
        (0.0, "duty", "alice", True),
        (60.0, "backup", "bob", True),
        (150.0, "everyone", "charlie", True),
    ]


def test_a_person_reads_it_in_their_language(config: Path) -> None:
    """Severity in full, hop, role, contact and reason; and that it is lower around the show."""
    chinese = run(config, "--alert", "EncoderStopped", "--stream", "demo", *NOON, language="zh").output
    assert "P0 EncoderStopped demo  2026-11-22 12:00  直播中断 · 编码 · 技术" in chinese
    assert "  +60 s   Bob             phone                       后备：无人认领" in chinese
    assert "此后每 180 秒再呼叫一遍" in chinese
    english = run(config, "--alert", "EncoderStopped", *NOON).output
    assert "default duty list" in english
    assert "severity in full" in english


def test_while_it_is_only_observed_it_says_of_each_call_that_it_is_not_sent(tmp_path: Path) -> None:
    """The same people at the same moments, and a warning in words."""
    config = written(tmp_path, "adoption: {stream_interruption: observe}\n")
    assert {sent for *_, sent in calls(config, "--alert", "EncoderStopped", *NOON)} == {False}
    told = run(config, "--alert", "EncoderStopped", *NOON).output
    assert "NOBODY IS CALLED" in told
    assert told.count("(recorded, not sent)") == 3
    assert "then all again" not in told


def test_a_note_waits_for_its_round_and_nobody_follows(config: Path) -> None:
    """P3 at noon is told at six; another severity can be asked for."""
    told = json.loads(run(config, "--alert", "BitrateLow", *NOON, "--json").stdout)
    ((after, at),) = [(each["after"], each["at"]) for each in told["calls"]]
    assert (after, at) == (0.0, "2026-11-22T18:00:00+08:00")
    assert len(calls(config, "--alert", "BitrateLow", "--severity", "P0", *NOON)) == 3


def test_a_misspelt_alert_names_the_nearest(config: Path) -> None:
    """And the exit is that of a failure."""
    result = run(config, "--alert", "EncoderStoped")
    assert result.exit_code == 1
    assert "did you mean EncoderStopped?" in str(result.exception)
