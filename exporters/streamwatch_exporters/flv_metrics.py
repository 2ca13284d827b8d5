"""The metrics of streams that are read as HTTP-FLV. Ages are computed when the page is made."""

import asyncio
from collections.abc import Iterator

from prometheus_client import Metric

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.flv import FlvConnection, FlvSettings, flv_connection
from streamwatch_exporters.flv_state import MEDIA, FlvReading
from streamwatch_exporters.flv_watcher import FlvWatcher
from streamwatch_exporters.page import Histograms
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.reader_metrics import (
    BYTES,
    CONNECTED,
    FIRST_FRAME,
    HANDSHAKE,
    LAST_PACKET_AGE,
    PACKETS,
    RECONNECTS,
)
from streamwatch_exporters.repeating import Declared
from streamwatch_exporters.watching import Family, OneLook, Tools

_FLV = "flv"
_FRAME_RATE = Declared(
    "streamwatch_media_frame_rate", "Frames per second of the stream's own time. 帧率", ("media",)
)
_AV_OFFSET = Declared(
    "streamwatch_media_av_offset_seconds", "Timestamps of audio ahead of video on arrival. 音画时间戳之差"
)
_JUMPS = Declared(
    "streamwatch_media_timestamp_jumps",
    "Steps of timestamps back, or ahead by more than 1 s. 时间戳跳变次数",
    ("media", "direction"),
    counter=True,
)
_INFO = Declared(
    "streamwatch_media_info",
    "What the codecs declare. 编码参数",
    ("media", "codec", "profile", "level", "resolution", "sample_rate", "channels"),
)
_KEYFRAMES = "streamwatch_media_keyframe_interval_seconds"

Rows = list[tuple[str, FlvReading]]


class FlvFamily(Family[FlvWatcher]):
    """Every HTTP-FLV stream, rendered as it is known at this moment."""

    def open(self, id_: str, settings: FlvSettings, tools: Tools) -> FlvWatcher:
        return FlvWatcher(id_, settings, tools)

    def timeout(self, settings: FlvSettings) -> float:
        return settings.timeout

    def collect(self) -> Iterator[Metric]:
        watchers = list(self.watchers.items())
        rows = [(id_, watcher.reading) for id_, watcher in watchers]
        reconnects = RECONNECTS.family("stream")
        for id_, watcher in watchers:
            for reason, count in watcher.reconnects.items():
                reconnects.add_metric([id_, _FLV, reason], count)
        yield reconnects
        yield from _connections(rows)
        yield from _packets(rows, self.clock.steady())
        yield from _essence(rows, self.clock.steady())

    async def look_once(self, id_: str, tools: Tools) -> OneLook:
        """Pull until the first frame, on a connection of its own."""
        settings, reading, started = self.watchers[id_].settings, FlvReading(), tools.clock.steady()
        answer, text = Answer.OK, "audio or video comes"
        async with flv_connection(tools.session, settings) as connection:
            try:
                async with asyncio.timeout(0.9 * settings.timeout):
                    await _first_frame(connection, reading, tools.clock, started)
            except TimeoutError as exc:
                if not connection.understood:
                    raise ProbeFailed("timeout", "connected, but nothing came that is FLV") from exc
                answer, text, reading.connected = Answer.BAD, "no audio or video in time", False
        rows = [(id_, reading)]
        return OneLook(answer, (text,), (*_connections(rows), _info(rows)))


async def _first_frame(connection: FlvConnection, reading: FlvReading, clock: Clock, started: float) -> None:
    while not reading.connected:
        for tag in await connection.tags(1.0):
            if reading.take(tag, clock.steady()):
                reading.connected = True
                reading.first_frame = clock.steady() - started
        if connection.understood and reading.handshake is None:
            reading.handshake = clock.steady() - started


def _connections(rows: Rows) -> Iterator[Metric]:
    handshake, first_frame, connected = (each.family("stream") for each in (HANDSHAKE, FIRST_FRAME, CONNECTED))
    for id_, reading in rows:
        for family, value in (
            (handshake, reading.handshake),
            (first_frame, reading.first_frame),
            (connected, reading.connected),
        ):
            if value is not None:
                family.add_metric([id_, _FLV], float(value))
    yield from (handshake, first_frame, connected)


def _packets(rows: Rows, now: float) -> Iterator[Metric]:
    size, packets, age, jumps = (each.family("stream") for each in (BYTES, PACKETS, LAST_PACKET_AGE, _JUMPS))
    for id_, reading in rows:
        for media, track in reading.tracks.items():
            size.add_metric([id_, media], track.size)
            packets.add_metric([id_, media], track.packets)
            if track.last_at is not None:
                age.add_metric([id_, media], now - track.last_at)
            for direction, count in track.jumps.items():
                jumps.add_metric([id_, media, direction], count)
    yield from (size, packets, age, jumps)


def _essence(rows: Rows, now: float) -> Iterator[Metric]:
    rate, offset = _FRAME_RATE.family("stream"), _AV_OFFSET.family("stream")
    keyframes = Histograms(
        _KEYFRAMES, "From keyframe to keyframe in the stream's own time. 关键帧间隔", labels=["stream"]
    )
    for id_, reading in rows:
        if (value := reading.frame_rate(now)) is not None:
            rate.add_metric([id_, "video"], value)
        if (value := reading.av_offset) is not None:
            offset.add_metric([id_], value)
        keyframes.add_buckets([id_], reading.keyframe_intervals)
    yield from (rate, offset, keyframes, _info(rows))


def _info(rows: Rows) -> Metric:
    family = _INFO.family("stream")
    for id_, reading in rows:
        for media in MEDIA:
            if (info := reading.info(media)) is not None:
                labels = (info.codec, info.profile, info.level, info.resolution, info.sample_rate, info.channels)
                family.add_metric([id_, media, *labels], 1)
    return family
