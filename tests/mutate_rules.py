"""How good are the tests of the rules? Each rule is made wrong in one place, again and again; a test must notice.

    python tests/mutate_rules.py [--procedure X] [--alert Y] [--only '== → !='] [--json]

A mutant is judged by the tests that name its alert, over the rules that this alert needs: that is what makes
hundreds of them bearable. Mutants that mean the same as the rule stand in `tests/data/equivalent_mutants.yml`, with
the reason. Exit 0 when 95 of 100 are noticed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from streamwatch.rules.graph import Graph
from streamwatch.rules.parsing import parse, seconds
from streamwatch.rules.promql import COMPARISONS, SET_OPERATORS, Binary, Call, Node, Number, bare, walk
from streamwatch.rules.trials import kept, names_asked, only

REPOSITORY = Path(__file__).parents[1]
EQUIVALENT = Path(__file__).parent / "data" / "equivalent_mutants.yml"
GOAL = 0.95
PROCESSES = 2
AROUND = 30  # characters of the expression on both sides
BOUNDARY = {">": ">=", ">=": ">", "<": "<=", "<=": "<"}
OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Mutant:
    """*key* of the rule *rule* says *after* now; *change* is how people read it."""

    procedure: str
    rule: str
    key: str
    change: str
    after: str
    number: int  # which rule of the file it is

    def __str__(self) -> str:
        return f"{self.procedure}/{self.rule}: {self.change}"


@dataclass(frozen=True)
class Verdict:
    mutant: Mutant
    killed: bool
    equivalent: str = ""  # the reason


# ---- how a rule is made wrong


def mutants_of(procedure: str, number: int, rule: dict[str, Any]) -> Iterator[Mutant]:
    name = rule.get("alert") or rule["record"]
    for start, end, wrong in changes(parse(rule["expr"]), rule["expr"]):
        expr = rule["expr"]
        change = f"{_last_words(expr[:start])}[{expr[start:end]} → {wrong}]{_first_words(expr[end:])}"
        yield Mutant(procedure, name, "expr", change, expr[:start] + wrong + expr[end:], number)
    for key in ("for", "keep_firing_for"):
        if key in rule:
            for wrong in longer_and_shorter(seconds(rule[key])):
                yield Mutant(procedure, name, key, f"{key}: [{rule[key]} → {wrong}]", wrong, number)


def _last_words(text: str) -> str:
    return text if len(text) <= AROUND else text[-AROUND:].partition(" ")[2]


def _first_words(text: str) -> str:
    return text if len(text) <= AROUND else text[:AROUND].rpartition(" ")[0]


def longer_and_shorter(held: float) -> Iterator[str]:
    step = max(1, round(held / 10))
    yield f"{round(held) + step}s"
    if held > step:
        yield f"{round(held) - step}s"


def changes(tree: Node, text: str) -> Iterator[tuple[int, int, str]]:
    """From where to where, and what stands there instead."""
    for node, above in walk(tree):
        if isinstance(node, Binary):
            yield from ((node.op_start, node.op_start + len(node.op), wrong) for wrong in operators(node.op))
        elif isinstance(node, Number):
            yield from ((node.start, node.end, wrong) for wrong in numbers(node.value, above))


def operators(op: str) -> Sequence[str]:
    if op in COMPARISONS:
        return [each[op] for each in (BOUNDARY, OPPOSITE) if op in each]
    return sorted(SET_OPERATORS - {op}) if op in SET_OPERATORS else []


def numbers(value: float, above: Sequence[Node]) -> Sequence[str]:
    """A tenth more and less; a number that something must equal, and 0, become the next one."""
    if any(isinstance(each, Call) and each.function == "vector" for each in above):
        return []
    nearest = next((each for each in reversed(above) if bare(each) is each), None)
    if value == 0 or (isinstance(nearest, Binary) and nearest.op in ("==", "!=")):
        return [f"{value + 1:g}"]
    return [f"{value * 1.1:.10g}", f"{value * 0.9:.10g}"]


# ---- which tests tell


class Folder:
    """All rules and all tests, read once."""

    def __init__(self, rules: Path) -> None:
        self._read: dict[Path, Any] = {}
        self._graphs: dict[tuple[Path, ...], Graph] = {}
        self.procedures = {each.parent.name: each.resolve() for each in sorted(rules.glob("*/rules.yml"))}
        self.tests = [(path, self._load(path)) for path in sorted(rules.glob("*/rules_test*.yml"))]

    def _load(self, path: Path) -> Any:
        if path not in self._read:
            self._read[path] = yaml.load(path.read_text(encoding="utf-8"), Loader)
        return self._read[path]

    def _rules(self, procedure: str) -> list[dict[str, Any]]:
        return [rule for group in self._load(self.procedures[procedure])["groups"] for rule in group["rules"]]

    def mutants(self, procedure: str) -> list[Mutant]:
        rules = enumerate(self._rules(procedure))
        return [each for number, rule in rules for each in mutants_of(procedure, number, rule)]

    def says(self, mutant: Mutant) -> str:
        return str(self._rules(mutant.procedure)[mutant.number][mutant.key])

    def trials(self, mutant: Mutant) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Rules and a test file, for each test that can notice; those of few rules first."""
        found: list[tuple[int, tuple[Path, ...], dict[str, Any], set[str]]] = []
        for path, file in self.tests:
            used = tuple((path.parent / each).resolve() for each in file["rule_files"])
            if self.procedures[mutant.procedure] not in used:
                continue
            graph = self._graph(used)
            told = graph.that_read(mutant.rule)
            for test in file["tests"]:
                if asked := only(test, told):
                    needed = graph.needed(names_asked(asked))
                    found.append(
                        (len(needed), used, {**file, "rule_files": ["rules.yml"], "tests": [asked]}, needed)
                    )
        for _, used, trial, needed in sorted(found, key=lambda each: each[0]):
            groups = [group for each in used for group in self._mutated(each, mutant)]
            yield kept(groups, needed), trial

    def _graph(self, used: tuple[Path, ...]) -> Graph:
        if used not in self._graphs:
            self._graphs[used] = Graph([r for path in used for g in self._load(path)["groups"] for r in g["rules"]])
        return self._graphs[used]

    def _mutated(self, path: Path, mutant: Mutant) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = self._load(path)["groups"]
        if path != self.procedures[mutant.procedure]:
            return groups
        found, number = [], -1
        for group in groups:
            rules = []
            for rule in group["rules"]:
                number += 1
                rules.append({**rule, mutant.key: mutant.after} if number == mutant.number else rule)
            found.append({**group, "rules": rules})
        return found


# ---- the trial


def unchanged(folder: Folder, mutants: list[Mutant]) -> list[Mutant]:
    """One for each rule that says what the rule says: whoever kills it is no test of anything."""
    firsts = {(each.procedure, each.number): each for each in reversed(mutants)}
    same = [replace(each, change="nothing", after=folder.says(each)) for each in firsts.values()]
    return [verdict.mutant for verdict in judge(folder, same) if verdict.killed]


def judge(folder: Folder, mutants: list[Mutant], *, watched: bool = False) -> list[Verdict]:
    with ThreadPoolExecutor(PROCESSES) as pool:
        found = []
        for verdict in pool.map(lambda each: judged(folder, each), mutants):
            if watched and not verdict.killed and not verdict.equivalent:
                print(f"survived: {verdict.mutant}", file=sys.stderr, flush=True)
            found.append(verdict)
    return found


def judged(folder: Folder, mutant: Mutant) -> Verdict:
    """One test after the other, until one fails."""
    with tempfile.TemporaryDirectory(prefix="mutant") as place:
        for rules, test in folder.trials(mutant):
            (Path(place) / "rules.yml").write_text(json.dumps(rules))  # JSON is YAML
            (Path(place) / "test.yml").write_text(json.dumps(test))
            if subprocess.run(
                ["promtool", "test", "rules", "test.yml"], cwd=place, capture_output=True, check=False
            ).returncode:
                return Verdict(mutant, killed=True)
    return Verdict(mutant, killed=False, equivalent=reason_of(mutant))


def reason_of(mutant: Mutant) -> str:
    for each in yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or []:
        same = (each["procedure"], each["rule"], each["change"]) == (mutant.procedure, mutant.rule, mutant.change)
        if same:
            return str(each["reason"])
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--procedure", action="append", help="only these folders of alert_rules/")
    parser.add_argument("--alert", action="append", help="only rules of these names")
    parser.add_argument("--only", action="append", help="only changes that hold this, as they are printed")
    parser.add_argument("--rules", type=Path, default=REPOSITORY / "alert_rules")
    parser.add_argument("--json", action="store_true", dest="as_json")
    asked = parser.parse_args()
    folder = Folder(asked.rules)
    wanted = asked.procedure or list(folder.procedures)
    if unknown := set(wanted) - set(folder.procedures):
        parser.error(f"no folder {' '.join(sorted(unknown))} in {asked.rules}")
    mutants = [each for name in wanted for each in folder.mutants(name) if is_wanted(each, asked.alert, asked.only)]
    if failing := unchanged(folder, mutants):
        names = " ".join(sorted({each.rule for each in failing}))
        print(f"the tests fail without any change, mend them first: {names}", file=sys.stderr)
        return 1
    return told(judge(folder, mutants, watched=True), as_json=asked.as_json)


def is_wanted(mutant: Mutant, alerts: list[str] | None, changes: list[str] | None) -> bool:
    named = alerts is None or mutant.rule in alerts
    return named and (changes is None or any(each in mutant.change for each in changes))


def told(verdicts: list[Verdict], *, as_json: bool) -> int:
    counted = [each for each in verdicts if not each.equivalent]
    killed = sum(each.killed for each in counted)
    survivors = [each.mutant for each in counted if not each.killed]
    share = killed / len(counted) if counted else 1.0
    if as_json:
        left = [{key: value for key, value in asdict(each).items() if key != "after"} for each in survivors]
        numbers = {"killed": killed, "total": len(counted), "equivalent": len(verdicts) - len(counted)}
        print(json.dumps({**numbers, "share": round(share, 4), "survivors": left}, ensure_ascii=False))
    else:
        for procedure in dict.fromkeys(each.mutant.procedure for each in counted):
            own = [each for each in counted if each.mutant.procedure == procedure]
            print(f"{procedure}: {sum(each.killed for each in own)}/{len(own)} killed")
        print(f"all: {killed}/{len(counted)} killed, {share:.1%}; {len(verdicts) - len(counted)} equivalent")
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
