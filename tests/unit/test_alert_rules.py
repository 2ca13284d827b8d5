"""Every procedure of alert_rules/ keeps what the receiver, the runbooks and the people rely on."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamwatch.alert import SEVERITIES
from streamwatch.duty import ROLES
from streamwatch.runbook import MAX_STEPS, Runbook, parse
from streamwatch.vocabulary import CATEGORIES, HOPS, PROCEDURES
from streamwatch.watching.watchdog import CLOSED, MISSED

REPOSITORY = Path(__file__).parents[2]
FOLDERS = sorted(path for path in (REPOSITORY / "alert_rules").iterdir() if path.is_dir())
FILES = ("rules.yml", "rules_test.yml", "runbook.zh.md", "runbook.en.md")
LABELS = {"hop", "procedure", "severity", "role"}
ANNOTATIONS = {"summary_zh", "summary_en", "runbook_step"}
SUMMARY_LENGTH = 40  # characters, as much as the banner of a phone shows
CATEGORY = "{{ $labels.category }}"
FULL = re.compile(r"{{ else }}(P\d){{ end }}$")  # what a severity is that the show may lower


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rules_of(folder: Path) -> Iterator[dict[str, Any]]:
    for group in read_yaml(folder / "rules.yml")["groups"]:
        yield from (rule for rule in group["rules"] if "alert" in rule)


def full_labels(alert: dict[str, Any]) -> dict[str, str]:
    """Its labels as they are without a show that lowers the severity, as in a stream without a calendar."""
    labels: dict[str, str] = dict(alert["labels"])
    if found := FULL.search(labels["severity"]):
        labels["severity"] = found[1]
    return labels


def runbook(folder: Path, language: str) -> Runbook:
    return parse((folder / f"runbook.{language}.md").read_text(encoding="utf-8"))


def designed_categories() -> list[str]:
    """Those that are alerted on, as the design names them."""
    design = (REPOSITORY / "docs" / "design.md").read_text(encoding="utf-8")
    named = re.search(r"^Complaint categories: `([a-z ]+)`", design, re.MULTILINE)
    assert named is not None
    return named[1].split()


def steps_of(alert: dict[str, Any]) -> list[str]:
    """The anchors an alert can point to: one, or one for each category of complaint."""
    step: str = alert["annotations"]["runbook_step"]
    return [step.replace(CATEGORY, each) for each in designed_categories()] if CATEGORY in step else [step]


def told_alerts(folder: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each expectation of the rules' own tests: the name of the alert, and the alerts that fire."""
    for file in sorted(folder.glob("rules_test*.yml")):
        for test in read_yaml(file)["tests"]:
            for each in test.get("alert_rule_test", []):
                yield each["alertname"], each["exp_alerts"]


ALERTS = [pytest.param(folder, rule, id=rule["alert"]) for folder in FOLDERS for rule in rules_of(folder)]
every_alert = pytest.mark.parametrize(("folder", "alert"), ALERTS)
every_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def test_the_alerts_of_the_design_are_there() -> None:
    """The design promises these by name; a renamed or lost one is a broken promise."""
    design = (REPOSITORY / "docs" / "design.md").read_text(encoding="utf-8")
    promised = re.search(r"^Alerts, hop by hop, .*?: (.+)$", design, re.MULTILINE)
    assert promised is not None
    names = {param.id for param in ALERTS}
    assert set(re.findall(r"`([A-Z][A-Za-z]+)`", promised[1])) <= names
    assert len(names) == len(ALERTS)


@every_folder
def test_a_procedure_has_its_four_files_and_its_word(folder: Path) -> None:
    """Rules, their tests, the runbook in both languages; people read its name in words."""
    assert [name for name in FILES if not (folder / name).is_file()] == []
    assert folder.name in PROCEDURES


@every_folder
def test_both_runbooks_say_the_same(folder: Path) -> None:
    """The same anchors in the same order with as many steps, nine at most and one at least."""
    zh, en = (runbook(folder, language) for language in ("zh", "en"))
    counts = [[(each.anchor, len(each.steps)) for each in book.sections.values()] for book in (zh, en)]
    assert counts[0] == counts[1]
    assert all(1 <= count <= MAX_STEPS for _, count in counts[0])
    assert (zh.procedure, en.procedure) == (folder.name, folder.name)


@every_folder
def test_prometheus_loads_the_rules(folder: Path) -> None:
    """A rules file that config/prometheus.yml leaves out judges nothing."""
    listed = read_yaml(REPOSITORY / "config" / "prometheus.yml")["rule_files"]
    assert f"../alert_rules/{folder.name}/rules.yml" in listed


@every_alert
def test_the_labels_are_of_the_closed_lists(folder: Path, alert: dict[str, Any]) -> None:
    """Routing and the inhibition go by them; only Watchdog and Canary have no severity: they page nobody."""
    labels = full_labels(alert)
    assert labels.keys() >= LABELS
    assert labels.keys() <= LABELS | {"stream"}
    assert labels["procedure"] == folder.name
    assert labels["hop"] in HOPS
    assert labels["role"] in ROLES
    assert labels["role"] != "host"
    assert labels["severity"] in (("none",) if alert["alert"] in ("Watchdog", "Canary") else SEVERITIES)


@every_alert
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_summary_fits_and_stands_still(folder: Path, alert: dict[str, Any], language: str) -> None:
    """A number in it would change at each evaluation, and a long one is cut on the phone."""
    assert alert["annotations"].keys() == ANNOTATIONS
    summary: str = alert["annotations"][f"summary_{language}"]
    assert 1 <= len(summary) <= SUMMARY_LENGTH
    assert re.search(r"[{}$\d]", summary) is None
    assert bool(re.search(r"[\u4e00-\u9fff]", summary)) == (language == "zh")


@every_alert
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_step_stands_in_the_runbook(folder: Path, alert: dict[str, Any], language: str) -> None:
    """Whoever is called reads what to do now, for each category of complaint."""
    sections = runbook(folder, language).sections
    assert [step for step in steps_of(alert) if step not in sections] == []


@pytest.mark.parametrize("words", [CLOSED, *MISSED.values()], ids=lambda words: words["summary_en"])
def test_what_the_receiver_itself_tells_is_as_complete(words: Mapping[str, str]) -> None:
    """No rule stands behind it: its summary fits, and its step is there in both languages."""
    assert words.keys() == ANNOTATIONS
    assert max(len(words["summary_zh"]), len(words["summary_en"])) <= SUMMARY_LENGTH
    for language in ("zh", "en"):
        assert words["runbook_step"] in runbook(REPOSITORY / "alert_rules" / "monitoring", language).sections


def test_every_category_of_the_design_can_be_alerted_on() -> None:
    """The receiver has a word for each; a violation is a hint for people and alerts nobody."""
    assert set(designed_categories()) == CATEGORIES.keys() - {"violation"}
    complaints = (REPOSITORY / "alert_rules" / "viewer_complaints" / "rules.yml").read_text(encoding="utf-8")
    assert 'category!="violation"' in complaints


@every_alert
def test_the_alert_is_shown_to_fire_and_not_to_fire(folder: Path, alert: dict[str, Any]) -> None:
    """Both in the rules' own tests, and where it fires it carries a stream and the labels of its rule."""
    shown = [firing for name, firing in told_alerts(folder) if name == alert["alert"]]
    assert [] in shown
    fired = [each["exp_labels"] for firing in shown for each in firing]
    assert fired
    full = full_labels(alert)
    assert full["severity"] in {labels["severity"] for labels in fired}
    for labels in fired:
        assert labels["stream"]
        assert {**labels, "severity": full["severity"]}.items() >= full.items()


@every_alert
def test_the_alert_waits_before_it_is_told(folder: Path, alert: dict[str, Any]) -> None:
    """One evaluation alone calls nobody: a scrape may be late."""
    assert re.fullmatch(r"[1-9]\d*[sm]", alert["for"])


def test_the_tests_of_the_rules_name_no_other_alert() -> None:
    """An expectation of an alert that is not there would pass by expecting nothing."""
    names = {param.id for param in ALERTS}
    assert {name for folder in FOLDERS for name, _ in told_alerts(folder)} <= names
