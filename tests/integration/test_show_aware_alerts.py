"""Where the show is decides what is told, and how urgently: a real Prometheus and Alertmanager with our files."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from servers.alertmanager import Alertmanager, AlertReceiver
from servers.free_port import free_port
from servers.prometheus import MetricsPage, Prometheus
from servers.receiver import REPOSITORY, until

TOKEN = "token-of-the-receiver"
PHASES = ("off_air", "rehearsal", "before", "on_air", "after")
INTERRUPTION = {"procedure": "stream_interruption", "role": "tech"}


@dataclass(frozen=True)
class Told:
    alertmanager: Alertmanager
    receiver: AlertReceiver

    def post(self, *alerts: dict[str, str]) -> None:
        """As Prometheus would, all at once."""
        now = datetime.now(UTC).isoformat()
        body = [{"labels": labels, "annotations": {}, "startsAt": now} for labels in alerts]
        httpx.post(f"{self.alertmanager.url}/api/v2/alerts", json=body, timeout=10).raise_for_status()

    def state(self, alertname: str, stream: str) -> str:
        """`active` or `suppressed`, once Alertmanager has decided."""
        return str(until(lambda: self._decided(alertname, stream))["status"]["state"])

    def _decided(self, alertname: str, stream: str) -> dict[str, Any] | None:
        found = self.alertmanager.alerts(alertname, stream)
        return found[0] if found and found[0]["status"]["state"] != "unprocessed" else None


def configured(name: str, replacements: dict[str, str]) -> str:
    """A file of config/ with the addresses and paths of this test."""
    text = (REPOSITORY / "config" / name).read_text(encoding="utf-8")
    for old, new in replacements.items():
        assert old in text, f"{name} no longer names {old}"
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("told")
    (folder / "token").write_text(TOKEN)
    receiver = AlertReceiver(TOKEN)
    said = {
        "127.0.0.1:8780": f"127.0.0.1:{receiver.port}",
        "../.streamwatch/secrets/api_token": str(folder / "token"),
    }
    alertmanager = Alertmanager(folder / "alertmanager", free_port(), configured("alertmanager.yml", said))
    try:
        yield Told(alertmanager, receiver)
    finally:
        alertmanager.stop()
        receiver.close()


def alert(alertname: str, stream: str, hop: str, severity: str, **labels: str) -> dict[str, str]:
    return {"alertname": alertname, "stream": stream, "hop": hop, "severity": severity, **INTERRUPTION, **labels}


@pytest.mark.parametrize("severity", ["P0", "P1", "P2"])
@pytest.mark.parametrize(
    ("cause", "hop", "explained", "its_hop"),
    [
        ("EncoderStopped", "encoder", "UplinkLoss", "uplink"),
        ("EncoderFrozen", "encoder", "StreamNotPublishing", "ingest"),
        ("UplinkDown", "uplink", "PlaybackStalled", "playback"),
        ("IngestRejects", "ingest", "PlaybackUnreachable", "playback"),
        ("PlaybackStalled", "playback", "PictureFrozen", "picture"),
        ("PictureBlack", "picture", "ComplaintSpike", "audience"),
    ],
)
def test_an_interruption_explains_what_comes_after_it_however_urgent(
    told: Told, severity: str, cause: str, hop: str, explained: str, its_hop: str
) -> None:
    """In a rehearsal the cause is a P2, and the hops after it are silent all the same."""
    stream = f"{cause}-{severity}"
    told.post(alert(cause, stream, hop, severity), alert(explained, stream, its_hop, severity))
    assert told.state(explained, stream) == "suppressed"
    assert told.state(cause, stream) == "active"
    until(lambda: told.receiver.of(cause, stream, "firing"))
    assert told.receiver.of(explained, stream) == []


def test_a_frozen_encoder_leaves_the_way_up_to_be_told(told: Told) -> None:
    """It may be the line that is dead, whatever the encoder seems to do."""
    told.post(
        alert("EncoderFrozen", "line", "encoder", "P0"),
        alert("UplinkDown", "line", "uplink", "P0"),
        alert("HostUnreachable", "line", "uplink", "P1", procedure="infrastructure", host="router"),
        alert("CertificateLastDays", "line", "uplink", "P1", procedure="infrastructure", host="router"),
    )
    assert told.state("UplinkDown", "line") == "active"
    assert told.state("HostUnreachable", "line") == "suppressed"
    assert told.state("CertificateLastDays", "line") == "active"


def test_a_degraded_hop_explains_nothing(told: Told) -> None:
    """A low bitrate, a lost backup and a stalled variant must not hide that viewers see nothing."""
    told.post(
        alert("BitrateLow", "degraded", "uplink", "P1"),
        alert("BackupLost", "degraded", "ingest", "P2"),
        alert("VariantStalled", "degraded", "playback", "P1"),
        alert("PictureBlack", "degraded", "picture", "P0"),
    )
    assert told.state("PictureBlack", "degraded") == "active"


def test_a_violation_is_told_during_an_interruption(told: Told) -> None:
    """Who cuts the stream because of it makes the interruption; the complaints about that join it."""
    told.post(
        alert("EncoderStopped", "cut", "encoder", "P0"),
        alert("ViolationHint", "cut", "audience", "P1", procedure="content_violation"),
        alert("CutByPlatform", "cut", "ingest", "P0", procedure="content_violation"),
        alert("ComplaintSpike", "cut", "audience", "P1", procedure="viewer_complaints", category="access"),
    )
    assert told.state("ViolationHint", "cut") == "active"
    assert told.state("CutByPlatform", "cut") == "active"
    assert told.state("ComplaintSpike", "cut") == "suppressed"


def test_an_exporter_that_is_down_explains_only_what_it_looked_at_itself(told: Told) -> None:
    """Another one still looks: what that one cannot see has another cause, and somebody must hear of it."""
    told.post(
        alert("ExporterDown", "all", "monitoring", "P1", procedure="monitoring", instance="exporter-1"),
        alert("StreamProbeBlind", "first", "ingest", "P1", server="studio", instance="exporter-1"),
        alert("StreamProbeBlind", "second", "ingest", "P1", server="other", instance="exporter-2"),
    )
    assert told.state("StreamProbeBlind", "first") == "suppressed"
    assert told.state("StreamProbeBlind", "second") == "active"
    until(lambda: told.receiver.of("StreamProbeBlind", "second", "firing"))
    assert told.receiver.of("StreamProbeBlind", "first") == []


def test_another_stream_is_not_explained(told: Told) -> None:
    """Two rooms share nothing but the alert's name."""
    told.post(alert("EncoderStopped", "one", "encoder", "P0"), alert("PictureBlack", "two", "picture", "P0"))
    assert told.state("PictureBlack", "two") == "active"


def show_phase(page: MetricsPage, stream: str, now: str) -> None:
    """All five, as the receiver tells them."""
    for phase in PHASES:
        page.set(f'streamwatch_session_phase{{stream="{stream}",phase="{phase}"}}', int(phase == now))


def publishing(page: MetricsPage, prometheus: Prometheus, stream: str, value: int) -> None:
    """The server says so, and Prometheus has seen it."""
    series = f'streamwatch_ingest_publishing{{stream="{stream}",server="studio",app="live"}}'
    page.set(series, value)
    until(lambda: prometheus.value(series) == value)


def severities(prometheus: Prometheus, alertname: str, stream: str) -> list[str]:
    """Of what fires now."""
    wanted = {"alertname": alertname, "stream": stream}.items()
    return sorted(
        each["labels"]["severity"]
        for each in prometheus.get("alerts")["alerts"]
        if wanted <= each["labels"].items() and each["state"] == "firing"
    )


def test_the_same_fault_off_air_in_a_rehearsal_and_on_air(tmp_path: Path) -> None:
    """Nobody is called off air, a rehearsal is a P2, and it is raised to a P0 when the show comes near."""
    page, calendar, port = MetricsPage(), MetricsPage(), free_port()  # of the exporter, and of the receiver
    here = {
        "../alert_rules": str(REPOSITORY / "alert_rules"),
        "127.0.0.1:9780": f"127.0.0.1:{page.port}",
        "127.0.0.1:9090": f"127.0.0.1:{port}",
        "127.0.0.1:9093": f"127.0.0.1:{free_port()}",
        "127.0.0.1:8780": f"127.0.0.1:{calendar.port}",
    }
    streams = {"asleep": "off_air", "trying": "rehearsal", "live": "on_air"}
    for stream, phase in streams.items():
        show_phase(calendar, stream, phase)
    prometheus = Prometheus(tmp_path / "prometheus", port, configured("prometheus.yml", here))
    try:
        for stream in (*streams, "unplanned"):
            publishing(page, prometheus, stream, 1)
        # The receiver is scraped less often than the exporter.
        until(lambda: prometheus.value('stream:off_air:bool{stream="asleep"}') == 1, 30)
        for stream in (*streams, "unplanned"):
            publishing(page, prometheus, stream, 0)
        until(lambda: severities(prometheus, "StreamNotPublishing", "unplanned") == ["P0"], 30)
        until(lambda: severities(prometheus, "StreamNotPublishing", "live") == ["P0"])
        until(lambda: severities(prometheus, "StreamNotPublishing", "trying") == ["P2"])
        assert prometheus.states("StreamNotPublishing", "asleep") == []

        show_phase(calendar, "trying", "before")
        until(lambda: severities(prometheus, "StreamNotPublishing", "trying") == ["P0", "P2"], 30)
        until(lambda: severities(prometheus, "StreamNotPublishing", "trying") == ["P0"], 30)

        # An interruption goes on in full while people pack up, and is over when the room is off air.
        show_phase(calendar, "live", "after")
        until(lambda: prometheus.value('stream:severity_steps:now{stream="live"}') == 2, 30)
        assert severities(prometheus, "StreamNotPublishing", "live") == ["P0"]
        show_phase(calendar, "live", "off_air")
        until(lambda: severities(prometheus, "StreamNotPublishing", "live") == [], 40)
    finally:
        prometheus.stop()
        page.close()
        calendar.close()
