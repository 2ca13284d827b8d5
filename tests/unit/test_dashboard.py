"""The boards that people watch: readable in both languages, and every query asks for something that exists."""

import itertools
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from servers.dashboard import BOARDS, REPOSITORY, dashboard, queries
from streamwatch.clock import utc_now
from streamwatch.metrics import Metrics, Standing, StandingCollector
from streamwatch.rules.catalogue import of_list, of_table
from streamwatch.rules.gathering import of_receiver

UNKNOWN = "无数据 cannot tell"
PANELS = dashboard()["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
ALL = [(name, panel) for name in BOARDS for panel in dashboard(name)["panels"]]
each_panel = pytest.mark.parametrize("panel", [panel for _, panel in ALL], ids=[f"{n}-{p['id']}" for n, p in ALL])
each_board = pytest.mark.parametrize("name", BOARDS)
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


def of_other_programs() -> set[str]:
    """As `streamwatch rules test` knows them."""
    table = (REPOSITORY / "exporters/README.md").read_text(encoding="utf-8")
    others = yaml.safe_load((REPOSITORY / "config/other_metrics.yml").read_text(encoding="utf-8"))
    return set(of_table(table) | of_receiver() | of_list(others))


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
    assert board["uid"] == "stream-wall"
    assert (board["refresh"], board["time"]["from"]) == ("5s", "now-30m")


def test_there_is_a_board_for_each_of_the_three_questions() -> None:
    """What happens now, what the machines and lines do, how the session was."""
    assert BOARDS == ["hosts-network", "session-review", "stream-wall"]


@each_board
def test_a_board_is_found_by_its_name(name: str) -> None:
    """Its address is that of its file, its schema one that Grafana from 10 on loads; its links lead somewhere."""
    board = dashboard(name)
    assert board["uid"] == name
    assert board["schemaVersion"] <= 42
    assert board["timezone"] == "browser"
    assert re.search(r"[\u4e00-\u9fff].*[A-Za-z]{2}", board["title"])
    assert "streamwatch" in board["tags"]
    assert "__inputs" not in board
    assert {link["url"].removeprefix("/d/") for link in board["links"]} <= set(BOARDS) - {name}


def test_a_wall_is_seen_at_one_glance() -> None:
    """At most twenty panels."""
    assert 0 < len(PANELS) <= 20


@each_board
def test_every_panel_has_its_own_number_and_title(name: str) -> None:
    """Else a link to one would lead to another."""
    panels = dashboard(name)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)


@each_board
def test_no_panel_covers_another(name: str) -> None:
    """And none leaves the 24 columns."""
    taken: set[tuple[int, int]] = set()
    for panel in dashboard(name)["panels"]:
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


@each_board
def test_everything_is_asked_of_the_provisioned_prometheus(name: str) -> None:
    """One data source, by its uid: panels, the variable and the marks of alerts."""
    [provisioned] = yaml.safe_load(
        (REPOSITORY / "grafana/provisioning/datasources/prometheus.yml").read_text(encoding="utf-8")
    )["datasources"]
    assert provisioned["uid"] == "prometheus"
    board = dashboard(name)
    askers = [*board["panels"], *board["templating"]["list"], *board["annotations"]["list"]]
    targets = [target for panel in board["panels"] for target in panel["targets"] if "datasource" in target]
    for asker in askers + targets:
        assert asker["datasource"] == {"type": provisioned["type"], "uid": provisioned["uid"]}


def test_the_files_are_what_is_shown() -> None:
    """What is changed in the browser does not count."""
    [provider] = yaml.safe_load(
        (REPOSITORY / "grafana/provisioning/dashboards/streamwatch.yml").read_text(encoding="utf-8")
    )["providers"]
    assert provider["allowUiUpdates"] is False
    assert {dashboard(name)["editable"] for name in BOARDS} == {False}


@each_board
def test_every_metric_is_documented_or_recorded(name: str) -> None:
    """A misspelt name would be an empty panel, which looks like a calm one."""
    board = dashboard(name)
    known = written_in("exporters/README.md") | written_in("docs/design.md") | recorded() | of_the_receiver()
    known |= {"ALERTS", "up"} | of_other_programs()
    asks = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asks += [mark["expr"] for mark in board["annotations"]["list"]]
    variables = [
        re.fullmatch(r"label_values\((.*), \w+\)", each["definition"]) for each in board["templating"]["list"]
    ]
    asks += [found[1] for found in variables if found]
    named = {metric for expr in asks for metric in asked(expr)}
    assert {metric.removesuffix("_bucket") for metric in named} - known == set()
    assert len(named) > 15


def test_the_stream_is_chosen_by_the_reader() -> None:
    """One of the streams that are watched; no query names one."""
    [variable] = dashboard("session-review")["templating"]["list"]
    assert variable == dashboard()["templating"]["list"][0]
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


def test_a_session_is_asked_for_its_stream_and_hosts_for_what_was_chosen() -> None:
    """No number of another stream in a review, none of another machine on the board of hosts."""
    for _, expr in queries("a-stream", "session-review"):
        for metric, matchers in re.findall(r"\b((?:streamwatch_|obs_|stream:|ALERTS)[\w:]*)(\{[^}]*\})?", expr):
            assert metric == "streamwatch_outbox_due" or 'stream="a-stream"' in matchers, (metric, expr)
    for panel in dashboard("hosts-network")["panels"]:
        for target in panel["targets"]:
            for matchers in re.findall(r"\{[^}]*\}", target["expr"]):
                assert re.search(r'(host=~"\$host"|instance=~"\$instance")', matchers), target["expr"]


@each_board
def test_queries_have_no_variable_left(name: str) -> None:
    """What the tests send to Prometheus is what Grafana would send."""
    filled = queries("a-stream", name)
    assert len(filled) == sum(len(panel["targets"]) for panel in dashboard(name)["panels"])
    assert not [expr for _, expr in filled if "$" in expr]
    assert any("a-stream" in expr or '=~".*"' in expr for _, expr in filled)


@each_board
def test_prometheus_understands_every_query(name: str, tmp_path: Path) -> None:
    """Judged by promtool, as recording rules."""
    asked_for = [expr for _, expr in queries("a-stream", name)]
    asked_for += [mark["expr"].replace("$stream", "a") for mark in dashboard(name)["annotations"]["list"]]
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(asked_for)]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    checked = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert f"{len(rules)} rules found" in checked.stdout
