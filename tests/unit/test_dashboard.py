"""The wall that people watch: readable in both languages, and every query asks for something that exists."""

import itertools
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from servers.dashboard import DASHBOARD, REPOSITORY, dashboard, queries
from streamwatch.clock import utc_now
from streamwatch.metrics import Metrics, Standing, StandingCollector

UNKNOWN = "无数据 cannot tell"
PANELS = dashboard()["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
each_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"].split()[-1])
Panel = dict[str, Any]


def asked(expr: str) -> set[str]:
    """The metrics that an expression names."""
    bare = re.sub(r'"[^"]*"', "", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", bare)
    bare = re.sub(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", "", bare)
    names = set(re.findall(r"[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])", bare))
    return names - {"and", "or", "unless", "bool"}


def written_in(path: str) -> set[str]:
    """The metrics in the table of a document; a row may go on with the ends of names, as `_sent_bytes_total`."""
    names = set()
    for row in re.findall(
        r"^\| (`streamwatch_.*?) \|", (REPOSITORY / path).read_text(encoding="utf-8"), re.MULTILINE
    ):
        first, *others = re.findall(r"`(\w+)`", row)
        names.add(first)
        for other in others:
            family = "_".join(first.split("_")[:2])
            names.add(other if other.startswith("streamwatch_") else family + other)
    return names


def recorded() -> set[str]:
    files = [yaml.safe_load(path.read_text()) for path in REPOSITORY.glob("alert_rules/*/rules.yml")]
    rules = [rule for file in files for group in file["groups"] for rule in group["rules"]]
    return {rule["record"] for rule in rules if "record" in rule}


def of_the_receiver() -> set[str]:
    """What the receiver exports, asked of its registry."""
    now = utc_now()
    standing = Standing({("a-stream", "P0"): 1}, 0, 0, 0, None, 0, {"Watchdog": now})
    metrics = Metrics()
    metrics.registry.register(StandingCollector(lambda: standing, lambda: now))
    return {family.name + ("_total" if family.type == "counter" else "") for family in metrics.registry.collect()}


def test_the_dashboard_is_the_one_that_links_name() -> None:
    """Its address, a schema that Grafana from 10 on loads, and a look every five seconds at the last half hour."""
    board = dashboard()
    assert board["uid"] == DASHBOARD.stem == "stream-wall"
    assert board["schemaVersion"] <= 42
    assert (board["refresh"], board["time"]["from"], board["timezone"]) == ("5s", "now-30m", "browser")
    assert board["tags"]
    assert "__inputs" not in board


def test_a_wall_is_seen_at_one_glance() -> None:
    """At most twenty panels, each with its own number and title."""
    assert 0 < len(PANELS) <= 20
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)


def test_no_panel_covers_another() -> None:
    """And none leaves the 24 columns."""
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        assert at["x"] >= 0
        assert at["x"] + at["w"] <= 24, panel["title"]
        cells = set(itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])))
        assert not cells & taken, panel["title"]
        taken |= cells


@each_panel
def test_a_panel_explains_itself_in_both_languages(panel: Panel) -> None:
    """Its title and its description; the description is a sentence in each."""
    for text in (panel["title"], panel["description"]):
        assert re.search(r"[\u4e00-\u9fff]", text), text
        assert re.search(r"[A-Za-z]{2}", text), text
    chinese, english = panel["description"].split("\n\n")
    assert re.search(r"[\u4e00-\u9fff]{6}.*。$", chinese)
    assert re.fullmatch(r"[^\u4e00-\u9fff]{40,}\.", english)


@each_panel
def test_unknown_is_said_in_words(panel: Panel) -> None:
    """Without data a panel says so; no null becomes a number, and a gap in a line stays a gap."""
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["noValue"] == UNKNOWN
    if panel["type"] == "stat":
        special = [each["options"] for each in defaults["mappings"] if each["type"] == "special"]
        assert [(each["match"], each["result"]["text"]) for each in special] == [("null+nan", UNKNOWN)]
        assert all(target["instant"] for target in panel["targets"]), "a range would show what was last known"
    if panel["type"] == "timeseries":
        assert defaults["custom"]["spanNulls"] is False


def test_good_and_bad_are_said_in_words() -> None:
    """Who cannot tell red from green reads it."""
    for panel in PANELS[:3]:
        [words] = [
            each["options"] for each in panel["fieldConfig"]["defaults"]["mappings"] if each["type"] == "value"
        ]
        assert set(words) == {"0", "1"}
        assert all(re.search(r"[\u4e00-\u9fff].*[a-z]", word["text"]) for word in words.values())


def test_everything_is_asked_of_the_provisioned_prometheus() -> None:
    """One data source, by its uid: panels, the variable and the marks of alerts."""
    [provisioned] = yaml.safe_load(
        (REPOSITORY / "grafana/provisioning/datasources/prometheus.yml").read_text(encoding="utf-8")
    )["datasources"]
    assert provisioned["uid"] == "prometheus"
    board = dashboard()
    askers = [*PANELS, *board["templating"]["list"], *board["annotations"]["list"]]
    targets = [target for panel in PANELS for target in panel["targets"] if "datasource" in target]
    for asker in askers + targets:
        assert asker["datasource"] == {"type": provisioned["type"], "uid": provisioned["uid"]}


def test_the_files_are_what_is_shown() -> None:
    """What is changed in the browser does not count."""
    [provider] = yaml.safe_load(
        (REPOSITORY / "grafana/provisioning/dashboards/streamwatch.yml").read_text(encoding="utf-8")
    )["providers"]
    assert provider["allowUiUpdates"] is False
    assert dashboard()["editable"] is False


def test_every_metric_is_documented_or_recorded() -> None:
    """A misspelt name would be an empty panel, which looks like a calm one."""
    known = written_in("exporters/README.md") | written_in("docs/design.md") | recorded() | of_the_receiver()
    known |= {"ALERTS"}
    named = {name for expr in EXPRESSIONS for name in asked(expr)}
    named |= {name for mark in dashboard()["annotations"]["list"] for name in asked(mark["expr"])}
    named |= {"streamwatch_probe_up"}  # of the variable
    assert {name.removesuffix("_bucket") for name in named} <= known
    assert len(named) > 15


def test_the_stream_is_chosen_by_the_reader() -> None:
    """One of the streams that are watched; no query names one."""
    [variable] = dashboard()["templating"]["list"]
    assert variable["name"] == "stream"
    assert variable["query"]["query"] == 'label_values(streamwatch_probe_up{stream!=""}, stream)'
    assert not variable["multi"]
    assert not variable["current"]
    for expr in EXPRESSIONS:
        chosen = set(re.findall(r'stream\s*[!=]~?\s*"([^"]*)"', expr))
        assert chosen <= {"$stream", "all"}, expr


def test_every_metric_of_a_stream_is_asked_for_that_stream() -> None:
    """Only the receiver's own counters and an ingest server are for all."""
    for_all = re.compile(r"streamwatch_(outbox|pages|watchdog|ingest_server)_\w+")
    for expr in EXPRESSIONS:
        for name, matchers in re.findall(
            r"\b((?:streamwatch_|stream:|stream_category:|ALERTS)[\w:]*)(\{[^}]*\})?", expr
        ):
            assert for_all.fullmatch(name) or re.search(r'stream="(\$stream|all)"', matchers), (name, expr)


def test_queries_have_no_variable_left() -> None:
    """What the tests send to Prometheus is what Grafana would send."""
    filled = queries("a-stream")
    assert len(filled) == len(EXPRESSIONS)
    assert not [expr for _, expr in filled if "$" in expr]
    assert any('stream="a-stream"' in expr for _, expr in filled)


def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    """Judged by promtool, as recording rules."""
    rules = [{"record": f"panel:{number}", "expr": expr} for number, (_, expr) in enumerate(queries("a-stream"))]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    checked = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert f"{len(rules)} rules found" in checked.stdout
