"""`streamwatch rules` with the real promtool: from a new rule to one that fires; and what it says of a bad one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from servers.receiver import REPOSITORY
from servers.rules_clone import HOLDS, RULES, TESTS, Clone
from streamwatch.cli import group


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    monkeypatch.chdir(tmp_path)
    return Clone(tmp_path)


def streamwatch(*words: str, language: str = "en") -> Result:
    """As a person types it, in the folder of the clone."""
    return CliRunner().invoke(group, ["rules", *words], env={"STREAMWATCH_LANG": language})


def test_rules_that_are_right_pass(clone: Clone) -> None:
    """Exit 0, and how many were looked at."""
    done = streamwatch("test")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "1 rules, 1 test files: 0 bad, 0 warnings\n"


PUBLISHING = "| `streamwatch_ingest_publishing` | gauge | |\n"


@pytest.mark.parametrize(
    "expr",
    [
        "",
        "demo_level > 0.2",
        "demo_level >= 0.2",
        "demo_level < -5",
        "max by (stream, channel) (demo_level) <= 0",
        "demo_level == 3",
        "avg by (stream, channel) (demo_level{channel=~'left|right'}) != 3",
        "max by (host) (demo_host_ratio) > 0.9",
    ],
)
def test_a_new_rule_passes_its_own_test(clone: Clone, expr: str) -> None:
    """As it is written, whatever the condition; what is left to say are the words that are still to be written."""
    clone.write("exporters/README.md", clone.read("exporters/README.md") + PUBLISHING)
    assert streamwatch("new", "demo/ThingLoud", *(["--expr", expr] if expr else [])).exit_code == 0
    done = streamwatch("test", "demo/ThingLoud", "--json")
    told = json.loads(done.stdout)
    assert {each["check"] for each in told["findings"]} == {"annotation/summary", "runbook/unfinished"}, done.stdout
    assert (done.exit_code, told["rules"], told["tests"]) == (0, 1, 1)


def test_from_a_new_rule_to_one_that_fires(clone: Clone) -> None:
    """Begin, check, change the condition, see its test fail at the moment that it is about, let the test follow."""
    assert streamwatch("new", "chat_troubles/LevelLow", "--expr", "demo_level < 5").exit_code == 0
    folder = "alert_rules/chat_troubles"
    assert streamwatch("test", "chat_troubles/LevelLow").exit_code == 0

    rules, tests = f"{folder}/rules.yml", f"{folder}/rules_test.yml"
    clone.write(rules, clone.read(rules).replace("< 5", "< 3"))
    failed = streamwatch("test", "LevelLow")
    assert failed.exit_code == 1
    line = next(at for at, text in enumerate(clone.read(tests).splitlines(), 1) if "eval_time: 20s" in text)
    assert f"{tests}:{line}:9: promtool/test (bad)" in failed.stderr
    assert "alertname: LevelLow, time: 20s" in failed.stderr

    clone.write(tests, clone.read(tests).replace("5+0x9 4.5+0x19 5+0x30", "3+0x9 2+0x19 3+0x30"))
    clone.write(tests, clone.read(tests).replace("5+0x9 4.5+0x14", "3+0x9 2+0x14"))
    assert streamwatch("test", folder, "--json").exit_code == 0


def test_an_alert_that_is_asked_for_is_judged_alone(clone: Clone) -> None:
    """Neither the rules beside it nor their tests are its own; those that stand on it are."""
    clone.write("exporters/README.md", clone.read("exporters/README.md") + PUBLISHING)
    streamwatch("new", "demo/AudioDrifts")
    clone.judge_by("max by (stream) (demo_upp) == 0")
    clone.change(TESTS, "eval_time: 16s", "eval_time: 12s")
    assert streamwatch("test", "demo/AudioDrifts").exit_code == 0
    other = streamwatch("test", "demo/ThingBroken")
    assert (other.exit_code, "metric/unknown" in other.stderr, "promtool/test" in other.stderr) == (1, True, True)
    assert "AudioDrifts" not in other.stderr


def test_a_file_that_is_no_yaml_is_named_whatever_was_asked_for(clone: Clone) -> None:
    """The alert cannot be found then, and that is not what is wrong."""
    clone.change(RULES, "groups:", "groups: [")
    done = streamwatch("test", "demo/ThingBroken")
    assert (done.exit_code, "yaml/syntax" in done.stderr) == (1, True)


def test_tests_with_all_rules_say_the_same(clone: Clone) -> None:
    """promtool over the files as they are, and over each test with the rules it needs."""
    clone.change(TESTS, "eval_time: 15s", "eval_time: 17s")
    short, whole = (streamwatch("test", *more) for more in ([], ["--whole"]))
    assert (short.exit_code, whole.exit_code) == (1, 1)
    assert short.stderr == whole.stderr


def test_a_test_that_promtool_cannot_read_is_told_in_its_words(clone: Clone) -> None:
    """With the line of the file that was written, not of what was made of it."""
    clone.change(TESTS, "evaluation_interval", "evaluation_intervall")
    done = streamwatch("test")
    assert (done.exit_code, f"{TESTS}:2:1: promtool/test (bad)" in done.stderr) == (1, True), done.stderr


def test_a_mistake_is_told_with_its_place_to_people_and_programs(clone: Clone) -> None:
    """Exit 1; the same in JSON, in both languages."""
    clone.judge_by("max by (stream) (demo_upp) == 0")
    shown = streamwatch("test", "--quick", language="zh")
    assert shown.exit_code == 1
    assert (
        f"{RULES}:6:28: metric/unknown（错误）：ThingBroken: 没有指标 demo_upp；你是说 demo_up 吗？" in shown.stderr
    )
    assert "\n" + " " * 31 + "^" * 8 + "\n" in shown.stderr

    told = json.loads(streamwatch("test", "--quick", "--json").stdout)
    (found,) = told["findings"]
    place = {
        "file": RULES,
        "line": 6,
        "column": 28,
        "rule": "ThingBroken",
        "check": "metric/unknown",
        "level": "bad",
    }
    assert found.items() >= place.items()
    assert (told["ok"], found["what_zh"]) == (False, "没有指标 demo_upp")


def test_promtool_has_its_say_with_the_place(clone: Clone) -> None:
    """What only Prometheus knows, as a function that does not exist."""
    clone.judge_by("max by (stream) (ratee(demo_bytes_total[5s])) == 0")
    done = streamwatch("test", "--quick")
    assert done.exit_code == 1
    assert f"{RULES}:5:15: promtool/check (bad)" in done.stderr
    assert 'unknown function with name "ratee"' in done.stderr


def test_a_test_that_fails_is_told_with_the_line_of_its_moment(clone: Clone) -> None:
    """And with what promtool expected and got."""
    clone.change(TESTS, "eval_time: 15s", "eval_time: 17s")
    done = streamwatch("test")
    assert done.exit_code == 1
    assert f"{TESTS}:8:7: promtool/test (bad)" in done.stderr
    assert "exp:[]" in done.stderr


def test_warnings_pass_unless_asked_to_be_strict(clone: Clone) -> None:
    """They are shown in both cases."""
    clone.change(RULES, "          " + HOLDS + "\n", "")
    easy, strict = (streamwatch("test", "--quick", *more) for more in ([], ["--strict"]))
    assert (easy.exit_code, strict.exit_code) == (0, 1)
    assert easy.stderr == strict.stderr.replace("1 rules, 0 test files: 0 bad, 1 warnings\n", "")
    assert "absence/branch (warning)" in easy.stderr


def test_a_folder_that_is_asked_for_is_judged_alone(clone: Clone) -> None:
    """Mistakes elsewhere are not its own."""
    clone.judge_by("max by (stream) (demo_upp) == 0")
    other = clone.read(RULES).replace("demo_upp", "demo_up").replace("ThingBroken", "OtherThing")
    clone.write("alert_rules/other/rules.yml", other)
    assert streamwatch("test", "--quick", "alert_rules/demo").stderr.count("metric/unknown") == 1
    assert "metric/unknown" not in streamwatch("test", "--quick", "alert_rules/other").stderr


@pytest.mark.parametrize("words", [("test", "nowhere"), ("test", "config"), ("explain",), ("begin",)])
def test_what_is_not_there_is_a_mistake_of_whoever_typed(clone: Clone, words: tuple[str, ...]) -> None:
    """Exit 2."""
    assert streamwatch(*words).exit_code == 2


def mutate(clone: Clone, *words: str) -> subprocess.CompletedProcess[str]:
    script = REPOSITORY / "tests" / "mutate_rules.py"
    command = [sys.executable, str(script), "--rules", str(clone.home / "alert_rules"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_threshold_that_no_test_holds_survives(clone: Clone) -> None:
    """Each change of the rule is tried; what is not noticed is named, and exit 1."""
    clone.judge_by("max by (stream) (demo_level) > 0.5 or max by (stream) (demo_up) == 0")
    told = json.loads(mutate(clone, "--json").stdout)
    survivors = {each["change"] for each in told["survivors"]}
    assert mutate(clone).returncode == 1
    assert any("[0.5 → 0.55]" in each for each in survivors)
    assert not any("for:" in each for each in survivors)
    assert told["killed"] + len(told["survivors"]) == told["total"]


def test_tests_that_fail_anyway_kill_nothing(clone: Clone) -> None:
    """They would kill every mutant; that is said instead."""
    clone.change(TESTS, "eval_time: 15s", "eval_time: 17s")
    done = mutate(clone)
    assert (done.returncode, "fail without any change" in done.stderr) == (1, True)
