"""What `rules new` writes: a rule, its test and its runbook section, to be edited. Pure.

The first expression is about a metric that every exporter has; it is there to be replaced, and it passes its tests.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from streamwatch.errors import CommandFailed
from streamwatch.language import Text

_PROCEDURE, _ALERT = re.compile(r"[a-z][a-z0-9_]*"), re.compile(r"[A-Z][A-Za-z0-9]*")
PROMETHEUS = "config/prometheus.yml"
SHAPE = Text(
    "写成 <预案>/<告警>，例如 stream_interruption/AudioDrifts：预案用小写和 _，告警用大写开头的英文",
    "write <procedure>/<alert>, as in stream_interruption/AudioDrifts: lower case and _, then words in capitals",
)


@dataclass(frozen=True)
class Name:
    procedure: str
    alert: str

    @property
    def anchor(self) -> str:
        """`AudioDrifts` is `#audio-drifts`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", self.alert).lower()

    @property
    def words(self) -> str:
        return self.anchor.replace("-", " ")


def name_of(written: str) -> Name:
    """Raises `CommandFailed` for what cannot be a procedure and an alert."""
    procedure, _, alert = written.partition("/")
    if not _PROCEDURE.fullmatch(procedure) or not _ALERT.fullmatch(alert):
        raise CommandFailed(SHAPE)
    return Name(procedure, alert)


def files(name: Name, existing: dict[str, str]) -> dict[str, str]:
    """Each file with its new text, by its path in the clone; *existing* has the texts of those that are there."""
    folder = PurePosixPath("alert_rules") / name.procedure
    own = f"_{name.anchor.replace('-', '_')}" if f"{folder}/rules.yml" in existing else ""
    test = f"rules_test{own}.yml"
    made = {
        f"{folder}/rules.yml": _rules(name, existing.get(f"{folder}/rules.yml")),
        f"{folder}/{test}": _fill(TEST, name),
        f"{folder}/runbook.zh.md": _runbook(name, existing.get(f"{folder}/runbook.zh.md"), FRONT_ZH, SECTION_ZH),
        f"{folder}/runbook.en.md": _runbook(name, existing.get(f"{folder}/runbook.en.md"), FRONT_EN, SECTION_EN),
    }
    loaded = _loaded(existing[PROMETHEUS], f"../{folder}/rules.yml")
    return made if loaded is None else {**made, PROMETHEUS: loaded}


def _rules(name: Name, text: str | None) -> str:
    if text is None:
        return _fill(HEAD, name) + _fill(RULE, name)
    return f"{text.rstrip()}\n\n{_fill(RULE, name)}"


def _runbook(name: Name, text: str | None, front: str, section: str) -> str:
    head = text if text is not None else _fill(front, name)
    return f"{head.rstrip()}\n\n{_fill(section, name)}"


def _loaded(text: str, entry: str) -> str | None:
    """prometheus.yml with *entry* behind the last rule file; None when it stands there."""
    lines = text.splitlines()
    if any(line.strip() == f"- {entry}" for line in lines):
        return None
    begin = next((number for number, line in enumerate(lines) if line.startswith("rule_files:")), None)
    if begin is None or lines[begin].strip() != "rule_files:":
        raise CommandFailed(
            Text(
                f"{PROMETHEUS} 里没有逐行的 rule_files:，请先写上",
                f"{PROMETHEUS} has no rule_files: with one line for each file; write it first",
            )
        )
    end = begin + 1
    while end < len(lines) and re.match(r"\s*(- |#)", lines[end]):
        end += 1
    return "\n".join([*lines[:end], f"  - {entry}", *lines[end:]]) + "\n"


def _fill(template: str, name: Name) -> str:
    filled = template
    for key, value in {
        "PROCEDURE": name.procedure,
        "ALERT": name.alert,
        "ANCHOR": name.anchor,
        "WORDS": name.words,
        "TITLE": name.procedure.replace("_", " ").capitalize(),
        "SUMMARY": name.words[:40].strip(),
    }.items():
        filled = filled.replace(f"@{key}@", value)
    return filled


HEAD = """\
# @TITLE@
groups:
  - name: @PROCEDURE@
    rules:
"""
RULE = """\
      # TODO 说明何时算出事 say when this is trouble, and for whom.
      # 第二个分支：告警期间指标消失，不算恢复 second branch: a metric that vanishes while it fires is no recovery.
      - alert: @ALERT@
        expr: >-
          max by (stream) (streamwatch_ingest_publishing) == 0
          or on (stream)
          (group by (stream) (ALERTS{alertname="@ALERT@", alertstate="firing"})
          unless on (stream) max by (stream) (streamwatch_ingest_publishing))
        for: 10s
        keep_firing_for: 10s
        labels: {hop: ingest, procedure: @PROCEDURE@, severity: P2, role: tech}
        annotations:
          summary_zh: 待写：@ALERT@
          summary_en: @SUMMARY@
          runbook_step: @ANCHOR@
"""
TEST = """\
# promtool test rules FILE. values: 1+0x9 是十个 1 is ten times 1; `stale` 是指标消失 is a metric that is gone.
rule_files: [rules.yml]
evaluation_interval: 1s

tests:
  - name: what lasts ten seconds is told, and its end ten seconds after it; a shorter time is not
    interval: 1s
    input_series:
      - {series: 'streamwatch_ingest_publishing{stream="demo"}', values: 1+0x9 0+0x19 1+0x30}
      - {series: 'streamwatch_ingest_publishing{stream="short"}', values: 1+0x9 0+0x9 1+0x40}
    alert_rule_test:
      - {alertname: @ALERT@, eval_time: 19s, exp_alerts: []}
      - alertname: @ALERT@
        eval_time: 20s
        exp_alerts: &told
          - exp_labels: {stream: demo, hop: ingest, procedure: @PROCEDURE@, severity: P2, role: tech}
            exp_annotations:
              summary_zh: 待写：@ALERT@
              summary_en: @SUMMARY@
              runbook_step: @ANCHOR@
      - {alertname: @ALERT@, eval_time: 39s, exp_alerts: *told}
      - {alertname: @ALERT@, eval_time: 40s, exp_alerts: []}

  - name: what was told goes on while it cannot be seen
    interval: 1s
    input_series:
      - {series: 'streamwatch_ingest_publishing{stream="demo"}', values: 1+0x9 0+0x14 stale}
    alert_rule_test:
      - {alertname: @ALERT@, eval_time: 1m, exp_alerts: *told}
"""
FRONT_ZH = """\
---
procedure: @PROCEDURE@
title: "@TITLE@"
---
现象：待写。
"""
FRONT_EN = """\
---
procedure: @PROCEDURE@
title: "@TITLE@"
---
Symptom: to be written.
"""
SECTION_ZH = """\
## @ALERT@ {#@ANCHOR@}
1. 技术：待写，先止损再查原因 → 预期 待写；否则 待写
"""
SECTION_EN = """\
## @ALERT@ {#@ANCHOR@}
1. tech: to be written; mitigate first, then look for the cause → expected: to be written; else: to be written
"""
