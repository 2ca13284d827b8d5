"""What the stage's exporter watches, and where Prometheus finds it."""

import json
from typing import Any

from streamwatch.stack.stage import WAY, Stage
from streamwatch.stack.stage.certificates import NAME

SEES = ("black_picture", "frozen_picture", "silent_audio")  # faults that only decoding shows


def streams_config(stage: Stage) -> str:
    """streams.yml: JSON is YAML, too."""
    streams = {stream: fault for fault, stream in stage.acts.items() if stream in stage.streams}
    stat = f"http://127.0.0.1:{stage.ports['http']}/stat"
    return json.dumps({
        "listen": f"127.0.0.1:{stage.ports['exporter']}",
        "chat": {"token_file": str(stage.secrets / "chat_token")},
        "servers": [{"id": "stage", "nginx_rtmp": {"url": stat, "timeout": 2.0}}],
        "hosts": _hosts(stage),
        "streams": [_stream(stage, stream, fault) for stream, fault in streams.items()],
    }, indent=2)  # fmt: skip


def _stream(stage: Stage, stream: str, fault: str) -> dict[str, Any]:
    playlist = f"http://127.0.0.1:{stage.ports['http']}/hls/{stream}.m3u8"
    found: dict[str, Any] = {
        "id": stream,
        "nginx_rtmp": {"server": "stage", "app": "live", "name": stream},
        "hls": {"url": playlist, "segments": True},
    }
    if fault in SEES:
        found["picture"] = {"url": playlist, "interval": 1, "black_seconds": 1}
    if fault == "viewer_drop":
        found["chat"] = {"quiet_after": 120}
    if fault == "obs_stop":
        password = str(stage.secrets / "obs_password")
        found["obs"] = {"address": f"127.0.0.1:{stage.ports['obs']}", "password_file": password}
    return found


def _hosts(stage: Stage) -> list[dict[str, Any]]:
    hosts: list[dict[str, Any]] = []
    if stream := stage.acts.get("packet_loss"):
        ping = {"address": WAY, "interval": 0.2, "timeout": 0.9}
        hosts.append({"id": "drill-way", "place": "provider", "streams": [stream], "ping": ping})
    if stream := stage.acts.get("certificate_expiring"):
        address, authorities = f"127.0.0.1:{stage.ports['tls']}", str(stage.folder / "authorities.pem")
        tls = {"address": address, "server_name": NAME, "ca_file": authorities, "interval": 2}
        hosts.append({"id": "drill-tls", "place": "ingest", "streams": [stream], "tls": tls})
    return hosts


def point_prometheus(stage: Stage) -> None:
    """Prometheus reads these files by itself."""
    _write(stage, "exporter", [{"targets": [f"127.0.0.1:{stage.ports['exporter']}"]}])
    if "disk_full" in stage.acts:
        _write(stage, "node", [{"targets": [f"127.0.0.1:{stage.ports['node']}"], "labels": {"host": "drill-disk"}}])


def take_away(stage: Stage) -> None:
    for name in ("exporter", "node"):
        _write(stage, name, [])


def _write(stage: Stage, name: str, targets: list[dict[str, Any]]) -> None:
    path = stage.folder / "targets" / f"{name}.yml"
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(targets))
    new.replace(path)
