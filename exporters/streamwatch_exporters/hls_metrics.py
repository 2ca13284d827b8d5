"""The `streamwatch_hls_*` metrics. Ages are computed when the page is made, not when a playlist was read."""

from collections.abc import Callable, Iterator

from prometheus_client import Metric

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.hls import HlsSettings, look_once
from streamwatch_exporters.hls_detail_metrics import Row, detail_metrics, known
from streamwatch_exporters.hls_playlist import MediaPlaylist, Variant
from streamwatch_exporters.hls_watcher import HlsWatcher, Turns
from streamwatch_exporters.page import Counters, Gauges, Histograms
from streamwatch_exporters.watching import Family, OneLook, Tools

_PLAYLIST_LABELS = ["stream", "variant", "rendition"]


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
        rows = [
            Row(watcher, id_, watched, (watcher.stream, id_.variant, id_.rendition))
            for watcher in watchers
            for id_, watched in list(watcher.playlists.items())
        ]
        yield from self._ages(rows)
        yield from _facts(rows)
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
        age.add_column(known((labels, watched.state.age(now)) for _, _, watched, labels in rows))
        ratio.add_column(known((labels, watched.state.stall_ratio(now)) for _, _, watched, labels in rows))
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


def _facts(rows: list[Row]) -> Iterator[Metric]:
    """A playlist that could not be read last time exports none of what stood in it before."""
    read = [
        (labels, watched.state.playlist) for _, _, watched, labels in rows if watched.up and watched.state.playlist
    ]
    for name, (text, value_of) in _FACTS.items():
        family = _gauge(name, text, _PLAYLIST_LABELS)
        family.add_column(known((labels, value_of(playlist)) for labels, playlist in read))
        yield family


def _violations(rows: list[Row]) -> Metric:
    text = "Times a playlist began to break a rule. 播放列表违规次数"
    family = _counter("violations", text, [*_PLAYLIST_LABELS, "rule"])
    for _, _, watched, labels in rows:
        family.add_counts(labels, watched.state.violations)
    return family


def _variants(watchers: list[HlsWatcher], rows: list[Row]) -> Iterator[Metric]:
    listed = _gauge("variants", "Variants listed. 码率档数", ["stream"])
    up = _gauge("variants_up", "Variants whose playlist answers. 可用码率档数", ["stream"])
    tried = [(each.labels, variants) for each in watchers if (variants := _tried(each))]
    listed.add_column([(labels, len(variants)) for labels, variants in tried])
    up.add_column([(labels, variants.count(True)) for labels, variants in tried])
    info = _gauge(
        "variant_info",
        "What the master declares of a variant. 码率档参数",
        ["stream", "variant", "resolution", "codecs", "frame_rate"],
    )
    declared = _gauge("variant_bandwidth_bytes_per_second", "BANDWIDTH ÷ 8. 声明的码率", ["stream", "variant"])
    said = [(row.labels[:2], row.watched.variant) for row in rows if row.watched.variant is not None]
    info.add_column([((*labels, *_described(variant)), 1) for labels, variant in said])
    declared.add_column([(labels, variant.bandwidth / 8) for labels, variant in said])
    yield from (listed, up, info, declared)


def _tried(watcher: HlsWatcher) -> list[bool | None]:
    """Which variants answer; none of them when none was looked at yet."""
    variants = [watched.up for id_, watched in list(watcher.playlists.items()) if id_.variant]
    return variants if variants.count(None) < len(variants) else []


def _described(variant: Variant) -> tuple[str, ...]:
    return variant.resolution[:64], variant.codecs[:64], variant.frame_rate[:64]


def _downloads(rows: list[Row]) -> Iterator[Metric]:
    names = ["stream", "variant"]
    ratio = _gauge("download_ratio", "Download time ÷ media duration, last segment. 下载耗时与时长之比", names)
    bandwidth = _gauge("measured_bandwidth_bytes_per_second", "Bytes ÷ duration, last segment. 实测码率", names)
    ratio.add_column(known((row.labels[:2], row.watched.download.ratio) for row in rows))
    bandwidth.add_column(known((row.labels[:2], row.watched.download.bandwidth) for row in rows))
    yield ratio
    yield bandwidth


def _segments(watchers: list[HlsWatcher]) -> Iterator[Metric]:
    requests = _counter("segment_requests", "Segments asked for. 请求的切片数", ["stream"])
    size = _counter("segment_bytes", "Bytes of segments received. 切片字节数", ["stream"])
    failures = _counter("segment_failures", "Segments that did not come. 切片失败数", ["stream", "code_class"])
    fetching = [watcher for watcher in watchers if watcher.settings.segments]
    requests.add_column([(watcher.labels, watcher.segments.requests) for watcher in fetching])
    size.add_column([(watcher.labels, watcher.segments.size) for watcher in fetching])
    for watcher in fetching:
        failures.add_counts(watcher.labels, watcher.segments.failures)
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
            playlists.add_buckets([watcher.stream, kind], buckets)
        for family, each in ((ttfb, watcher.times.ttfb), (segments, watcher.times.segments)):
            if each is not None:
                family.add_buckets(watcher.labels, each)
    yield from (playlists, ttfb, segments)
