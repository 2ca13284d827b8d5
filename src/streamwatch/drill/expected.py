"""What each fault must lead to: one incident, its hop, severity, role, step and time. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from streamwatch.language import Text

P0_WITHIN = 12.0  # seconds from the fault to the page

Place = Literal["demo", "stage", "all"]

_SENDS = (
    'max(streamwatch_ingest_publishing{stream="STREAM"}) == 1 '
    'and on () sum(increase(streamwatch_ingest_received_bytes_total{stream="STREAM"}[5s])) > 0'
)
_PLAYS = f'{_SENDS} and on () min(streamwatch_probe_up{{probe="hls", stream="STREAM"}}) == 1'
_SEEN = f'{_PLAYS} and on () max(streamwatch_video_black{{stream="STREAM"}}) == 0'
_USUAL = f'{_SENDS} and on () stream:usual_received_bytes:rate5s{{stream="STREAM"}} > 0'
_WATCHED = f'{_SENDS} and on () min_over_time(stream:viewers:sum{{stream="STREAM"}}[20s]) > 100'
_CALM = f'{_PLAYS} unless on () count_over_time(stream:interrupted:bool{{stream="STREAM"}}[2m])'
_HEARD = 'count(ALERTS{alertname="Watchdog"}) and on () min(up{job="streamwatch"}) == 1'


@dataclass(frozen=True)
class Expected:
    """What a fault must lead to. *within*: seconds to the page, as its rule says; *ready*: PromQL that is true
    before the fault, and again after it; *mend_on*: when it is repaired, for without a receiver nobody is paged.
    """

    hops: frozenset[str]
    procedure: str
    severity: str
    role: str
    steps: frozenset[str]
    within: float = P0_WITHIN
    place: Place = "stage"
    ready: str = _PLAYS
    mend_on: Literal["page", "alert"] = "page"


def _one(hop: str, procedure: str, severity: str, role: str, step: str, **more: object) -> Expected:
    return Expected(frozenset({hop}), procedure, severity, role, frozenset({step}), **more)  # type: ignore[arg-type]  # each is a field


_CUT, _SITE, _SELF, _SAID = "stream_interruption", "infrastructure", "monitoring", "viewer_complaints"

EXPECTED: Mapping[str, Expected] = {
    "encoder_crash": _one("ingest", _CUT, "P0", "tech", "publisher-gone", place="demo", ready=_SENDS),
    "encoder_hang": _one("encoder", _CUT, "P0", "tech", "encoder-frozen", place="demo", ready=_SENDS),
    "obs_stop": _one("encoder", _CUT, "P0", "tech", "encoder-stopped",
                     ready=f'{_SENDS} and on () max(obs_streaming{{stream="STREAM"}}) == 1'),
    "black_picture": _one("picture", _CUT, "P0", "tech", "picture-black", ready=_SEEN),
    "frozen_picture": _one("picture", _CUT, "P1", "tech", "picture-frozen", within=40, ready=_SEEN),
    "silent_audio": _one("picture", _CUT, "P1", "tech", "sound-silent", within=30, ready=_SEEN),
    "low_bitrate": _one("uplink", _CUT, "P1", "tech", "bitrate-low", within=35, ready=_USUAL),
    "ingest_down": _one("ingest", _CUT, "P0", "tech", "ingest-down", place="demo"),
    "playlist_stall": _one("playback", _CUT, "P0", "tech", "playback-stalled"),
    "segments_missing": _one("playback", _CUT, "P1", "tech", "segments-failing", within=45),
    "slow_segments": _one("playback", _CUT, "P1", "tech", "playback-slow", within=45),
    "packet_loss": _one("uplink", _SITE, "P1", "tech", "uplink-loss", within=75,
                        ready=f'{_SENDS} and on () max(stream_host:ping_loss:ratio30s{{stream="STREAM"}}) < 0.01'),
    "complaint_storm": _one("audience", _SAID, "P1", "service", "complaint-lag", within=20, place="demo",
                            ready=_CALM),
    "viewer_drop": _one("audience", _SAID, "P2", "ops", "viewers-leaving", within=40, ready=_WATCHED),
    "exporter_down": _one("monitoring", _SELF, "P1", "tech", "exporter-down", within=25, place="all",
                          ready='min(up{job="streamwatch-exporter"}) == 1'),
    # Nobody but the receiver can tell: it looks at both each second.
    "prometheus_down": _one("monitoring", _SELF, "P0", "tech", "prometheus-gone", place="all", ready=_HEARD),
    "alertmanager_down": _one("monitoring", _SELF, "P0", "tech", "alertmanager-gone", place="all", ready=_HEARD),
    # Told as soon as it is back.
    "receiver_down": _one("monitoring", _SELF, "P1", "tech", "alertmanager-failing", within=90, place="all",
                          ready=_HEARD, mend_on="alert"),
    "disk_full": _one("system", _SITE, "P0", "tech", "disk-full", place="all",
                      ready="max(stream_instance_mountpoint:disk_free:ratio) > 0.5"),
    "certificate_expiring": _one("uplink", _SITE, "P2", "tech", "certificate-expiring", within=30,
                                 ready='min(streamwatch_tls_cert_expiry_timestamp_seconds{host="drill-tls"}) '
                                       '- time() > 30 * 86400'),
}  # fmt: skip


# What a machine must have for it, whether or not this one has it.
_ROOT = Text("需要 root", "needs root")
NEEDS: Mapping[str, Text] = {
    "obs_stop": Text("需要 OBS Studio", "needs OBS Studio"),
    "packet_loss": _ROOT,
    "disk_full": _ROOT,
}


def place_of(fault: str) -> str:
    """The stream on which a fault is played unless another is named."""
    place = EXPECTED[fault].place
    return f"drill-{fault.replace('_', '-')}" if place == "stage" else place
