"""Which tests are run, and with which rules."""

import json
from pathlib import Path

import pytest

from streamwatch.rules.trials import Trial, Trials

RULES = """\
groups:
  - name: demo
    rules:
      - {record: a:b, expr: x}
      - {alert: One, expr: "a:b > 1", limit: 5, labels: {v: 1.10}}
      - {alert: Two, expr: "y > 1"}
"""
TEST = """\
rule_files: [rules.yml]
tests:
  - name: one
    input_series: [{series: x, values: 0x10}]
    alert_rule_test:
      - {alertname: One, eval_time: 1m, exp_alerts: [{exp_labels: {v: 1.10}}]}
      - {alertname: Two, eval_time: 1m, exp_alerts: []}
  - name: two
    promql_expr_test:
      - {expr: "a:b", eval_time: 1m, exp_samples: [{labels: "a:b", value: 1.50}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "rules.yml").write_text(RULES)
    (tmp_path / "demo" / "rules_test.yml").write_text(TEST)
    return tmp_path


def rules_of(trial: Trial) -> list[str]:
    return [rule.get("alert") or rule["record"] for rule in json.loads(trial.rules)["groups"][0]["rules"]]


def alerts_of(trial: Trial) -> list[str]:
    return [each["alertname"] for each in json.loads(trial.test)["tests"][0]["alert_rule_test"]]


def test_each_test_has_the_rules_it_needs(folder: Path) -> None:
    """Those it asks for, and those they stand on."""
    tests = Trials(folder)
    assert [rules_of(each) for each in tests.of_files(tests.files)] == [["a:b", "One", "Two"], ["a:b"]]


def test_of_one_alert_its_own_expectations_are_asked(folder: Path) -> None:
    """Those of other alerts are not; a rule that others stand on is asked for with them."""
    rules = folder / "demo" / "rules.yml"
    (two,) = Trials(folder).of_alert(rules, "Two")
    assert (rules_of(two), alerts_of(two)) == (["Two"], ["Two"])
    assert [alerts_of(each) for each in Trials(folder).of_alert(rules, "a:b")] == [["One"], []]
    assert Trials(folder).of_alert(rules, "Three") == []
    assert Trials(folder).needed(rules, "One") == {"One", "a:b"}


def test_words_stay_words_and_numbers_numbers(folder: Path) -> None:
    """YAML would read ten zeros as sixteen; Prometheus wants the value of a sample as a number."""
    tests = Trials(folder)
    one, two = (json.loads(each.test)["tests"][0] for each in tests.of_files(tests.files))
    assert one["input_series"][0]["values"] == "0x10"
    assert one["alert_rule_test"][0]["exp_alerts"][0]["exp_labels"] == {"v": "1.10"}
    assert two["promql_expr_test"][0]["exp_samples"][0]["value"] == 1.5
    (rule,) = [
        each for each in json.loads(tests.of_files(tests.files)[0].rules)["groups"][0]["rules"] if "limit" in each
    ]
    assert (rule["limit"], rule["labels"]) == (5, {"v": "1.10"})


@pytest.mark.parametrize(
    "text", ["tests: []\n", "rule_files: [gone.yml]\ntests: [{}]\n", "[", "rule_files: [rules.yml]\ntests: 5\n", ""]
)
def test_what_is_no_test_file_is_left_to_promtool(folder: Path, text: str) -> None:
    """The file itself."""
    path = folder / "demo" / "rules_test.yml"
    path.write_text(text)
    assert Trials(folder).of_files([path]) == [Trial(path)]


def test_a_file_that_cannot_be_read_may_be_that_of_any_alert_beside_it(folder: Path) -> None:
    """Whoever asks for one of these alerts hears of it; others do not."""
    path = folder / "demo" / "rules_test.yml"
    path.write_text("[")
    (folder / "other").mkdir()
    (folder / "other" / "rules.yml").write_text(RULES)
    assert Trials(folder).of_alert(folder / "demo" / "rules.yml", "One") == [Trial(path)]
    assert Trials(folder).of_alert(folder / "other" / "rules.yml", "One") == []
