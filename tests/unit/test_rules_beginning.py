"""`rules new` begins a rule that can be edited, and refuses a name that is taken."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from servers.rules_clone import EN, PROMETHEUS, RULES, ZH, Clone
from streamwatch.cli import group
from streamwatch.errors import CommandFailed
from streamwatch.rules.beginning import name_of


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def new(clone: Clone, name: str, *options: str, language: str = "en") -> Result:
    words = ["rules", "new", name, "--home", str(clone.home), *options]
    return CliRunner().invoke(group, words, env={"STREAMWATCH_LANG": language})


def refusal(result: Result) -> str:
    assert isinstance(result.exception, CommandFailed)
    return str(result.exception)


@pytest.mark.parametrize(
    ("alert", "anchor"),
    [
        ("AudioDrifts", "audio-drifts"),
        ("CdnDNSGone", "cdn-dns-gone"),
        ("Hls404", "hls404"),
        ("Watchdog", "watchdog"),
    ],
)
def test_the_section_is_named_after_the_alert(alert: str, anchor: str) -> None:
    """In the small letters that an anchor is written in."""
    assert name_of(f"demo/{alert}").anchor == anchor


@pytest.mark.parametrize(
    "name", ["demo", "demo/", "/Thing", "Demo/Thing", "demo/thing", "demo/Thing Two", "../x/Thing"]
)
def test_what_cannot_be_a_name_is_refused(clone: Clone, name: str) -> None:
    """With an example; nothing is written."""
    assert "stream_interruption/AudioDrifts" in refusal(new(clone, name))


def test_a_rule_in_a_new_procedure_is_named_in_prometheus_yml(clone: Clone) -> None:
    """Four files, and the line behind the other rule files; lint has only the summary to say."""
    told = new(clone, "audio_troubles/AudioDrifts")
    folder = "alert_rules/audio_troubles"
    assert told.exit_code == 0
    for path in ("rules.yml", "rules_test.yml", "runbook.zh.md", "runbook.en.md"):
        assert f"  {folder}/{path}\n" in told.output
    assert clone.read(PROMETHEUS).splitlines()[2:] == [
        "  - ../alert_rules/demo/rules.yml",
        f"  - ../{folder}/rules.yml",
    ]
    assert "PROCEDURES" in told.output
    clone.write(
        "exporters/README.md", clone.read("exporters/README.md") + "| `streamwatch_ingest_publishing` | gauge | |\n"
    )
    unfinished = [("runbook/unfinished", "warning")] * 2
    assert sorted(each[:2] for each in clone.told()) == [("annotation/summary", "warning"), *unfinished]


def test_a_rule_in_a_procedure_that_is_there_leaves_its_rules_alone(clone: Clone) -> None:
    """They stand before it, and its test is a file of its own."""
    before = {path: clone.read(path) for path in (RULES, ZH, EN)}
    assert new(clone, "demo/AudioDrifts").exit_code == 0
    assert all(clone.read(path).startswith(text) for path, text in before.items())
    assert "alertname: AudioDrifts" in clone.read("alert_rules/demo/rules_test_audio_drifts.yml")
    assert clone.read(PROMETHEUS).count("alert_rules") == 1


def test_what_was_written_is_told_to_programs_too(clone: Clone) -> None:
    """And what is left to do, in both languages."""
    told = json.loads(new(clone, "demo/AudioDrifts", "--json").output)
    assert told["written"][0] == RULES
    reload = ".venv/bin/streamwatch reload"
    assert {"zh": f"生效：{reload}", "en": f"let it count: {reload}"} in told["next"]


def test_the_test_of_this_rule_alone_is_the_next_step(clone: Clone) -> None:
    """As it is to be typed: the folder's tests may take a minute."""
    told = new(clone, "demo/AudioDrifts").output
    assert "check: .venv/bin/streamwatch rules test demo/AudioDrifts\n" in told


def test_the_skeleton_says_what_changes_together(clone: Clone) -> None:
    """In both languages, in the rule: what its test repeats, and how long a summary may be."""
    assert new(clone, "demo/AudioDrifts").exit_code == 0
    rules = clone.read(RULES)
    for words in ("rules_test_audio_drifts.yml", "指标 metric → series", "最多 40 个字符", "at most 40 characters"):
        assert words in rules.partition("ThingBroken")[2]


def test_a_condition_comes_with_its_test_and_words(clone: Clone) -> None:
    """Whoever has them all needs to edit the steps alone: lint has nothing else to say."""
    words = {"--zh": "音量: 太高", "--en": "it's too loud", "--role": "ops", "--severity": "P3", "--hop": "picture"}
    options = [each for pair in words.items() for each in pair]
    expr = "max by (stream, channel) (demo_level) > 0.5"
    assert new(clone, "demo/TooLoud", "--expr", expr, *options).exit_code == 0
    assert f"{expr}\n" in clone.read(RULES)
    test = clone.read("alert_rules/demo/rules_test_too_loud.yml")
    assert """'demo_level{stream="demo", channel="example"}', values: 0.5+0x9 0.55+0x19""" in test
    assert "{stream: demo, channel: example, hop: picture, procedure: demo, severity: P3, role: ops}" in test
    assert "1. 运营：待写" in clone.read(ZH)
    assert {each[:2] for each in clone.told()} == {("runbook/unfinished", "warning")}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--expr", "demo_upp == 0"], "there is no metric demo_upp. Did you mean demo_up?"),
        (["--expr", "rate(demo_bytes_total[5s]) > 5"], "write --expr as max by (stream) (METRIC) > NUMBER"),
        (["--expr", "demo_up =="], "--expr: "),
        (["--en", "a" * 41], "has 41 characters; 40 at most"),
        (["--zh", "太" * 41], "has 41 characters; 40 at most"),
    ],
)
def test_what_cannot_be_begun_is_refused(clone: Clone, options: list[str], words: str) -> None:
    """With the cure; nothing is written."""
    before = clone.read(RULES)
    assert words in refusal(new(clone, "demo/AudioDrifts", *options))
    assert clone.read(RULES) == before


def test_the_next_steps_are_read_in_chinese(clone: Clone) -> None:
    """By whoever reads Chinese."""
    assert "接下来：\n  1. 写步骤" in new(clone, "demo/AudioDrifts", language="zh").output


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("demo/ThingBroken", f"there is an alert ThingBroken already ({RULES}:4:16)"),
        ("other/ThingBroken", f"there is an alert ThingBroken already ({RULES}:4:16)"),
        ("demo/Taken", "has a section #taken"),
        ("demo/Tested", "rules_test_tested.yml exists already"),
    ],
)
def test_a_name_that_is_taken_is_refused(clone: Clone, name: str, words: str) -> None:
    """An alert of any procedure, a section, a file; nothing is written."""
    clone.write(ZH, clone.read(ZH) + "\n## Taken {#taken}\n1. tech: x\n")
    clone.write("alert_rules/demo/rules_test_tested.yml", "rule_files: [rules.yml]\ntests: []\n")
    before = {path: path.read_bytes() for path in clone.home.rglob("*") if path.is_file()}
    assert words in refusal(new(clone, name))
    assert {path: path.read_bytes() for path in clone.home.rglob("*") if path.is_file()} == before


def test_a_file_that_cannot_be_continued_is_refused(clone: Clone) -> None:
    """Its rules are indented otherwise; it is left as it was."""
    text = "groups: [{name: demo, rules: [{alert: ThingBroken, expr: demo_up == 0}]}]\n"
    clone.write(RULES, text)
    assert "six blanks" in refusal(new(clone, "demo/AudioDrifts"))
    assert clone.read(RULES) == text


def test_a_prometheus_yml_that_is_written_otherwise_is_refused(clone: Clone) -> None:
    """Nobody's list is rewritten."""
    clone.write(PROMETHEUS, "rule_files: [../alert_rules/demo/rules.yml]\n")
    assert "rule_files" in refusal(new(clone, "audio_troubles/AudioDrifts"))
    assert not (clone.home / "alert_rules/audio_troubles").exists()
