"""The `obs_*` metrics. Without our prefix: people know these names from the exporter that runs inside of OBS."""

import asyncio
from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from streamwatch_exporters.fetching import translated_errors
from streamwatch_exporters.obs import ObsSettings, look, look_at_version, ws_url
from streamwatch_exporters.obs_watcher import ObsWatcher
from streamwatch_exporters.obs_websocket import Data, Events, connected
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.repeating import Declared, Key, Values
from streamwatch_exporters.watching import Family, OneLook, Tools

_OUTPUT = ("output_id", "output_name")

_DECLARED = (
    Declared("obs_up", "1 connected and identified, 0 not. 1 已连上 OBS 并通过认证"),
    Declared("obs_info", "Versions of OBS. OBS 版本", ("obs_version", "websocket_version", "platform")),
    Declared("obs_streaming", "1 OBS says that it streams. 1 OBS 正在推流"),
    Declared("obs_recording", "1 OBS says that it records. 1 OBS 正在录制"),
    Declared("obs_recording_paused", "1 the recording is paused. 1 录制已暂停"),
    Declared("obs_global_active_fps", "Frames drawn per second. 实际帧率"),
    Declared("obs_average_frame_render_seconds", "To draw one frame. 每帧渲染耗时"),
    Declared("obs_cpu_usage_ratio", "Of all cores, by OBS. OBS 占用 CPU 的比例"),
    Declared("obs_memory_bytes", "Memory of OBS. OBS 占用内存"),
    Declared("obs_disk_available_bytes", "Free where recordings go. 录制盘剩余空间"),
    Declared("obs_global_frames", "Frames to draw. 渲染总帧数", counter=True),
    Declared("obs_global_lagged_frames", "Frames drawn too late: graphics. 渲染延迟丢帧（显卡）", counter=True),
    Declared("obs_global_video_frames", "Frames to encode. 编码总帧数", counter=True),
    Declared("obs_global_video_skipped_frames", "Frames not encoded: processor. 编码跳帧（CPU）", counter=True),
    Declared("obs_output_active", "1 the output runs. 1 输出正在运行", _OUTPUT),
    Declared("obs_output_reconnecting", "1 the output reconnects. 1 输出正在重连", _OUTPUT),
    Declared("obs_output_congestion", "0 free to 1 blocked; RTMP only. 拥塞程度，仅 RTMP", _OUTPUT),
    Declared("obs_output_duration_seconds", "Since the output started. 输出时长", _OUTPUT),
    Declared("obs_output_bytes", "Bytes put out since the start. 输出字节", _OUTPUT, counter=True),
    Declared("obs_output_frames", "Frames put out since the start. 输出帧数", _OUTPUT, counter=True),
    Declared("obs_output_dropped_frames", "Frames dropped: network. 网络丢帧", _OUTPUT, counter=True),
    Declared("obs_output_reconnects", "Times the stream output lost its server. 推流重连次数", counter=True),
    Declared("obs_output_events", "Starts and stops, told by OBS. 启停事件", ("output", "event"), counter=True),
    Declared("obs_scene_info", "The scene on air. 当前场景", ("scene",)),
    Declared("obs_input_muted", "1 the input is muted. 1 输入已静音", ("input",)),
    Declared("obs_input_level_dbfs", "Loudest peak of 5 s, -100 silence. 5 秒内最大电平", ("input", "channel")),
    Declared("obs_program_luma_ratio", "Brightness of the program, 0 to 1. 节目画面亮度"),
    Declared("obs_program_difference_ratio", "Change since the last picture, 0 to 1. 与上一张画面的差异"),
)


class ObsFamily(Family[ObsWatcher]):
    """Every OBS, rendered as it is known at this moment."""

    def open(self, id_: str, settings: ObsSettings, tools: Tools) -> ObsWatcher:
        return ObsWatcher(id_, settings, tools)

    def collect(self) -> Iterator[Metric]:
        return _rendered([(id_, _told(watcher)) for id_, watcher in list(self.watchers.items())])

    def timeout(self, settings: ObsSettings) -> float:
        return 2 * settings.timeout  # to connect, then to look

    async def look_once(self, id_: str, tools: Tools) -> OneLook:
        settings = self.watchers[id_].settings
        try:
            answer, text, values = await self._look(settings, tools)
        except ProbeFailed as failure:  # that it is not there is known, as on the page of all metrics
            answer, text, values = Answer.CANNOT_TELL, str(failure), {("obs_up",): 0.0}
        return OneLook(answer, (text,), tuple(_rendered([(id_, values)])))

    async def _look(self, settings: ObsSettings, tools: Tools) -> tuple[Answer, str, Values]:
        async with connected(
            tools.session,
            ws_url(settings.address),
            settings.password,
            events=Events(0),
            on_event=_ignored,
            within=settings.timeout,
        ) as connection:
            with translated_errors():
                async with asyncio.timeout(settings.timeout):
                    version = await look_at_version(connection)
                    seen = await look(connection, screenshot=False)
        answer, text = seen.described()
        return answer, text, {("obs_up",): 1.0, **version, **seen.values}


def _ignored(kind: str, data: Data) -> None:
    """One look asks for no events."""


def _told(watcher: ObsWatcher) -> Values:
    """Counters stay while OBS is away, for they tell of the past; everything else does not."""
    told: dict[Key, float] = dict(watcher.counts)
    if watcher.up is not None:
        told["obs_up",] = float(watcher.up)
    if watcher.values is not None:
        told.update(watcher.values)
    for (name, channel), level in watcher.levels.values().items():
        told["obs_input_level_dbfs", name, channel] = level
    return told


def _rendered(told: Iterable[tuple[str, Values]]) -> Iterator[Metric]:
    told = list(told)
    for declared in _DECLARED:
        family = declared.family("stream")
        for id_, values in told:
            for (name, *labels), value in values.items():
                if name == declared.name:
                    family.add_metric([id_, *labels], value)
        yield family
