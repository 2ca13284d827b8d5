"""Tests: an alert nobody has seen firing may never fire; one nobody has seen silent may never be."""

import difflib
from collections.abc import Iterator
from pathlib import PurePath

from streamwatch.language import Text
from streamwatch.rules.beginning import Name
from streamwatch.rules.everything import Everything, Procedure
from streamwatch.rules.finding import Finding

RENAME = Text("删去或改名", "rename it or take it out")


def both_ways(everything: Everything) -> Iterator[Finding]:
    """test/firing, test/silent: each alert is shown both ways in a rules_test*.yml of its folder."""
    for procedure, rule in everything.alerts():
        own = [each for each in procedure.shown if each.alert.text == rule.name]
        file = PurePath(own[0].alert.source.file).name if own else _file(procedure, rule.name)
        fires = {each.fires for each in own}
        if True not in fires:
            what = Text("没有测试让它告警", "no test shows it firing")
            cure = Text(
                f"在 {file} 里加一条 exp_alerts 不为空的 alert_rule_test",
                f"add an alert_rule_test with exp_alerts to {file}",
            )
            yield Finding("test/firing", rule.at("alert"), what, cure, rule=rule.name)
        if False not in fires:
            what = Text("没有测试表明它何时不告警", "no test shows when it is silent")
            cure = Text(
                f"在 {file} 里加一条 exp_alerts: [] 的 alert_rule_test",
                f"add an alert_rule_test with exp_alerts: [] to {file}",
            )
            yield Finding("test/silent", rule.at("alert"), what, cure, rule=rule.name)


def _file(procedure: Procedure, alert: str) -> str:
    """The test file that `rules new` wrote for it, else the procedure's."""
    written = Name(procedure.name, alert).test_file
    return written if written in procedure.tests else "rules_test.yml"


def stranger(everything: Everything) -> Iterator[Finding]:
    """test/stranger: to expect nothing of an alert that is not there passes for ever, and shows nothing."""
    if any(procedure.unread for procedure in everything.procedures):
        return
    names = {rule.name for _, rule in everything.alerts()}
    for procedure in everything.procedures:
        strange = {shown.alert.text: shown.alert for shown in reversed(procedure.shown)}
        for name in sorted(strange.keys() - names):
            what = Text(f"没有告警 {name}", f"there is no alert {name}")
            near = next(iter(difflib.get_close_matches(name, names, 1)), None)
            cure = Text(f"你是说 {near} 吗？", f"did you mean {near}?") if near else RENAME
            yield Finding("test/stranger", strange[name].place, what, cure)
