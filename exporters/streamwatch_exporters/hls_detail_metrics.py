"""The metrics of what `hls_details` and `hls_stream` follow: latency, marks, caches, ads, keys, low latency."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client import Metric

from streamwatch_exporters.clock import Clock
from streamwatch_exporters.hls_identity import PlaylistId
from streamwatch_exporters.hls_low_latency import LowLatency
from streamwatch_exporters.hls_stream import drift
from streamwatch_exporters.hls_watched import WatchedPlaylist
from streamwatch_exporters.hls_watcher import HlsWatcher
from streamwatch_exporters.page import Counters, Gauges, Histograms, Texts, Told


class Row(NamedTuple):
    """A playlist, and the values of its labels."""

    watcher: HlsWatcher
    id: PlaylistId
    watched: WatchedPlaylist
    labels: Texts


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
    latency.add_column(known(((*row.labels[:2], "pdt"), _behind(row, now)) for row in rows))
    skew = Gauges(
        "streamwatch_clock_skew_seconds", "Clock of the server − ours, by Date. 服务器时钟偏差", labels=["stream"]
    )
    apart = Gauges(
        "streamwatch_hls_variant_drift_segments",
        "Distance of the variants' newest media sequence numbers. 各码率档进度差",
        labels=["stream"],
    )
    skew.add_column(known((each.labels, each.details.skew.seconds) for each in watchers))
    apart.add_column(known((each.labels, drift(each.details.newest())) for each in watchers))
    yield from (latency, skew, apart)


def _behind(row: Row, now: float) -> float | None:
    """Seconds that the live edge of a variant is behind *now*, by the server's clock."""
    edge, playlist = row.watched.details.edge, row.watched.state.playlist
    if edge is None or not row.id.variant or not row.watched.up or playlist is None or playlist.ended:
        return None
    return now + (row.watcher.details.skew.seconds or 0.0) - edge


def _marks(rows: list[Row]) -> Iterator[Metric]:
    marks: dict[str, tuple[str, Callable[[WatchedPlaylist], int]]] = {
        "discontinuities": ("EXT-X-DISCONTINUITY tags. 断点数", lambda watched: watched.details.discontinuities),
        "gaps": ("EXT-X-GAP tags. 缺片标记数", lambda watched: watched.details.gaps),
    }
    for name, (text, value_of) in marks.items():
        family = Counters(f"streamwatch_hls_{name}", text, labels=_PLAYLIST_LABELS)
        family.add_column([(row.labels, value_of(row.watched)) for row in rows])
        yield family


def _caches(watchers: list[HlsWatcher]) -> Iterator[Metric]:
    requests = Counters(
        "streamwatch_cdn_cache_requests",
        "Answers that say whether a cache had them. 可判断缓存的请求",
        labels=["stream"],
    )
    hits = Counters("streamwatch_cdn_cache_hits", "Answers from a cache. 缓存命中", labels=["stream"])
    requests.add_column([(watcher.labels, watcher.details.cache.requests) for watcher in watchers])
    hits.add_column([(watcher.labels, watcher.details.cache.hits) for watcher in watchers])
    yield from (requests, hits)


def _cdns(watchers: list[HlsWatcher]) -> Iterator[Metric]:
    names = ["stream", "cdn"]
    up = Gauges("streamwatch_hls_cdn_up", "1 the copy at this network is read. 1 备用线路可用", labels=names)
    lag = Gauges(
        "streamwatch_hls_cdn_lag_segments", "Segments behind the main address. 比主线路落后的切片数", labels=names
    )
    copies = [((watcher.stream, cdn.id), cdn) for watcher in watchers for cdn in watcher.cdns]
    up.add_column(known((labels, cdn.up) for labels, cdn in copies))
    lag.add_column(known((labels, cdn.lag) for labels, cdn in copies))
    yield from (up, lag)


def _ads(watchers: list[HlsWatcher]) -> Iterator[Metric]:
    cues = Counters("streamwatch_scte35_cues", "Cue tags. 广告标记数", labels=["stream", "kind"])
    active = Gauges("streamwatch_ad_active", "1 inside an ad break. 1 正在插播广告", labels=["stream"])
    for watcher in watchers:
        cues.add_counts(watcher.labels, watcher.details.cues)
    active.add_column(known((watcher.labels, watcher.details.ad_active) for watcher in watchers))
    yield from (cues, active)


def _keys(watchers: list[HlsWatcher]) -> Iterator[Metric]:
    names = ["stream", "keyformat"]
    seconds = Histograms("streamwatch_drm_key_fetch_seconds", "GET of a key. 获取密钥耗时", labels=names)
    failures = Counters("streamwatch_drm_key_failures", "Keys that did not come. 密钥失败数", labels=names)
    for watcher in watchers:
        for key_format, buckets in list(watcher.details.keys.seconds.items()):
            seconds.add_buckets([watcher.stream, key_format], buckets)
        for key_format, count in list(watcher.details.keys.failures.items()):
            failures.add_metric([watcher.stream, key_format], count)
    yield from (seconds, failures)


_GAUGES: Mapping[str, tuple[str, Callable[[LowLatency], float | None]]] = {
    "part_target": ("PART-TARGET. 部分切片目标时长", lambda said: said.part_target),
    "part_hold_back": ("PART-HOLD-BACK. 距直播边缘的最小距离", lambda said: said.control.part_hold_back),
}


def _low_latency(rows: list[Row]) -> Iterator[Metric]:
    low = [(row, said) for row in rows if (said := _said(row)) is not None]
    for name, (text, value_of) in _GAUGES.items():
        gauge = Gauges(f"streamwatch_llhls_{name}_seconds", text, labels=_PLAYLIST_LABELS)
        gauge.add_column(known((row.labels, value_of(said)) for row, said in low if row.watched.up))
        yield gauge
    parts = Histograms(
        "streamwatch_llhls_part_duration_seconds", "Partial segments. 部分切片时长", labels=_PLAYLIST_LABELS
    )
    reloads = Histograms(
        "streamwatch_llhls_blocking_reload_seconds",
        "Until a blocking reload brought what it asked for. 阻塞式刷新耗时",
        labels=["stream", "variant"],
    )
    for row, said in low:
        if said.part_target is not None:
            parts.add_buckets(row.labels, row.watched.details.parts)
        if said.control.can_block_reload and row.id.variant:
            reloads.add_buckets([row.watcher.stream, row.id.variant], row.watched.details.reloads)
    yield from (parts, reloads)


def _said(row: Row) -> LowLatency | None:
    playlist = row.watched.state.playlist
    return None if playlist is None else playlist.low_latency


def known(told: Iterable[tuple[Texts, float | None]]) -> Told:
    """Without what is not known."""
    return [(labels, value) for labels, value in told if value is not None]
