"""What `rules new` writes: a rule, a test that it passes, and its section of the runbook, to be edited. Pure."""

import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

import yaml

from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.rules.condition import DEFAULT, Condition, condition_of
from streamwatch.rules.skeleton import FRONT_EN, FRONT_ZH, HEAD, RULE, SECTION_EN, SECTION_ZH, TEST
from streamwatch.vocabulary import ROLES

SUMMARY_LENGTH = 40  # characters, as much as the banner of a phone shows
_PROCEDURE, _ALERT = re.compile(r"[a-z][a-z0-9_]*"), re.compile(r"[A-Z][A-Za-z0-9]*")
PROMETHEUS = "config/prometheus.yml"
SHAPE = Text(
    "写成 <预案>/<告警>，例如 stream_interruption/AudioDrifts：预案用小写和 _，告警用大写开头的英文",
    "write <procedure>/<alert>, as in stream_interruption/AudioDrifts: lower case and _, then words in capitals",
)
TOO_LONG = Text(
    "摘要“{words}”有 {length} 个字符，最多 {most}", "the summary '{words}' has {length} characters; {most} at most"
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
    def test_file(self) -> str:
        """Its own, beside those of the procedure."""
        return f"rules_test_{self.anchor.replace('-', '_')}.yml"

    @property
    def words(self) -> str:
        return self.anchor.replace("-", " ")


def name_of(written: str) -> Name:
    """Raises `CommandFailed` for what cannot be a procedure and an alert."""
    procedure, _, alert = written.partition("/")
    if not _PROCEDURE.fullmatch(procedure) or not _ALERT.fullmatch(alert):
        raise CommandFailed(SHAPE)
    return Name(procedure, alert)


@dataclass(frozen=True)
class Draft:
    """A rule to be written. Without summaries they are left to be written."""

    name: Name
    condition: Condition
    hop: str = "ingest"
    severity: str = "P2"
    role: str = "tech"
    zh: str = ""
    en: str = ""


def draft(name: Name, *, expr: str | None, zh: str, en: str, **labels: str) -> Draft:
    """Raises `CommandFailed` for a condition whose test cannot be written, and for a summary that is too long."""
    for words in (zh, en):
        if len(words) > SUMMARY_LENGTH:
            raise CommandFailed(TOO_LONG.format(words=words, length=len(words), most=SUMMARY_LENGTH))
    return Draft(name, condition_of(expr or DEFAULT), zh=zh, en=en, **labels)


def files(wanted: Draft, existing: dict[str, str]) -> dict[str, str]:
    """Each file with its new text, by its path in the clone; *existing* has the texts of those that are there."""
    folder = PurePosixPath("alert_rules") / wanted.name.procedure
    rules = f"{folder}/rules.yml"
    test = wanted.name.test_file if rules in existing else "rules_test.yml"
    books = {
        f"{folder}/runbook.{language}.md": (front, section)
        for language, front, section in (("zh", FRONT_ZH, SECTION_ZH), ("en", FRONT_EN, SECTION_EN))
    }
    words = _words(wanted, test)
    made = {
        rules: _added(existing.get(rules), HEAD, RULE, words, between="\n" if rules in existing else ""),
        f"{folder}/{test}": _fill(TEST, words),
        **{path: _added(existing.get(path), *texts, words, between="\n") for path, texts in books.items()},
    }
    loaded = _loaded(existing[PROMETHEUS], f"../{rules}")
    return made if loaded is None else {**made, PROMETHEUS: loaded}


def _added(text: str | None, head: str, part: str, words: dict[str, str], between: str) -> str:
    before = text if text is not None else _fill(head, words)
    return f"{before.rstrip()}\n{between}{_fill(part, words)}"


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


def _words(wanted: Draft, test: str) -> dict[str, str]:
    """What the templates ask for, by its name."""
    name, condition = wanted.name, wanted.condition
    labels = {"hop": wanted.hop, "procedure": name.procedure, "severity": wanted.severity, "role": wanted.role}
    labels = labels if "stream" in condition.by else {"stream": "all", **labels}
    kept = {label: condition.labels[label] for label in condition.by if label in condition.labels}
    series = ", ".join(
        f"{label}={json.dumps(value, ensure_ascii=False)}" for label, value in condition.labels.items()
    )
    return {
        "PROCEDURE": name.procedure,
        "TITLE": name.procedure.replace("_", " ").capitalize(),
        "ALERT": name.alert,
        "ANCHOR": name.anchor,
        "ROLE_ZH": ROLES[wanted.role].zh,
        "ROLE_EN": ROLES[wanted.role].en,
        "TESTS": test,
        "SUMMARY_ZH": _quoted(wanted.zh or f"待写：{name.alert}"[:SUMMARY_LENGTH]),
        "SUMMARY_EN": _quoted(wanted.en or name.words[:SUMMARY_LENGTH].strip()),
        "EXPR": condition.expr,
        "MEASURED": condition.measured,
        "BY": ", ".join(condition.by),
        "LABELS": _flow(labels),
        "TOLD": _flow({**kept, **labels}),
        "SERIES": f"{condition.metric}{{{series}}}".replace("'", "''"),
        "GOOD": condition.good,
        "BAD": condition.bad,
    }


def _flow(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {_quoted(value)}" for key, value in labels.items()) + "}"


def _quoted(words: str) -> str:
    """As YAML takes it for words, in quotation marks only where it would not."""
    plain = re.fullmatch(r"[^\W\d][\w\s，。：（）-]*", words) and yaml.safe_load(f"[{words}]") == [words]
    return words if plain else json.dumps(words, ensure_ascii=False)


def _fill(template: str, words: dict[str, str]) -> str:
    return re.sub(r"@([A-Z_]+)@", lambda found: words[found[1]], template)
