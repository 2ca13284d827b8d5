"""The `streamwatch_ingest_*` metrics of every kind of server, made from the last reading at scrape time.

What the last reading could not see is absent, so a server that stops answering takes its streams' values along.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from streamwatch_exporters.ingest import IngestServer, WatchedStream

_SERVER_LABELS = ["server", "kind"]
_STREAM_LABELS = ["stream", "server", "app"]
_LABEL_LENGTH = 64

Streams = list[tuple[list[str], WatchedStream]]
StreamValue = Callable[[WatchedStream], float | None]
Family = TypeVar("Family", GaugeMetricFamily, CounterMetricFamily)


class IngestMetrics(Collector):
    """Renders what `servers` last read."""

    def __init__(self, servers: dict[str, IngestServer]) -> None:
        self._servers = servers

    def collect(self) -> Iterator[Metric]:
        servers = list(self._servers.values())
        yield from _server_families(servers)
        streams = [
            ([stream, server.id, watched.settings.app], watched)
            for server in servers
            for stream, watched in list(server.streams.items())
        ]
        for name, (text, value) in _GAUGES.items():
            yield _filled(GaugeMetricFamily(name, text, labels=_STREAM_LABELS), streams, value)
        for name, (text, value) in _COUNTERS.items():
            yield _filled(CounterMetricFamily(name, text, labels=_STREAM_LABELS), streams, value)
        yield _declared(streams)


def _server_families(servers: list[IngestServer]) -> Iterable[Metric]:
    up = _server_gauge("up", "1 the statistics of the server were read. 1 读到服务器统计")
    uptime = _server_gauge("uptime_seconds", "Since the server started. 服务器运行时间")
    streams = _server_gauge("streams", "Streams with a publisher. 正在推流的路数")
    clients = _server_gauge("clients", "Connections, publishers included. 连接数（含推流端）")
    for server in servers:
        reading = server.reading
        if reading is None:
            continue
        labels = [server.id, server.kind]
        up.add_metric(labels, float(reading.page is not None))
        if reading.page is None:
            continue
        if reading.page.uptime is not None:
            uptime.add_metric(labels, reading.page.uptime)
        streams.add_metric(labels, sum(stat.publishing for stat in reading.page.streams.values()))
        if reading.page.clients is not None:
            clients.add_metric(labels, reading.page.clients)
    return up, uptime, streams, clients


def _server_gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"streamwatch_ingest_server_{name}", text, labels=_SERVER_LABELS)


def _filled(family: Family, streams: Streams, value_of: StreamValue) -> Family:
    for labels, watched in streams:
        value = value_of(watched)
        if value is not None:
            family.add_metric(labels, value)
    return family


def _declared(streams: Streams) -> Metric:
    names = [*_STREAM_LABELS, "codec", "resolution", "audio_codec"]
    family = GaugeMetricFamily(
        "streamwatch_ingest_declared_info", "What the publisher declares. 推流端声明的参数", labels=names
    )
    for labels, watched in streams:
        stat = watched.stat
        if stat is not None and stat.publishing:
            declared = (stat.codec, stat.resolution, stat.audio_codec)
            family.add_metric([*labels, *(value[:_LABEL_LENGTH] for value in declared)], 1)
    return family


def _publishing(watched: WatchedStream) -> float | None:
    return None if watched.stat is None else float(watched.stat.publishing)


def _fact(name: str) -> StreamValue:
    def value_of(watched: WatchedStream) -> float | None:
        return None if watched.stat is None else getattr(watched.stat, name)

    return value_of


_GAUGES: dict[str, tuple[str, StreamValue]] = {
    "streamwatch_ingest_publishing": (
        "1 a publisher is connected, 0 the server says there is none, absent: cannot tell. 1 有推流端连接",
        _publishing,
    ),
    "streamwatch_ingest_publish_uptime_seconds": (
        "Since the publisher connected. 推流已持续时间",
        _fact("publish_uptime"),
    ),
    "streamwatch_ingest_readers": (
        "Players, without the publisher, relays and our own probes. 观看数（不含推流端、转推与本系统的探测）",
        lambda watched: watched.readers,
    ),
    "streamwatch_ingest_av_offset_seconds": ("Audio against video as they arrive. 音画时间差", _fact("av_offset")),
}

_COUNTERS: dict[str, tuple[str, StreamValue]] = {
    "streamwatch_ingest_received_bytes": ("Bytes from the publisher. 收到的字节", _fact("received_bytes")),
    "streamwatch_ingest_sent_bytes": ("Bytes to players. 发给观看端的字节", _fact("sent_bytes")),
    "streamwatch_ingest_video_frames": ("Video frames from the publisher. 收到的视频帧", _fact("video_frames")),
    "streamwatch_ingest_dropped_frames": (
        "Frames dropped for slow players. 因观看端过慢丢弃的帧",
        lambda watched: watched.dropped,
    ),
    "streamwatch_ingest_frames_in_error": ("Frames that arrived damaged. 收到的损坏帧", _fact("frames_in_error")),
}
