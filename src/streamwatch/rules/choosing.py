"""What `rules test` was asked to judge: folders and files of alert_rules/, or alerts by their names. Thin."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.rules.everything import Everything
from streamwatch.rules.finding import Finding
from streamwatch.rules.gathering import is_test
from streamwatch.rules.trials import Trial, Trials
from streamwatch.rules.written import Rule

NOTHING = Text("没有规则文件", "there are no rules")
UNKNOWN = Text(
    "alert_rules/ 里没有“{word}”：既不是文件夹、文件，也不是告警。{near}",
    "there is no {word} in alert_rules/: no folder, no file, and no alert. {near}",
)
NEAR = Text("你是说 {near} 吗？", "Did you mean {near}?")


@dataclass(frozen=True)
class Choice:
    """*paths* are absolute. *alerts* are judged alone; *names* has them, and the rules they stand on."""

    home: Path
    paths: tuple[Path, ...]
    alerts: tuple[Rule, ...]
    names: frozenset[str]

    def is_of(self, finding: Finding) -> bool:
        """What stands in no folder, as a mistake in a list of metrics, concerns all."""
        path = self.home / finding.place.file
        return not path.is_relative_to(self.home / "alert_rules") or self._within(path) or self._is_near(finding)

    def _is_near(self, finding: Finding) -> bool:
        """About an alert that was named, or about its folder and no rule of it."""
        folders = {Path(rule.source.file).parent for rule in self.alerts}
        own = Path(finding.place.file).parent in folders
        return own and (finding.rule in self.names or not finding.rule)

    def sources(self) -> list[Path]:
        """Files of rules."""
        named = {self.home / rule.source.file for rule in self.alerts}
        files = sorted((self.home / "alert_rules").glob("*/*.yml"))
        return [path for path in files if not is_test(path) and (self._within(path) or path in named)]

    def rules(self, everything: Everything) -> int:
        whole = sum(self._within(self.home / rule.source.file) for rule in everything.rules())
        return whole + sum(not self._within(self.home / rule.source.file) for rule in self.alerts)

    def tests(self, tests: Trials) -> list[Path]:
        """Test files that were asked for by their path."""
        return [path for path in tests.files if self._within(path)]

    def trials(self, tests: Trials, *, whole: bool) -> list[Trial]:
        """*whole*: each file as it is, with all rules, as `promtool test rules` has it."""
        files = self.tests(tests)
        found = tests.of_files(files)
        for rule in self.alerts:
            asked = tests.of_alert(self.home / rule.source.file, rule.name)
            found += [trial for trial in asked if trial.file not in files]
        return [Trial(path) for path in dict.fromkeys(each.file for each in found)] if whole else found

    def _within(self, path: Path) -> bool:
        return any(path == each or path.is_relative_to(each) for each in self.paths)


def choose(home: Path, words: Sequence[str], everything: Everything, tests: Trials) -> Choice:
    """*words* as typed: paths, `<procedure>/<Alert>`, or an alert alone; all of alert_rules/ by default.

    Raises `CommandFailed` when there are no rules, `LookupError` with a `Text` for a word that names nothing.
    """
    paths, alerts, names = [], list[Rule](), set[str]()
    for word in words or [str(home / "alert_rules")]:
        path = Path(word).absolute()
        if path.exists() and path.is_relative_to(home / "alert_rules"):
            paths.append(path)
            continue
        rule = _alert(word, everything)
        if rule is None:
            paths.append(_unread(home, word, everything))
        else:
            alerts.append(rule)
            names |= tests.needed(home / rule.source.file, rule.name)
    choice = Choice(home, tuple(paths), tuple(alerts), frozenset(names))
    if not choice.sources() and not choice.tests(tests):
        raise CommandFailed(NOTHING)
    return choice


def _alert(word: str, everything: Everything) -> Rule | None:
    known = {f"{procedure.name}/{rule.name}": rule for procedure, rule in everything.alerts()}
    return next((rule for name, rule in known.items() if word in (name, name.partition("/")[2])), None)


def _unread(home: Path, word: str, everything: Everything) -> Path:
    """The folder of an alert that cannot be found because its file cannot be read, which is what has to be told."""
    name = word.partition("/")[0]
    if any(procedure.name == name and procedure.unread for procedure in everything.procedures):
        return home / "alert_rules" / name
    known = [f"{procedure.name}/{rule.name}" for procedure, rule in everything.alerts()]
    near = next(iter(difflib.get_close_matches(word, known, 1)), None)
    hint = NEAR.format(near=near) if near else Text("", "")
    raise LookupError(UNKNOWN.format(word=word, near=hint))
