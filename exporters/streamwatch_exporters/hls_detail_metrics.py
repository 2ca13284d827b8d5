"""The metrics of what `hls_details` and `hls_stream` follow: latency, marks, caches, ads, keys, low latency."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import Metric

from streamwatch_exporters.buckets import Buckets
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.hls_identity import PlaylistId
from streamwatch_exporters.hls_low_latency import LowLatency
from streamwatch_exporters.hls_stream import drift
from streamwatch_exporters.hls_watched import WatchedPlaylist
from streamwatch_exporters.hls_watcher import HlsWatcher
from streamwatch_exporters.page import Counters, Gauges, Histograms

Row = tuple[HlsWatcher, PlaylistId, WatchedPlaylist]

_PLAYLIST_LABELS = ["stream", "variant", "rendition"]


def detail_metrics(watchers: list[HlsWatcher], rows: list[Row], clock: Clock) -> Iterator[Metric]:
    yield from _latency(watchers, rows, clock.wall())
    yield from _marks(rows)
    yield from _caches(watchers)
    yield from _cdns(watchers)
    yield from _ads(watchers)
    yield from _keys(watchers)
    yield from _low_latency(rows)


def _latency(watchers: list[HlsWatcher], rows: list[Row], now: float) -> Iterator[Metric]:
    latency = Gauges(
        "streamwatch_hls_live_latency_seconds",
        "Now − PROGRAM-DATE-TIME of the live edge. 播放列表末端的直播延迟",
        labels=["stream", "variant", "source"],
    )
    for watcher, id_, watched in rows:
        edge, playlist = watched.details.edge, watched.state.playlist
        if id_.variant and watched.up and edge is not None and playlist is not None and not playlist.ended:
            theirs = now + (watcher.details.skew.seconds or 0.0)
            latency.add_metric([watcher.stream, id_.variant, "pdt"], theirs - edge)
    skew = Gauges(
        "streamwatch_clock_skew_seconds", "Clock of the server − ours, by Date. 服务器时钟偏差", labels=["stream"]
    )
    apart = Gauges(
        "streamwatch_hls_variant_drift_segments",
        "Distance of the variants' newest media sequence numbers. 各码率档进度差",
        labels=["stream"],
    )
    for watcher in watchers:
        _add(skew, [watcher.stream], watcher.details.skew.seconds)
        _add(apart, [watcher.stream], drift(watcher.details.newest()))
    yield from (latency, skew, apart)


def _marks(rows: list[Row]) -> Iterator[Metric]:
    marks: dict[str, tuple[str, Callable[[WatchedPlaylist], int]]] = {
        "discontinuities": ("EXT-X-DISCONTINUITY tags. 断点数", lambda watched: watched.details.discontinuities),
        "gaps": ("EXT-X-GAP tags. 缺片标记数", lambda watched: watched.details.gaps),
    }
    for name, (text, value_of) in marks.items():
        family = Counters(f"streamwatch_hls_{name}", text, labels=_PLAYLIST_LABELS)
        for watcher, id_, watched in rows:
            family.add_metric([watcher.stream, id_.variant, id_.rendition], value_of(watched))
        yield family


def _caches(watchers: list[HlsWatcher]) -> Iterator[Metric]:
    requests = Counters(
        "streamwatch_cdn_cache_requests",
        "Answers that say whether a cache had them. 可判断缓存的请求",
        labels=["stream"],
    )
    hits = Counters("streamwatch_cdn_cache_hits", "Answers from a cache. 缓存命中", labels=["stream"])
    for watcher in watchers:
        requests.add_metric([watcher.stream], watcher.details.cache.requests)
        hits.add_metric([watcher.stream], watcher.details.cache.hits)
    yield from (requests, hits)


def _cdns(watchers: list[HlsWatcher]) -> Iterator[Metric]:
    names = ["stream", "cdn"]
    up = Gauges("streamwatch_hls_cdn_up", "1 the copy at this network is read. 1 备用线路可用", labels=names)
    lag = Gauges(
        "streamwatch_hls_cdn_lag_segments", "Segments behind the main address. 比主线路落后的切片数", labels=names
    )
    for watcher in watchers:
        for cdn in watcher.cdns:
            _add(up, [watcher.stream, cdn.id], cdn.up)
            _add(lag, [watcher.stream, cdn.id], cdn.lag)
    yield from (up, lag)


def _ads(watchers: list[HlsWatcher]) -> Iterator[Metric]:
    cues = Counters("streamwatch_scte35_cues", "Cue tags. 广告标记数", labels=["stream", "kind"])
    active = Gauges("streamwatch_ad_active", "1 inside an ad break. 1 正在插播广告", labels=["stream"])
    for watcher in watchers:
        cues.add_counts([watcher.stream], watcher.details.cues)
        leader = watcher.details.leader()
        _add(active, [watcher.stream], leader[1].details.ad_active if leader else None)
    yield from (cues, active)


def _keys(watchers: list[HlsWatcher]) -> Iterator[Metric]:
    names = ["stream", "keyformat"]
    seconds = Histograms("streamwatch_drm_key_fetch_seconds", "GET of a key. 获取密钥耗时", labels=names)
    failures = Counters("streamwatch_drm_key_failures", "Keys that did not come. 密钥失败数", labels=names)
    for watcher in watchers:
        for key_format, buckets in list(watcher.details.keys.seconds.items()):
            _add_histogram(seconds, [watcher.stream, key_format], buckets)
        for key_format, count in list(watcher.details.keys.failures.items()):
            failures.add_metric([watcher.stream, key_format], count)
    yield from (seconds, failures)


_GAUGES: Mapping[str, tuple[str, Callable[[LowLatency], float | None]]] = {
    "part_target": ("PART-TARGET. 部分切片目标时长", lambda said: said.part_target),
    "part_hold_back": ("PART-HOLD-BACK. 距直播边缘的最小距离", lambda said: said.control.part_hold_back),
}


def _low_latency(rows: list[Row]) -> Iterator[Metric]:
    low = [(row, row[2].state.playlist.low_latency) for row in rows if row[2].state.playlist is not None]
    for name, (text, value_of) in _GAUGES.items():
        gauge = Gauges(f"streamwatch_llhls_{name}_seconds", text, labels=_PLAYLIST_LABELS)
        for (watcher, id_, watched), said in low:
            if said is not None and watched.up:
                _add(gauge, [watcher.stream, id_.variant, id_.rendition], value_of(said))
        yield gauge
    parts = Histograms(
        "streamwatch_llhls_part_duration_seconds", "Partial segments. 部分切片时长", labels=_PLAYLIST_LABELS
    )
    reloads = Histograms(
        "streamwatch_llhls_blocking_reload_seconds",
        "Until a blocking reload brought what it asked for. 阻塞式刷新耗时",
        labels=["stream", "variant"],
    )
    for (watcher, id_, watched), said in low:
        if said is not None and said.part_target is not None:
            _add_histogram(parts, [watcher.stream, id_.variant, id_.rendition], watched.details.parts)
        if said is not None and said.control.can_block_reload and id_.variant:
            _add_histogram(reloads, [watcher.stream, id_.variant], watched.details.reloads)
    yield from (parts, reloads)


def _add(family: Gauges, labels: list[str], value: float | None) -> None:
    if value is not None:
        family.add_metric(labels, value)


def _add_histogram(family: Histograms, labels: list[str], buckets: Buckets) -> None:
    family.add_metric(labels, buckets.cumulative(), buckets.sum)
