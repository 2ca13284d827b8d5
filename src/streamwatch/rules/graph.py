"""Which rule stands on which: what a test needs of the rules, and which tests a change can be noticed in. Pure."""

import json
import re
from typing import Any

from streamwatch.rules.parsing import PromqlError, parse
from streamwatch.rules.promql import Selector, selectors


class Graph:
    """Which rule reads which: recorded ones, alerts by `ALERTS{alertname=…}`, and what a label's template asks for.

    `ALERTS` without a name reads all alerts: they are needed, but a change in one of them is looked for in its own
    tests, not in those of all others. What names no metric may read any; what is no PromQL is left to promtool.
    """

    def __init__(self, rules: list[dict[str, Any]]) -> None:
        self._names = {name_of(rule) for rule in rules}
        self._alerts = {rule["alert"] for rule in rules if "alert" in rule}
        self._named: dict[str, set[str]] = {name: set() for name in self._names}
        self._any: set[str] = set()
        for rule in rules:
            self._note(rule)

    def _note(self, rule: dict[str, Any]) -> None:
        name, words = name_of(rule), json.dumps([rule.get("labels"), rule.get("annotations")])
        if "{{" in words:
            self._named[name] |= {each for each in self._names if each in words}
        for each in _selectors(str(rule["expr"])):
            self._named[name] |= {each.name} & self._names if each.name else self._names
            if each.name in ("ALERTS", "ALERTS_FOR_STATE"):
                wanted = [
                    match for match in each.matchers if match.label == "alertname" and match.op in ("=", "=~")
                ]
                pattern = "|".join(match.value if match.op == "=~" else re.escape(match.value) for match in wanted)
                self._named[name] |= {alert for alert in self._alerts if wanted and re.fullmatch(pattern, alert)}
                self._any |= set() if wanted else {name}

    def needed(self, wanted: set[str]) -> set[str]:
        """With all that they read, and all that those read."""
        found, waiting = set[str](), wanted & self._names
        while waiting:
            found |= waiting
            more = set[str]().union(*(self._named[name] for name in waiting))
            waiting = (more | (self._alerts if waiting & self._any else set())) - found
        return found

    def that_read(self, changed: str) -> set[str]:
        """The rule itself, and those that stand on it."""
        found = {changed}
        while more := {name for name, read in self._named.items() if read & found} - found:
            found |= more
        return found


def _selectors(expr: str) -> list[Selector]:
    try:
        return list(selectors(parse(expr)))
    except PromqlError:
        return []


def name_of(rule: dict[str, Any]) -> str:
    return str(rule.get("alert") or rule["record"])
