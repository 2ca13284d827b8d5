"""Faults that the supervisor can make for real, and mend: one line each."""

from collections.abc import Mapping

from streamwatch.stack.faults.certificate import Expiring
from streamwatch.stack.faults.disk import Filled
from streamwatch.stack.faults.edge import Stalled, Switched
from streamwatch.stack.faults.fault import Fault, Scene
from streamwatch.stack.faults.loss import Loss
from streamwatch.stack.faults.obs import ObsStops
from streamwatch.stack.faults.people import Leave, Storm
from streamwatch.stack.faults.processes import PUBLISHER, Frozen, Killed, Sends

__all__ = ["FAULTS", "Fault", "Scene"]

FAULTS: Mapping[str, Fault] = {
    "encoder_crash": Killed(PUBLISHER),
    "encoder_hang": Frozen(),
    "obs_stop": ObsStops(),
    "black_picture": Sends("black"),
    "frozen_picture": Sends("still"),
    "silent_audio": Sends("mute"),
    "low_bitrate": Sends("thin"),
    "ingest_down": Killed("nginx", with_it=PUBLISHER, port="rtmp"),
    "playlist_stall": Stalled(),
    "segments_missing": Switched("missing"),
    "slow_segments": Switched("slow"),
    "packet_loss": Loss(),
    "complaint_storm": Storm(),
    "viewer_drop": Leave(),
    "exporter_down": Killed("exporter"),
    "prometheus_down": Killed("prometheus"),
    "alertmanager_down": Killed("alertmanager"),
    "receiver_down": Killed("receiver"),
    "disk_full": Filled(),
    "certificate_expiring": Expiring(),
}
