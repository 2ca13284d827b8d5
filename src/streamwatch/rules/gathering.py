"""Reads the clone: rules, their tests and runbooks, what Prometheus loads, which metrics there are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import streamwatch
from streamwatch.errors import ConfigError, Mistake
from streamwatch.language import Language, Text
from streamwatch.metrics import Metrics
from streamwatch.rules.catalogue import (
    Catalogue,
    Metric,
    of_collectors,
    of_list,
    of_prometheus,
    of_source,
    of_table,
)
from streamwatch.rules.everything import Everything, Procedure, Shown
from streamwatch.rules.finding import Finding, Place
from streamwatch.rules.parsing import seconds
from streamwatch.rules.written import LOADER, Rule, Source, composed, read_rules, value_of
from streamwatch.runbook import Runbook, parse
from streamwatch.yaml_file import YamlFile

LANGUAGES: tuple[Language, ...] = ("zh", "en")
OTHERS = "config/other_metrics.yml"


@dataclass
class Gathering:
    """*everything* that could be read, and a finding for what could not."""

    home: Path
    findings: list[Finding] = field(default_factory=list)

    def everything(self) -> Everything:
        config = self._yaml(self.home / "config" / "prometheus.yml") or {}
        own = config.get("global") or {}
        loaded = set(self._loaded(config.get("rule_files") or []))
        folders = sorted({path.parent for path in self.home.glob("alert_rules/*/*") if path.is_file()})
        procedures = tuple(self._procedure(folder, loaded) for folder in folders)
        scrape, evaluate = (_interval(own.get(f"{each}_interval")) for each in ("scrape", "evaluation"))
        jobs = {
            str(job.get("job_name")): _interval(job["scrape_interval"])
            for job in config.get("scrape_configs") or []
            if job.get("scrape_interval")
        }
        return Everything(procedures, Catalogue(self._metrics()), scrape, evaluate, jobs)

    def shown_name(self, path: Path) -> str:
        return str(path.relative_to(self.home)) if path.is_relative_to(self.home) else str(path)

    def _loaded(self, patterns: Iterable[str]) -> Iterator[Path]:
        for pattern in patterns:
            path = self.home / "config" / pattern  # Prometheus takes a * in the last part only
            yield from (found.resolve() for found in path.parent.glob(path.name))

    def _procedure(self, folder: Path, loaded: set[Path]) -> Procedure:
        files = [each for each in sorted(folder.glob("*.yml")) if not is_test(each)]
        sources = [each for each in map(self._source, files) if each]
        rules: list[Rule] = []
        for source in sources:
            rules += read_rules(source)
        unloaded = [self.shown_name(path) for path in files if path.resolve() not in loaded]
        books = {language: self._source(folder / f"runbook.{language}.md") for language in LANGUAGES}
        parsed = {language: self._runbook(source) for language, source in books.items() if source}
        return Procedure(
            folder.name,
            tuple(sources),
            tuple(rules),
            tuple(self._shown(folder)),
            {language: book for language, book in parsed.items() if book},
            tuple(each for each in sources if each.file in unloaded),
            {language: source for language, source in books.items() if source},
            tuple(path.name for path in sorted(folder.glob("*.yml")) if is_test(path)),
            unread=len(sources) < len(files),
        )

    def _source(self, path: Path) -> Source | None:
        """None when it is not there or not YAML, which is a finding."""
        name = self.shown_name(path)
        try:
            source = Source(name, path.read_text(encoding="utf-8-sig"))
            if path.suffix == ".yml" and not _is_clean(source.text):
                YamlFile(path)  # slower, and has the words
        except ConfigError as error:
            self.findings += [_unreadable(name, each) for each in error.mistakes]
        except (OSError, UnicodeDecodeError):
            what = Text("缺少这个文件，或不是 UTF-8", "the file is missing, or not UTF-8")
            cure = Text("每份预案要有 zh 和 en 两份 runbook", "every procedure has its runbook in zh and en")
            self.findings.append(Finding("runbook/file", Place(name), what, cure))
        else:
            return source
        return None

    def _runbook(self, source: Source) -> Runbook | None:
        try:
            return parse(source.text)
        except ValueError as error:
            number = next((int(word) for word in str(error).replace(":", " ").split() if word.isdigit()), 0)
            number = min(number, len(source.text.splitlines()))
            place = Place(source.file, number, 1, source.line(number)) if number else Place(source.file)
            what = Text(f"预案格式不对：{error}", f"the runbook is not as it must be: {error}")
            cure = Text("参照别的预案：开头的 ---、“## 标题 {#anchor}”、编号的步骤", "write it as the others are")
            self.findings.append(Finding("runbook/file", place, what, cure))
            return None

    def _shown(self, folder: Path) -> Iterator[Shown]:
        for path in sorted(folder.glob("*.yml")):
            source = self._source(path) if is_test(path) else None
            if source is None:
                continue
            root = composed(source.text)
            for node in _mappings(root):
                keys = {key.value: value for key, value in node.value}
                if isinstance(keys.get("alertname"), yaml.ScalarNode) and "exp_alerts" in keys:
                    yield Shown(value_of(source, keys["alertname"]), bool(keys["exp_alerts"].value))

    def _metrics(self) -> dict[str, Metric]:
        table = self.home / "exporters" / "README.md"
        of_exporter = of_table(table.read_text(encoding="utf-8")) if table.is_file() else {}
        try:
            others = of_list(self._yaml(self.home / OTHERS) if (self.home / OTHERS).is_file() else {})
        except (ValueError, AttributeError) as error:
            what = Text(f"不是 采集器 → 指标 → 类型：{error}", f"not exporter → metric → type: {error}")
            cure = Text("类型写 gauge counter histogram summary", "types are gauge counter histogram summary")
            self.findings.append(Finding("metric/list", Place(OTHERS), what, cure))
            others = {}
        return {**of_prometheus(), **of_receiver(), **others, **of_exporter}

    def _yaml(self, path: Path) -> Any:
        try:
            return YamlFile(path).data
        except ConfigError as error:
            self.findings += [_unreadable(self.shown_name(path), each) for each in error.mistakes]
            return {}


@cache
def of_receiver() -> dict[str, Metric]:
    """The receiver's own, asked from its code; those that need a database are there by their names."""
    package = Path(streamwatch.__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py"))]
    return {**of_source(texts), **of_collectors([Metrics().registry])}


def is_test(path: Path) -> bool:
    return path.name.startswith("rules_test")


def _is_clean(text: str) -> bool:
    """YAML, and no key stands twice."""
    try:
        keys = [[key.value for key, _ in each.value] for each in _mappings(yaml.compose(text, Loader=LOADER))]
    except yaml.YAMLError:
        return False
    return all(each.count(key) == 1 for each in keys for key in each if isinstance(key, str))


def _mappings(node: Any) -> Iterator[yaml.MappingNode]:
    """Every mapping in a file, those that aliases repeat once."""
    waiting, seen = [node], set[int]()
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, yaml.MappingNode):
            yield each
            waiting += [value for _, value in each.value]
        elif isinstance(each, yaml.SequenceNode):
            waiting += each.value


def _unreadable(name: str, mistake: Mistake) -> Finding:
    """YamlFile's words bring the line and its mark along."""
    what = Text(mistake.text_zh or mistake.text, mistake.text)
    cure = Text("见上", "see above") if "\n" in mistake.text else Text("改正这一行", "mend this line")
    return Finding("yaml/syntax", Place(name, mistake.line, mistake.column), what, cure)


def _interval(said: Any) -> float:
    """Prometheus' own default is a minute."""
    try:
        return seconds(str(said)) if said else 60.0
    except ValueError:
        return 60.0
