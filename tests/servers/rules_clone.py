"""A clone with one procedure and one alert that is right; a test spoils what it is about."""

from pathlib import Path

from streamwatch.rules.finding import Finding
from streamwatch.rules.gathering import Gathering
from streamwatch.rules.lint import lint

RULES, TESTS = "alert_rules/demo/rules.yml", "alert_rules/demo/rules_test.yml"
ZH, EN = "alert_rules/demo/runbook.zh.md", "alert_rules/demo/runbook.en.md"
PROMETHEUS = "config/prometheus.yml"
HOLDS = (
    'or on (stream) (group by (stream) (ALERTS{alertname="ThingBroken", alertstate="firing"}) '
    "unless on (stream) demo_up)"
)
RULE = """\
groups:
  - name: demo
    rules:
      - alert: ThingBroken
        expr: >-
          max by (stream) (demo_up) == 0
          HOLDS
        for: 6s
        labels: {hop: ingest, procedure: demo, severity: P1, role: tech}
        annotations:
          summary_zh: 坏了
          summary_en: it is broken
          runbook_step: thing-broken
""".replace("HOLDS", HOLDS)
TEST = """\
rule_files: [rules.yml]
evaluation_interval: 1s
tests:
  - interval: 1s
    input_series:
      - {series: 'demo_up{stream="demo"}', values: 1+0x9 0+0x20}
    alert_rule_test:
      - {alertname: ThingBroken, eval_time: 15s, exp_alerts: []}
      - alertname: ThingBroken
        eval_time: 16s
        exp_alerts:
          - exp_labels: {stream: demo, hop: ingest, procedure: demo, severity: P1, role: tech}
            exp_annotations: {summary_zh: 坏了, summary_en: it is broken, runbook_step: thing-broken}
"""
BOOK = "---\nprocedure: demo\ntitle: Demo\n---\n## Thing {#thing-broken}\n1. tech: mend it\n"
TABLE = """\
| metric | type | labels | zh | en |
|---|---|---|---|---|
| `demo_up` | gauge | | | |
| `demo_level` | gauge | `channel` | | |
| `demo_bytes_total` | counter | | | |
| `demo_wait_seconds` | histogram | | | |
| `demo_host_ratio` | gauge | `host`, no `stream` | | |
"""
LOADS = "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files:\n  - ../alert_rules/demo/rules.yml\n"


class Clone:
    def __init__(self, home: Path) -> None:
        self.home = home
        for path, text in {
            RULES: RULE, TESTS: TEST, ZH: BOOK, EN: BOOK, PROMETHEUS: LOADS,
            "exporters/README.md": TABLE,
            "config/duty.yml": "listen: 127.0.0.1:8780\n",
            "config/other_metrics.yml": "other: {other_seen: gauge}\n",
        }.items():  # fmt: skip
            self.write(path, text)

    def write(self, path: str, text: str) -> None:
        (self.home / path).parent.mkdir(parents=True, exist_ok=True)
        (self.home / path).write_text(text, encoding="utf-8")

    def read(self, path: str) -> str:
        return (self.home / path).read_text(encoding="utf-8")

    def change(self, path: str, old: str, new: str) -> None:
        """The first of them; it must be there."""
        text = self.read(path)
        assert old in text, f"{path} has no {old}"
        self.write(path, text.replace(old, new, 1))

    def judge_by(self, expr: str) -> None:
        """Another condition; the branch for absence stays."""
        self.change(RULES, "max by (stream) (demo_up) == 0", expr)

    def findings(self) -> list[Finding]:
        gathering = Gathering(self.home)
        everything = gathering.everything()
        return lint(everything, gathering.findings)

    def told(self) -> list[tuple[str, str, str]]:
        """Each finding: its check, its level, and the words that are marked."""
        return [(each.check, each.level, marked(each)) for each in self.findings()]


def marked(finding: Finding) -> str:
    place = finding.place
    return place.shown[place.column - 1 :][: place.width]
