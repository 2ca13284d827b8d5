"""Channels whose contract allows so many messages a month: what is used, and what the month will come to.

DingTalk, ntfy.sh and whoever sells calls count by the month or bill by the message; a quota that runs out in the
middle of a stream is known too late. Who sets `monthly_quota` gets three gauges to alert on.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta, tzinfo

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

# One bad night at the beginning of a month is no pace for the rest of it.
SHORTEST = timedelta(days=3)


def month_of(at: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Its first instant and that of the next one, by the calendar of *zone*."""
    first = at.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)


def forecast(used: int, at: datetime, zone: tzinfo) -> float:
    """How many messages there will be at the end of the month, if it goes on as it did."""
    first, end = month_of(at, zone)
    elapsed = max(at - first, SHORTEST)
    return max(float(used), used * ((end - first) / elapsed))


class QuotaCollector(Collector):
    """Counts at scrape time. *quotas* are those of the configuration now, *count* what went out since."""

    def __init__(
        self,
        quotas: Callable[[], Mapping[str, int]],
        count: Callable[[Collection[str], datetime], Mapping[str, int]],
        clock: Callable[[], datetime],
        zone: Callable[[], tzinfo],
    ) -> None:
        self._quotas = quotas
        self._count = count
        self._clock = clock
        self._zone = zone

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterable[Metric]:
        quotas = self._quotas()
        if not quotas:
            return
        at, zone = self._clock(), self._zone()
        used = self._count(quotas, month_of(at, zone)[0])
        will_be = {channel: forecast(used.get(channel, 0), at, zone) for channel in quotas}
        for name, text, values in (
            ("streamwatch_channel_quota_messages", "Messages a month that the contract allows.", quotas),
            ("streamwatch_channel_used_messages", "Messages sent this month.", used),
            ("streamwatch_channel_forecast_messages", "Messages by the end of the month, at this pace.", will_be),
        ):
            family = GaugeMetricFamily(name, text, labels=("channel",))
            for channel in quotas:
                family.add_metric([channel], values.get(channel, 0))
            yield family
