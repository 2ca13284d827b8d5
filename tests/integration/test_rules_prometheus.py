"""`rules explain` and the reload of rules, asked from a real Prometheus on a page we write."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from servers.free_port import free_port
from servers.prometheus import MetricsPage, Prometheus
from servers.receiver import STREAMWATCH, ReceiverProcess, until, write_config
from servers.rules_clone import RULE, RULES, Clone
from streamwatch.errors import CommandFailed
from streamwatch.rules.explaining import firings
from streamwatch.rules.parsing import parse
from streamwatch.rules.promql import Binary, Node, Paren, Unary
from streamwatch.rules.reloading import refuse_bad, reload_process, reload_server

FAST = RULE.replace("for: 6s", "for: 2s\n        keep_firing_for: 1s")
CONFIG = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs: [{{job_name: demo, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""


@dataclass
class World:
    clone: Clone
    page: MetricsPage
    prometheus: Prometheus
    duty: Path
    receiver_port: int

    def explain(self, *words: str, language: str = "en") -> subprocess.CompletedProcess[str]:
        command = [STREAMWATCH, "rules", "explain", *words, "--config", str(self.duty)]
        environment = os.environ | {"STREAMWATCH_LANG": language}
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)

    def explained(self, alert: str, *words: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.explain(alert, "--json", *words).stdout)
        return told

    def loaded(self) -> list[str]:
        groups = self.prometheus.get("rules")["groups"]
        return [rule["name"] for group in groups for rule in group["rules"]]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One alert, two seconds after its stream is down; `demo` is up."""
    clone = Clone(tmp_path / "clone")
    clone.write(RULES, FAST)
    page, port, receiver_port = MetricsPage(), free_port(), free_port()
    page.set('demo_up{stream="demo"}', 1)
    config = CONFIG.format(rules=clone.home / RULES, port=page.port)
    prometheus = Prometheus(tmp_path / "prometheus", port, config, "--web.enable-lifecycle")
    duty = write_config(
        tmp_path / "duty", receiver_port, "http://127.0.0.1:9/pages",
        alert_rules=str(clone.home / "alert_rules"), prometheus={"url": prometheus.url},
    )  # fmt: skip
    try:
        until(lambda: prometheus.value('demo_up{stream="demo"}') == 1)
        yield World(clone, page, prometheus, duty, receiver_port)
    finally:
        prometheus.stop()
        page.close()


def test_an_alert_is_explained_part_by_part_with_its_past(world: World) -> None:
    """Each part with its value for each series; when it fired, as Prometheus itself recorded it."""
    quiet = world.explained("ThingBroken")
    assert (quiet["state"], quiet["fired"]) == ("inactive", [])
    by_expr = {part["expr"]: part["series"] for part in quiet["parts"]}
    assert by_expr["max by (stream) (demo_up)"] == [{"labels": {"stream": "demo"}, "value": 1.0}]

    world.page.set('demo_up{stream="demo"}', 0)
    until(lambda: world.prometheus.states("ThingBroken", "demo") == ["firing"])
    firing = world.explained("ThingBroken")
    assert (firing["state"], firing["fired"][0]["labels"], firing["fired"][0]["end"]) == (
        "firing",
        {"stream": "demo"},
        None,
    )
    assert [(each["stream"], each["state"]) for each in firing["active"]] == [("demo", "firing")]

    world.page.set('demo_up{stream="demo"}', 1)
    until(lambda: world.prometheus.states("ThingBroken", "demo") == [])
    until(lambda: world.explained("ThingBroken")["fired"][0]["end"] is not None)
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86_400))
    assert world.explained("ThingBroken", "--at", before)["fired"] == []

    shown = world.explain("ThingBroken")
    assert "ThingBroken (for 2s): inactive" in shown.stdout
    assert re.search(r'^ +max by \(stream\) \(demo_up\)\n +  = 1  \{stream="demo"\}$', shown.stdout, re.MULTILINE)
    assert "it would have fired 1 times in the last day:" in shown.stdout
    assert "过去一天会告警 1 次" in world.explain("ThingBroken", language="zh").stdout


def test_the_look_back_agrees_with_what_prometheus_did(world: World) -> None:
    """The instants at which it fires by our account are those of its ALERTS, one evaluation more or less."""
    for value in (0, 1, 0, 1):
        world.page.set('demo_up{stream="demo"}', value)
        wanted = [["firing"], []][value]
        until(lambda wanted=wanted: world.prometheus.states("ThingBroken", "demo") == wanted)
    until(lambda: not world.prometheus.get("query", query='ALERTS{alertname="ThingBroken"}')["result"])
    end = time.time() + 2  # no value is that new: what ended has ended in every answer
    span = {"start": str(end - 120), "end": str(end), "step": "1"}

    def instants(query: str) -> list[float]:
        found = world.prometheus.get("query_range", query=query, **span)["result"]
        return [float(at) for series in found for at, _ in series["values"]]

    ours = firings(instants('max by (stream) (demo_up{stream="demo"}) == 0'), end, 1, hold=2, keep=1)
    theirs = firings(instants('ALERTS{alertname="ThingBroken", alertstate="firing"}'), end, 1, hold=0, keep=0)
    assert len(ours) == len(theirs) == 2
    for one, other in zip(ours, theirs, strict=True):
        assert abs(one.start - other.start) <= 2
        assert one.end is not None
        assert other.end is not None
        assert abs(one.end - other.end) <= 2


def test_an_alert_that_is_not_loaded_is_named_with_the_nearest(world: World) -> None:
    """Exit 1; after writing one, it must be loaded."""
    done = world.explain("ThingBrokn")
    assert done.returncode == 1
    assert "did you mean ThingBroken? After writing one, run streamwatch reload." in done.stderr


def test_a_prometheus_that_is_away_is_one_sentence(world: World) -> None:
    """With the cure."""
    done = world.explain("ThingBroken", "--prometheus", f"http://127.0.0.1:{free_port()}")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "does not answer (ConnectError). Start it, or name another with --prometheus." in done.stderr


def test_a_bad_rule_is_refused_with_its_place_and_the_old_rules_stay(world: World) -> None:
    """By promtool before, and by Prometheus itself over HTTP; a good one counts at once."""
    config = Path(str(world.prometheus.log.parent / "prometheus.yml"))
    world.clone.change(RULES, "demo_up) == 0", "demo_up] == 0")
    with pytest.raises(CommandFailed, match=r"rules\.yml: 5:15: .*unexpected"):
        refuse_bad(config)
    world.clone.change(RULES, "for: 2s", "for: two seconds")
    with pytest.raises(CommandFailed, match=r'go on:\n\S*rules\.yml: not a valid duration string: "two seconds"$'):
        refuse_bad(config)
    with pytest.raises(CommandFailed, match="the old ones go on:\nfailed to reload config"):
        reload_server(world.prometheus.url)
    assert world.loaded() == ["ThingBroken"]

    world.clone.write(RULES, FAST.replace("ThingBroken", "ThingChanged"))
    refuse_bad(config)
    assert reload_server(world.prometheus.url) is None
    assert world.loaded() == ["ThingChanged"]


def test_the_command_reloads_the_rules_with_the_rest(world: World) -> None:
    """`streamwatch reload`: a good rule counts; of a bad one Prometheus' own words, and exit 1."""
    receiver = ReceiverProcess(world.duty, world.receiver_port)
    receiver.start()
    command = [STREAMWATCH, "reload", "--config", str(world.duty), "--json"]
    english = os.environ | {"STREAMWATCH_LANG": "en"}
    try:
        world.clone.write(RULES, FAST.replace("ThingBroken", "ThingChanged"))
        good = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=english)
        assert (good.returncode, json.loads(good.stdout)["prometheus"]) == (0, {"reloaded": True})
        assert world.loaded() == ["ThingChanged"]

        world.clone.change(RULES, "demo_up) == 0", "demo_up] == 0")
        bad = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=english)
        assert bad.returncode == 1
        assert "the old ones go on:\nfailed to reload config" in bad.stderr
        assert world.loaded() == ["ThingChanged"]
    finally:
        receiver.stop()


def test_a_prometheus_of_our_own_is_told_by_a_signal(world: World) -> None:
    """What it cannot read is told in the words of its log, with the place; the old rules stay."""
    own = (world.prometheus.url, world.prometheus.pid, world.prometheus.log)
    world.clone.change(RULES, "demo_up) == 0", "demo_up] == 0")
    with pytest.raises(CommandFailed, match=r"rules\.yml: 5:15: "):
        reload_process(*own)
    assert world.loaded() == ["ThingBroken"]

    world.clone.write(RULES, FAST.replace("ThingBroken", "ThingChanged"))
    reload_process(*own)
    assert world.loaded() == ["ThingChanged"]


def test_a_process_that_is_not_prometheus_gets_no_signal(world: World) -> None:
    """A number in a file outlives the process that it was of."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        with pytest.raises(CommandFailed, match="it does not run"):
            reload_process(world.prometheus.url, stranger.pid, world.prometheus.log)
        assert stranger.poll() is None
        stranger.communicate(b"\n", timeout=30)
    assert stranger.returncode == 0


def test_a_prometheus_without_a_door_for_reloads_is_told_of(tmp_path: Path) -> None:
    """Not a failure: nothing was refused; but somebody must send the signal."""
    page = MetricsPage()
    prometheus = Prometheus(tmp_path / "prometheus", free_port(), CONFIG.format(rules="", port=page.port))
    try:
        note = reload_server(prometheus.url)
    finally:
        prometheus.stop()
        page.close()
    assert note is not None
    assert "--web.enable-lifecycle" in note.en
    gone = reload_server(prometheus.url)
    assert gone is not None
    assert "does not answer" in gone.en


@pytest.mark.parametrize(
    "text",
    ["1 + 2 * 3 ^ 2 ^ 0.5", "-2 ^ 2", "8 - 3 - 2", "2 * 7 % 4 / 2", "1 < bool 2 == bool 1", "7 % -4 ^ 2"],
)
def test_operators_are_grouped_as_prometheus_groups_them(world: World, text: str) -> None:
    """With our brackets around each operation the value is the same."""
    assert world.prometheus.value(f"vector({bracketed(parse(text), text)})") == world.prometheus.value(
        f"vector({text})"
    )


def bracketed(node: Node, text: str) -> str:
    if isinstance(node, Binary):
        op = f"{node.op} bool" if node.yields_bool else node.op
        return f"({bracketed(node.left, text)} {op} {bracketed(node.right, text)})"
    if isinstance(node, Unary):
        return f"({node.op}{bracketed(node.expr, text)})"
    return f"({bracketed(node.expr, text)})" if isinstance(node, Paren) else text[node.start : node.end]
