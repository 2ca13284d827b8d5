"""The `streamwatch_chat_*` metrics and those of viewers, computed when the page is made."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from streamwatch_exporters.chat import ChatRoom
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.complaints import CATEGORIES

_PLATFORM = ["stream", "platform"]


class ChatMetrics(Collector):
    """Renders what the `rooms` heard."""

    def __init__(self, rooms: dict[str, ChatRoom], clock: Clock) -> None:
        self._rooms, self._clock = rooms, clock

    def collect(self) -> Iterator[Metric]:
        rooms = list(self._rooms.items())
        now = self._clock.steady()
        yield from _feeds(rooms, now)
        yield from _people(rooms, now)
        yield from _totals(rooms)


def _feeds(rooms: list[tuple[str, ChatRoom]], now: float) -> Iterator[Metric]:
    connected = GaugeMetricFamily(
        "streamwatch_chat_connected",
        "1 a feed delivered within its allowed silence. 1 弹幕有数据",
        labels=_PLATFORM,
    )
    age = GaugeMetricFamily(
        "streamwatch_chat_last_message_age_seconds", "Since the last message. 距上一条弹幕", labels=_PLATFORM
    )
    messages = CounterMetricFamily(
        "streamwatch_chat_messages", "Messages, each id once. 弹幕条数（去重后）", labels=_PLATFORM
    )
    viewers = GaugeMetricFamily(
        "streamwatch_viewers", "Viewers; absent when unknown. 在线人数（未知则无此值）", labels=_PLATFORM
    )
    for stream, room in rooms:
        for platform, feed in sorted(room.feeds.items()):
            labels = [stream, platform]
            connected.add_metric(labels, float(room.connected(feed, now)))
            messages.add_metric(labels, feed.messages)
            if feed.last_message is not None:
                age.add_metric(labels, max(0.0, now - feed.last_message))
            if (count := room.viewers(feed, now)) is not None:
                viewers.add_metric(labels, count)
    yield from (connected, age, messages, viewers)


def _people(rooms: list[tuple[str, ChatRoom]], now: float) -> Iterator[Metric]:
    chatters = GaugeMetricFamily(
        "streamwatch_chat_unique_chatters", "Distinct senders. 发言人数", labels=["stream", "window"]
    )
    complaining = GaugeMetricFamily(
        "streamwatch_chat_complaining_users",
        "Distinct senders whose words match the category. 抱怨人数",
        labels=["stream", "category", "window"],
    )
    for stream, room in rooms:
        if not room.is_heard(now):
            continue
        chatters.add_metric([stream, "1m"], room.window.chatters(now))
        for category in CATEGORIES:
            complaining.add_metric([stream, category, "1m"], room.window.complaining(category, now))
    yield from (chatters, complaining)


def _totals(rooms: list[tuple[str, ChatRoom]]) -> Iterator[Metric]:
    complaints = CounterMetricFamily(
        "streamwatch_chat_complaints",
        "One per sender, category and minute. 抱怨次数（每人每类每分钟一次）",
        labels=["stream", "category"],
    )
    dropped = CounterMetricFamily(
        "streamwatch_chat_dropped",
        "Left out because memory is bounded. 因内存上限未计入",
        labels=["stream", "reason"],
    )
    joined = CounterMetricFamily(
        "streamwatch_viewers_joined",
        "Viewers who came, by their way. 进房人数，按来源",
        labels=["stream", "source"],
    )
    for stream, room in rooms:
        for source, count in sorted(room.joined.items()):
            joined.add_metric([stream, source], count)
        for category, count in room.window.complaints.items():
            complaints.add_metric([stream, category], count)
        for reason, count in room.window.dropped.items():
            dropped.add_metric([stream, reason], count)
    yield from (complaints, dropped, joined)
