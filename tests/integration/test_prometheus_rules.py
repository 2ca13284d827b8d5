"""A real Prometheus and a real Alertmanager, with the repository's rules and configuration, on a page we write."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from servers.alertmanager import Alertmanager, AlertReceiver
from servers.free_port import free_port
from servers.prometheus import MetricsPage, Prometheus
from servers.receiver import REPOSITORY, until
from streamwatch.clock import utc_now
from streamwatch.watching.liveness import Peer
from streamwatch.watching.looking import Looking

TOKEN = "token-of-the-receiver"
EXPORTER_AWAY = 'count_over_time((up{job="streamwatch-exporter"} == 0)[1m:1s])'


@dataclass(frozen=True)
class World:
    page: MetricsPage
    prometheus: Prometheus
    alertmanager: Alertmanager
    receiver: AlertReceiver

    def publishing(self, stream: str, value: int) -> None:
        """The server says so, and Prometheus has seen it."""
        series = f'streamwatch_ingest_publishing{{stream="{stream}",server="studio",app="live"}}'
        self.page.set(series, value)
        until(lambda: self.prometheus.value(series) == value)

    def playback_answers(self, stream: str, value: int) -> None:
        self.page.set(f'streamwatch_probe_up{{probe="hls",stream="{stream}",server=""}}', value)

    def told(self, alertname: str, stream: str, status: str, times: int = 1, seconds: float = 20) -> None:
        """Return when the receiver was told so often."""
        until(lambda: len(self.receiver.of(alertname, stream, status)) >= times, seconds)


def localised(name: str, replacements: dict[str, str]) -> str:
    """A file of config/ with addresses and paths of this test."""
    text = (REPOSITORY / "config" / name).read_text(encoding="utf-8")
    for old, new in replacements.items():
        assert old in text, f"{name} no longer names {old}"
        text = text.replace(old, new)
    return text


def here(port: int) -> str:
    return f"127.0.0.1:{port}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Started once, and used when the Watchdog has come the whole way."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "token").write_text(TOKEN)
    page, receiver = MetricsPage(), AlertReceiver(TOKEN)
    alertmanager_port, prometheus_port = free_port(), free_port()
    said = {here(8780): here(receiver.port), "../.streamwatch/secrets/api_token": str(folder / "token")}
    judged = {
        "../alert_rules": str(REPOSITORY / "alert_rules"),
        here(9780): here(page.port),
        here(8780): here(receiver.port),
        here(9090): here(prometheus_port),
        here(9093): here(alertmanager_port),
    }
    alertmanager = Alertmanager(folder / "alertmanager", alertmanager_port, localised("alertmanager.yml", said))
    try:
        prometheus = Prometheus(folder / "prometheus", prometheus_port, localised("prometheus.yml", judged))
        try:
            until(lambda: receiver.of("Watchdog", "all", "firing"), 30)
            yield World(page, prometheus, alertmanager, receiver)
        finally:
            prometheus.stop()
    finally:
        alertmanager.stop()
        receiver.close()
        page.close()


def test_every_rule_file_is_loaded_and_evaluates(world: World) -> None:
    """All procedures of the repository, each rule without an error, and one Alertmanager to tell."""
    groups = world.prometheus.get("rules")["groups"]
    files = sorted((REPOSITORY / "alert_rules").glob("*/rules.yml"))
    assert sorted(Path(group["file"]) for group in groups) == files
    rules = [rule for group in groups for rule in group["rules"]]
    assert {(rule["health"], rule.get("lastError", "")) for rule in rules} == {("ok", "")}
    assert len(world.prometheus.get("alertmanagers")["activeAlertmanagers"]) == 1


async def test_both_answer_the_receivers_looks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have the two pages that are asked, and are ready."""
    monkeypatch.setattr("streamwatch.watching.looking.PATIENCE", 60.0)
    where = {Peer.PROMETHEUS: lambda: world.prometheus.url, Peer.ALERTMANAGER: lambda: world.alertmanager.url}
    async with httpx.AsyncClient() as http:
        looking = Looking(http, where, utc_now)
        await looking.look()
    assert [(sight.missed, sight.ready_since is not None) for sight in looking.sights().values()] == [(0, True)] * 2


def test_playback_is_not_told_while_the_ingest_before_it_is_down(world: World) -> None:
    """Both fire; one is told, with the token and the labels that routing goes by; the other waits behind it."""
    world.publishing("inhibited", 1)
    world.playback_answers("inhibited", 0)
    world.publishing("inhibited", 0)
    world.told("StreamNotPublishing", "inhibited", "firing")
    (told,) = world.receiver.of("StreamNotPublishing", "inhibited")
    assert told["labels"] == {
        "alertname": "StreamNotPublishing",
        "stream": "inhibited",
        "hop": "ingest",
        "procedure": "stream_interruption",
        "severity": "P0",
        "role": "tech",
    }
    assert told["annotations"]["runbook_step"] == "publisher-gone"

    until(lambda: world.prometheus.states("PlaybackUnreachable", "inhibited") == ["firing"])
    (waiting,) = until(lambda: world.alertmanager.alerts("PlaybackUnreachable", "inhibited"))
    assert waiting["status"]["state"] == "suppressed"
    assert waiting["status"]["inhibitedBy"] == [told["fingerprint"]]
    assert world.receiver.of("PlaybackUnreachable", "inhibited") == []


def test_an_alert_outlives_its_metric_and_a_second_interruption_is_told_soon(world: World) -> None:
    """The exporter fails while it fires: nothing is over. The end is told when it is seen, the next one in 15 s."""
    started = time.monotonic()
    world.publishing("demo", 1)
    world.publishing("demo", 0)
    world.told("StreamNotPublishing", "demo", "firing")

    world.page.broken = True
    # longer than keep_firing_for, after which an alert without its second branch would be over
    until(lambda: (world.prometheus.value(EXPORTER_AWAY) or 0) >= 24, 60)
    assert world.prometheus.value('streamwatch_ingest_publishing{stream="demo"}') is None
    assert world.prometheus.states("StreamNotPublishing", "demo") == ["firing"]
    assert world.receiver.of("StreamNotPublishing", "demo", "resolved") == []
    world.told("ExporterDown", "all", "firing")

    world.page.broken = False
    world.publishing("demo", 1)
    world.told("StreamNotPublishing", "demo", "resolved", seconds=60)
    first = world.receiver.of("StreamNotPublishing", "demo", "firing")
    assert {alert["startsAt"] for alert in first} == {first[0]["startsAt"]}

    world.publishing("demo", 0)
    world.told("StreamNotPublishing", "demo", "firing", times=len(first) + 1, seconds=15)
    second = world.receiver.of("StreamNotPublishing", "demo", "firing")[-1]
    assert second["startsAt"] > first[0]["startsAt"]
    assert time.monotonic() - started < 300  # within the group_interval that is usual
