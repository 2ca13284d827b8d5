"""The oldest version of each part that StreamWatch is tested with, and what older ones lack. Pure.

The tests run with those of Debian 12, the oldest system they run on; docker-compose.yml names newer ones.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from streamwatch import __version__
from streamwatch.language import Text
from streamwatch.versions.numbers import older

State = Literal["ok", "lacks", "old", "unknown"]


class Need(NamedTuple):
    """*oldest*: nobody tried anything before it; None: with any. Before *since* it *lacks* something."""

    title: str
    oldest: str | None = None
    since: str | None = None
    lacks: Text = Text("", "")


class Part(NamedTuple):
    """One part that runs, or does not say what it is (*version* None)."""

    name: str
    title: str
    version: str | None
    oldest: str | None
    state: State
    text: Text


NEEDS: Mapping[str, Need] = {
    "streamwatch": Need("StreamWatch"),
    "receiver": Need(
        "receiver",
        since=__version__,
        lacks=Text("接收端比这个命令旧：重新启动它", "the receiver is older than this command: start it again"),
    ),
    "exporter": Need(
        "streamwatch-exporter",
        since=__version__,
        lacks=Text(
            "采集器比 StreamWatch 旧：pip install ./exporters 后重新启动",
            "the exporter is older than StreamWatch: pip install ./exporters, and start it again",
        ),
    ),
    "prometheus": Need("Prometheus", "2.42.0"),  # the first that knows keep_firing_for
    "alertmanager": Need(
        "Alertmanager",
        "0.25.0",
        "0.28.0",
        Text(
            "0.28 之前不说明哪些告警被 mute_time_intervals 静音：不要用它，请用静默（streamwatch silence）",
            "before 0.28 it does not say what mute_time_intervals mutes: do not use those, silence instead "
            "(streamwatch silence)",
        ),
    ),
    "grafana": Need(
        "Grafana",
        since="12.3.1",
        lacks=Text(
            "看板是为 12.3.1 做的，没有在更旧的版本上试过",
            "the boards are made for 12.3.1; nobody tried older ones",
        ),
    ),
    "ffmpeg": Need("ffmpeg", "5.1"),
    "python": Need("Python", "3.11"),
}
UNKNOWN = Text("没有应答，或没有安装", "no answer, or not installed")
OLD = Text(
    "比测试过的最旧版本 {oldest} 还旧：请升级", "older than {oldest}, the oldest it is tested with: upgrade it"
)
OK = Text("可以", "fine")


def judged(name: str, version: str | None) -> Part:
    """*version* as the part says it."""
    need = NEEDS[name]
    state, text = _state(need, version)
    return Part(name, need.title, version, need.oldest, state, text)


def _state(need: Need, version: str | None) -> tuple[State, Text]:
    if version is None:
        return "unknown", UNKNOWN
    if need.oldest and older(version, need.oldest):
        return "old", OLD.format(oldest=need.oldest)
    if need.since and older(version, need.since):
        return "lacks", need.lacks
    return "ok", OK
