"""Writes a new rule into the clone: all of its files, or none."""

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.rules.beginning import PROMETHEUS, Draft, Name, files
from streamwatch.rules.condition import DEFAULT
from streamwatch.rules.everything import Everything
from streamwatch.rules.written import Source, read_rules
from streamwatch.vocabulary import PROCEDURES

NAME_TAKEN = Text(
    "已有告警 {alert}（{place}），请换一个名字", "there is an alert {alert} already ({place}); take another name"
)
FILE_TAKEN = Text("{path} 已存在，请换一个名字", "{path} exists already; take another name")
ANCHOR_TAKEN = Text(
    "预案里已有小节 #{anchor}，请换一个名字", "the runbook has a section #{anchor} already; take another name"
)
ASTRAY = Text(
    "{path} 的末尾接不上新规则：文件末尾应是 groups 里的规则，缩进六格",
    "no rule can be added at the end of {path}: it must end in the rules of a group, six blanks deep",
)
NO_METRIC = Text(
    "没有指标 {metric}。{near}有哪些指标：exporters/README.md、config/other_metrics.yml",
    "there is no metric {metric}. {near}Those there are: exporters/README.md, config/other_metrics.yml",
)
NEAR = Text("你是说 {near} 吗？", "Did you mean {near}? ")
HERE = ".venv/bin/streamwatch"
NEXT = (
    Text(
        "写步骤：alert_rules/{folder}/ 里 runbook.zh.md 和 runbook.en.md 的末尾",
        "write the steps: the end of runbook.zh.md and runbook.en.md in alert_rules/{folder}/",
    ),
    Text(
        "要改条件、标签、摘要：alert_rules/{folder}/ 里 rules.yml 末尾，和 {test} 一起改",
        "to change condition, labels or summaries: the end of rules.yml in alert_rules/{folder}/, "
        "together with {test}",
    ),
    Text("检查：{here} rules test {folder}/{alert}", "check: {here} rules test {folder}/{alert}"),
    Text("生效：{here} reload", "let it count: {here} reload"),
)
NO_WORD = Text(
    "新预案的名字：在 src/streamwatch/vocabulary.py 的 PROCEDURES 里加一行",
    "the name of a new procedure in both languages: add a line to PROCEDURES in src/streamwatch/vocabulary.py",
)


@dataclass(frozen=True)
class Begun:
    """Paths in the clone, and what is left to do."""

    written: tuple[str, ...]
    todo: tuple[Text, ...]


def begin(home: Path, wanted: Draft, everything: Everything) -> Begun:
    """Raises `CommandFailed` when the name is taken or the metric unknown; then nothing is written."""
    name = wanted.name
    _refuse_taken(name, everything)
    _refuse_unknown(wanted.condition.metric, everything)
    folder = home / "alert_rules" / name.procedure
    known = [home / PROMETHEUS, *(folder / each for each in ("rules.yml", "runbook.zh.md", "runbook.en.md"))]
    existing = {str(path.relative_to(home)): _read(path) for path in known if path.is_file()}
    if PROMETHEUS not in existing:
        raise CommandFailed(Text(f"没有 {PROMETHEUS}", f"there is no {PROMETHEUS}"))
    made = files(wanted, existing)
    for path in made.keys() - existing.keys():
        if (home / path).exists():
            raise CommandFailed(FILE_TAKEN.format(path=path))
    _refuse_astray(name, made)
    for path, text in made.items():
        _write(home / path, text)
    return Begun(tuple(made), _todo(name, made))


def _refuse_taken(name: Name, everything: Everything) -> None:
    for _, rule in everything.alerts():
        if rule.name == name.alert:
            raise CommandFailed(NAME_TAKEN.format(alert=name.alert, place=rule.at("alert")))
    for procedure in everything.procedures:
        books = procedure.runbooks.values() if procedure.name == name.procedure else ()
        if any(name.anchor in book.sections for book in books):
            raise CommandFailed(ANCHOR_TAKEN.format(anchor=name.anchor))


def _refuse_unknown(metric: str, everything: Everything) -> None:
    """But for the metric that stands there to be replaced."""
    catalogue = everything.catalogue
    if catalogue.find(metric) or everything.recorded(metric) or metric in DEFAULT:
        return
    near = catalogue.nearest(metric)
    hint = NEAR.format(near=near) if near else Text("", "")
    raise CommandFailed(NO_METRIC.format(metric=metric, near=hint))


def _refuse_astray(name: Name, made: dict[str, str]) -> None:
    """What was appended must be read as a rule: people indent their files as they like."""
    path = f"alert_rules/{name.procedure}/rules.yml"
    try:
        known = {rule.name for rule in read_rules(Source(path, made[path]))}
    except yaml.YAMLError:
        known = set()
    if name.alert not in known:
        raise CommandFailed(ASTRAY.format(path=path))


def _todo(name: Name, made: dict[str, str]) -> tuple[Text, ...]:
    test = next(Path(path).name for path in made if "/rules_test" in path)
    words = {"folder": name.procedure, "alert": name.alert, "test": test, "here": HERE}
    said = tuple(each.format(**words) for each in NEXT)
    return said if name.procedure in PROCEDURES else (*said, NO_WORD)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(Text(f"{path} 无法读取", f"{path} cannot be read")) from error


def _write(path: Path, text: str) -> None:
    """Whole or not at all: Prometheus may read it at any moment."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)  # noqa: PTH105
    except OSError as error:
        words = Text(f"{path} 无法写入：{error.strerror}", f"{path} cannot be written: {error.strerror}")
        raise CommandFailed(words) from error
