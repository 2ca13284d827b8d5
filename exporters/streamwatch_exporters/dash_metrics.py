"""The `streamwatch_dash_*` metrics. Ages are computed when the page is made, not when a manifest was read."""

from collections.abc import Iterator

from prometheus_client import Metric

from streamwatch_exporters.buckets import Buckets
from streamwatch_exporters.dash import DashLook, DashSettings
from streamwatch_exporters.dash_state import DashState
from streamwatch_exporters.dash_time import StreamTime
from streamwatch_exporters.dash_watcher import DashWatcher
from streamwatch_exporters.page import Counters, Gauges, Histograms
from streamwatch_exporters.watching import Family, OneLook, Tools

_OF_ONE = ("representation",)
_GAUGES = {
    "manifest_age_seconds": ("Since the manifest changed. 清单多久没有更新", ()),
    "publish_timestamp_seconds": ("publishTime, unix time. 清单发布时间", ()),
    "periods": ("Periods listed. 时段数", ()),
    "representations": ("Representations of the period that is on. 码率档数", ()),
    "representations_up": ("Of these, those whose newest segment came. 最新切片可下载的档数", ()),
    "utc_timing_skew_seconds": ("Clock of UTCTiming ahead of ours. UTCTiming 时钟比本机快多少", ()),
    "representation_age_seconds": ("Since this representation advanced. 该档多久没有前进", _OF_ONE),
    "stall_ratio": ("Its age ÷ its longest segment. 停更时长与切片时长之比", _OF_ONE),
    "timeline_end_age_seconds": ("From the end of what is listed until now. 时间线末端距现在", _OF_ONE),
    "segments": ("Segments listed. 列出的切片数", _OF_ONE),
    "window_seconds": ("What the listed segments last. 列出的总时长", _OF_ONE),
    "download_ratio": ("Download time ÷ media duration, last segment. 下载耗时与时长之比", _OF_ONE),
    "measured_bandwidth_bytes_per_second": ("Bytes ÷ duration, last segment. 实测码率", _OF_ONE),
    "representation_bandwidth_bytes_per_second": ("@bandwidth ÷ 8. 声明的码率", _OF_ONE),
    "representation_info": (
        "What the manifest declares of it. 码率档参数",
        (*_OF_ONE, "kind", "resolution", "codecs", "frame_rate", "language"),
    ),
}
_COUNTERS = {
    "violations": ("Times the manifest began to break a rule. 清单违规次数", ("rule",)),
    "segment_requests": ("Segments asked for. 请求的切片数", ()),
    "segment_failures": ("Segments that did not come. 切片失败数", ("code_class",)),
    "segment_bytes": ("Bytes of segments received. 切片字节数", ()),
}
_HISTOGRAMS = {
    "manifest_fetch_seconds": "Complete GET of the manifest. 拉取清单耗时",
    "segment_ttfb_seconds": "To the first byte of a segment. 切片首字节耗时",
    "segment_fetch_seconds": "Complete download of a segment. 切片下载耗时",
}

Sample = tuple[str, tuple[str, ...], float | None]  # name without prefix, labels besides `stream`, value


class DashFamily(Family[DashWatcher]):
    """Every DASH stream, rendered as it is known at this moment."""

    def open(self, id_: str, settings: DashSettings, tools: Tools) -> DashWatcher:
        return DashWatcher(id_, settings, tools)

    def timeout(self, settings: DashSettings) -> float:
        return 2 * settings.timeout  # the manifest, then the time

    async def look_once(self, id_: str, tools: Tools) -> OneLook:
        once = DashLook(tools.session, self.watchers[id_].settings, tools.clock)
        answer, log = await once.look()
        samples = [*_known(once.state, once.time), *_listed(once.state)]
        families = _rendered(_GAUGES, {id_: samples}, counter=False)
        return OneLook(answer, log, tuple(family for family in families if family.samples))

    def collect(self) -> Iterator[Metric]:
        watchers = list(self.watchers.values())
        now = self.clock.steady()
        yield from _rendered(_GAUGES, {each.stream: list(_gauges(each, now)) for each in watchers}, counter=False)
        yield from _rendered(_COUNTERS, {each.stream: list(_counts(each)) for each in watchers}, counter=True)
        for name, text in _HISTOGRAMS.items():
            family = Histograms(f"streamwatch_dash_{name}", text, ["stream"])
            for each in watchers:
                family.add_buckets([each.stream], _buckets(each)[name])
            yield family


def _rendered(
    declared: dict[str, tuple[str, tuple[str, ...]]], told: dict[str, list[Sample]], *, counter: bool
) -> Iterator[Metric]:
    kind = Counters if counter else Gauges
    families = {
        name: kind(f"streamwatch_dash_{name}", text, ["stream", *labels])
        for name, (text, labels) in declared.items()
    }
    for stream, samples in told.items():
        for name, labels, value in samples:
            if value is not None:
                families[name].add_metric([stream, *labels], value)
    yield from families.values()


def _gauges(watcher: DashWatcher, now: float) -> Iterator[Sample]:
    """Ages go on growing while the manifest cannot be read; what stood in it is exported no more."""
    state = watcher.state
    yield "manifest_age_seconds", (), state.age(now)
    for name, each in list(state.representations.items()):
        yield "representation_age_seconds", (name,), each.age(now)
        yield "stall_ratio", (name,), each.stall_ratio(now)
    yield from _ends(state, watcher.time)
    if watcher.readable:
        yield from _listed(state)
        yield "utc_timing_skew_seconds", (), None if watcher.time.failed else watcher.time.skew
    newest = list(watcher.downloads.newest.items())
    for name, one in newest:
        yield "download_ratio", (name,), one.download.ratio
        yield "measured_bandwidth_bytes_per_second", (name,), one.download.bandwidth
    if any(one.up is not None for _, one in newest):
        yield "representations_up", (), sum(bool(one.up) for _, one in newest)


def _known(state: DashState, time: StreamTime) -> Iterator[Sample]:
    yield from _ends(state, time)
    yield "utc_timing_skew_seconds", (), None if time.failed else time.skew


def _ends(state: DashState, time: StreamTime) -> Iterator[Sample]:
    unix = time.now()
    for name, each in list(state.representations.items()):
        yield "timeline_end_age_seconds", (name,), state.end_age(each, unix)


def _listed(state: DashState) -> Iterator[Sample]:
    """What stands in the manifest."""
    manifest = state.manifest
    if manifest is None:
        return
    yield "publish_timestamp_seconds", (), manifest.published
    yield "periods", (), len(manifest.periods)
    yield "representations", (), len(state.representations)
    for name, each in list(state.representations.items()):
        about, window = each.representation, each.window
        if each.listed and window.told:
            yield "segments", (name,), window.segments
            yield "window_seconds", (name,), window.end - window.start
        yield "representation_bandwidth_bytes_per_second", (name,), about.bandwidth / 8 or None
        texts = (about.resolution, about.codecs, about.frame_rate, about.language)
        yield "representation_info", (name, about.kind, *(text[:64] for text in texts)), 1


def _counts(watcher: DashWatcher) -> Iterator[Sample]:
    for rule, count in watcher.state.violations.items():
        yield "violations", (rule,), count
    if not watcher.settings.segments:
        return
    counts = watcher.downloads.counts
    yield "segment_requests", (), counts.requests
    yield "segment_bytes", (), counts.size
    for code_class, count in counts.failures.items():
        yield "segment_failures", (code_class,), count


def _buckets(watcher: DashWatcher) -> dict[str, Buckets]:
    downloads = watcher.downloads
    return dict(zip(_HISTOGRAMS, (watcher.fetches, downloads.ttfb, downloads.seconds), strict=True))
