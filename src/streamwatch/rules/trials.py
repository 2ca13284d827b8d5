"""The tests of rules, one by one, each with the rules it needs and no others.

promtool evaluates every rule of a file at every second of a test. Most tests ask for one alert of thirty: with the
rules alone that this alert stands on, the answer is the same, and comes in a fraction of the time.
"""

import json
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from streamwatch.rules.graph import Graph, name_of

NUMBERS = ("value", "limit")
_KEPT = re.compile("tag:yaml.org,2002:(?:merge|null|bool)")


class Words(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # as fast as there is
    """Words as they are written: Prometheus takes `0x10` and `1.10` for words where it wants words."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML has it
        first: [(tag, pattern) for tag, pattern in each if _KEPT.fullmatch(tag)]
        for first, each in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True)
class Trial:
    """One test of *file* as promtool takes it: *test* and *rules* are JSON, which is YAML.

    Both are empty when the file is no test file as it should be: promtool is given the file itself, and says why.
    """

    file: Path
    test: str = ""
    rules: str = ""


class Trials:
    """All test files of alert_rules/, read once; rules are read with them."""

    def __init__(self, folder: Path) -> None:
        self.files = sorted(folder.glob("*/rules_test*.yml"))
        self._read: dict[Path, Any] = {}

    def of_files(self, wanted: Container[Path]) -> list[Trial]:
        """Every test of the files *wanted*."""
        return [trial for path in self.files if path in wanted for trial in self._trials(path, None)]

    def of_alert(self, source: Path, alert: str) -> list[Trial]:
        """The tests that tell of an alert of the rules file *source*, or of a rule that stands on it."""
        return [trial for path in self.files for trial in self._trials(path, (source.resolve(), alert))]

    def needed(self, source: Path, alert: str) -> set[str]:
        """The alert and the rules of its own file that it stands on."""
        try:
            return Graph(_rules(self._load(source))).needed({alert})
        except (yaml.YAMLError, OSError, KeyError, TypeError, AttributeError):
            return {alert}

    def _trials(self, path: Path, asked: tuple[Path, str] | None) -> list[Trial]:
        try:
            return list(self._cut(path, asked))
        except (yaml.YAMLError, OSError, KeyError, TypeError, AttributeError, ValueError, RecursionError):
            own = asked is None or path.parent.resolve() == asked[0].parent
            return [Trial(path)] if own else []

    def _cut(self, path: Path, asked: tuple[Path, str] | None) -> Iterator[Trial]:
        file = self._load(path)
        used = [(path.parent / each).resolve() for each in file["rule_files"]]
        if asked and asked[0] not in used:
            return
        groups = [group for each in used for group in self._load(each)["groups"]]
        graph = Graph([rule for group in groups for rule in group["rules"]])
        told = graph.that_read(asked[1]) if asked else None
        for test in file["tests"]:
            if (cut := only(test, told)) is not None:
                needed = graph.needed(names_asked(cut))
                whole = {**file, "rule_files": ["rules.yml"], "tests": [cut]}
                yield Trial(path, json.dumps(_numbered(whole)), json.dumps(_numbered(kept(groups, needed))))

    def _load(self, path: Path) -> Any:
        if path not in self._read:
            self._read[path] = yaml.load(path.read_text(encoding="utf-8-sig"), Words)  # noqa: S506 - a safe one
        return self._read[path]


def _numbered(node: Any) -> Any:
    """With numbers where Prometheus wants them: what an expression answers, how many alerts a rule may have."""
    if isinstance(node, list):
        return [_numbered(each) for each in node]
    if isinstance(node, dict):
        return {key: _number(each) if key in NUMBERS else _numbered(each) for key, each in node.items()}
    return node


def _number(word: Any) -> Any:
    return yaml.safe_load(word) if isinstance(word, str) else _numbered(word)


def _rules(file: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [rule for group in file["groups"] for rule in group["rules"]]


def only(test: dict[str, Any], names: set[str] | None) -> dict[str, Any] | None:
    """The expectations of a test that are about *names*, by default all; None when there are none."""
    alerts, words = test.get("alert_rule_test") or [], test.get("promql_expr_test") or []
    if names is not None:
        alerts = [each for each in alerts if each["alertname"] in names]
        words = [each for each in words if names & set(re.findall(r"[\w:]+", each["expr"]))]
    asks = alerts or words or names is None
    return {**test, "alert_rule_test": alerts, "promql_expr_test": words} if asks else None


def names_asked(test: dict[str, Any]) -> set[str]:
    words = set(re.findall(r"[\w:]+", " ".join(each["expr"] for each in test["promql_expr_test"])))
    return {each["alertname"] for each in test["alert_rule_test"]} | words


def kept(groups: list[dict[str, Any]], needed: set[str]) -> dict[str, Any]:
    """Groups with the rules that are needed, in their order."""
    return {"groups": [{**group, "rules": [r for r in group["rules"] if name_of(r) in needed]} for group in groups]}
