"""The `streamwatch_hls_*` metrics. Ages are computed when the page is made, not when a playlist was read."""

from collections.abc import Callable, Iterator

from prometheus_client import Metric

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.hls import HlsSettings, look_once
from streamwatch_exporters.hls_detail_metrics import detail_metrics
from streamwatch_exporters.hls_identity import PlaylistId
from streamwatch_exporters.hls_playlist import MediaPlaylist
from streamwatch_exporters.hls_watched import WatchedPlaylist
from streamwatch_exporters.hls_watcher import HlsWatcher, Turns
from streamwatch_exporters.page import Counters, Gauges, Histograms
from streamwatch_exporters.watching import Family, OneLook, Tools

_PLAYLIST_LABELS = ["stream", "variant", "rendition"]

Row = tuple[HlsWatcher, PlaylistId, WatchedPlaylist]


class HlsFamily(Family[HlsWatcher]):
    """Every HLS stream, rendered as it is known at this moment."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._turns = Turns()

    def open(self, id_: str, settings: HlsSettings, tools: Tools) -> HlsWatcher:
        return HlsWatcher(id_, settings, tools, self._turns)

    def timeout(self, settings: HlsSettings) -> float:
        return 2 * settings.timeout  # master, then media

    async def look_once(self, id_: str, tools: Tools) -> OneLook:
        return await look_once(tools.session, self.watchers[id_].settings)

    def collect(self) -> Iterator[Metric]:
        watchers = list(self.watchers.values())
        rows = [(watcher, id_, watched) for watcher in watchers for id_, watched in list(watcher.playlists.items())]
        yield from self._ages(rows)
        for name, (text, value_of) in _FACTS.items():
            yield _facts(name, text, value_of, rows)
        yield _violations(rows)
        yield from _variants(watchers, rows)
        yield from _downloads(rows)
        yield from _segments(watchers)
        yield from _times(watchers)
        yield from detail_metrics(watchers, rows, self.clock)

    def _ages(self, rows: list[Row]) -> Iterator[Metric]:
        now = self.clock.steady()
        age = _gauge("playlist_age_seconds", "Since this playlist advanced. 播放列表多久没有更新", _PLAYLIST_LABELS)
        ratio = _gauge("stall_ratio", "Playlist age ÷ target duration. 停更时长与目标时长之比", _PLAYLIST_LABELS)
        for watcher, id_, watched in rows:
            _add(age, _labels(watcher, id_), watched.state.age(now))
            _add(ratio, _labels(watcher, id_), watched.state.stall_ratio(now))
        yield age
        yield ratio


def _whole_duration(playlist: MediaPlaylist) -> float | None:
    """A delta update does not say how long the segments last that it leaves out."""
    return None if playlist.skipped else playlist.duration


_FACTS: dict[str, tuple[str, Callable[[MediaPlaylist], float | None]]] = {
    "media_sequence": ("EXT-X-MEDIA-SEQUENCE. 首个切片序号", lambda playlist: playlist.media_sequence),
    "discontinuity_sequence": ("EXT-X-DISCONTINUITY-SEQUENCE. 断点序号", lambda p: p.discontinuity_sequence),
    "segments": ("Segments listed. 列出的切片数", lambda playlist: len(playlist.segments) + playlist.skipped),
    "target_duration_seconds": ("EXT-X-TARGETDURATION. 目标时长", lambda playlist: playlist.target_duration),
    "playlist_duration_seconds": ("Sum of EXTINF. 列出的总时长", _whole_duration),
}


def _gauge(name: str, text: str, labels: list[str]) -> Gauges:
    return Gauges(f"streamwatch_hls_{name}", text, labels=labels)


def _counter(name: str, text: str, labels: list[str]) -> Counters:
    return Counters(f"streamwatch_hls_{name}", text, labels=labels)


def _labels(watcher: HlsWatcher, id_: PlaylistId) -> list[str]:
    return [watcher.stream, id_.variant, id_.rendition]


def _add(family: Gauges, labels: list[str], value: float | None) -> None:
    if value is not None:
        family.add_metric(labels, value)


def _facts(name: str, text: str, value_of: Callable[[MediaPlaylist], float | None], rows: list[Row]) -> Metric:
    """A playlist that could not be read last time exports none of what stood in it before."""
    family = _gauge(name, text, _PLAYLIST_LABELS)
    for watcher, id_, watched in rows:
        if watched.up and watched.state.playlist is not None:
            _add(family, _labels(watcher, id_), value_of(watched.state.playlist))
    return family


def _violations(rows: list[Row]) -> Metric:
    text = "Times a playlist began to break a rule. 播放列表违规次数"
    family = _counter("violations", text, [*_PLAYLIST_LABELS, "rule"])
    for watcher, id_, watched in rows:
        family.add_counts(_labels(watcher, id_), watched.state.violations)
    return family


def _variants(watchers: list[HlsWatcher], rows: list[Row]) -> Iterator[Metric]:
    listed = _gauge("variants", "Variants listed. 码率档数", ["stream"])
    up = _gauge("variants_up", "Variants whose playlist answers. 可用码率档数", ["stream"])
    for watcher in watchers:
        mine = [watched for id_, watched in list(watcher.playlists.items()) if id_.variant]
        if mine and any(watched.up is not None for watched in mine):
            listed.add_metric([watcher.stream], len(mine))
            up.add_metric([watcher.stream], sum(bool(watched.up) for watched in mine))
    info = _gauge(
        "variant_info",
        "What the master declares of a variant. 码率档参数",
        ["stream", "variant", "resolution", "codecs", "frame_rate"],
    )
    declared = _gauge("variant_bandwidth_bytes_per_second", "BANDWIDTH ÷ 8. 声明的码率", ["stream", "variant"])
    for watcher, id_, watched in rows:
        variant = watched.variant
        if variant is not None:
            described = (variant.resolution, variant.codecs, variant.frame_rate)
            info.add_metric([watcher.stream, id_.variant, *(text[:64] for text in described)], 1)
            declared.add_metric([watcher.stream, id_.variant], variant.bandwidth / 8)
    yield from (listed, up, info, declared)


def _downloads(rows: list[Row]) -> Iterator[Metric]:
    names = ["stream", "variant"]
    ratio = _gauge("download_ratio", "Download time ÷ media duration, last segment. 下载耗时与时长之比", names)
    bandwidth = _gauge("measured_bandwidth_bytes_per_second", "Bytes ÷ duration, last segment. 实测码率", names)
    for watcher, id_, watched in rows:
        _add(ratio, [watcher.stream, id_.variant], watched.download.ratio)
        _add(bandwidth, [watcher.stream, id_.variant], watched.download.bandwidth)
    yield ratio
    yield bandwidth


def _segments(watchers: list[HlsWatcher]) -> Iterator[Metric]:
    requests = _counter("segment_requests", "Segments asked for. 请求的切片数", ["stream"])
    size = _counter("segment_bytes", "Bytes of segments received. 切片字节数", ["stream"])
    failures = _counter("segment_failures", "Segments that did not come. 切片失败数", ["stream", "code_class"])
    for watcher in watchers:
        counts = watcher.segments
        if not watcher.settings.segments:
            continue
        requests.add_metric([watcher.stream], counts.requests)
        size.add_metric([watcher.stream], counts.size)
        for code_class, count in counts.failures.items():
            failures.add_metric([watcher.stream, code_class], count)
    yield from (requests, failures, size)


def _times(watchers: list[HlsWatcher]) -> Iterator[Metric]:
    playlists = Histograms(
        "streamwatch_hls_playlist_fetch_seconds", "Complete GET of a playlist. 拉取播放列表耗时", ["stream", "kind"]
    )
    ttfb = Histograms(
        "streamwatch_hls_segment_ttfb_seconds", "To the first byte of a segment. 切片首字节耗时", ["stream"]
    )
    segments = Histograms(
        "streamwatch_hls_segment_fetch_seconds", "Complete download of a segment. 切片下载耗时", ["stream"]
    )
    for watcher in watchers:
        for kind, buckets in list(watcher.times.playlists.items()):
            playlists.add_metric([watcher.stream, kind], buckets.cumulative(), buckets.sum)
        for family, each in ((ttfb, watcher.times.ttfb), (segments, watcher.times.segments)):
            if each is not None:
                family.add_metric([watcher.stream], each.cumulative(), each.sum)
    yield from (playlists, ttfb, segments)
