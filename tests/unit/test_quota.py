"""What a month will come to, and what is shown of it: by the calendar of the people, not of Greenwich."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry

from streamwatch.delivering.quota import QuotaCollector, forecast, month_of

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("moment", "first", "end"),
    [
        (at(15), at(1), at(1, month=12)),
        (datetime(2026, 10, 31, 16, tzinfo=UTC), at(1), at(1, month=12)),
        (datetime(2026, 10, 31, 15, tzinfo=UTC), at(1, month=10), at(1)),
        (at(31, month=12), at(1, month=12), datetime(2027, 1, 1, tzinfo=SHANGHAI)),
    ],
)
def test_a_month_is_that_of_the_zone(moment: datetime, first: datetime, end: datetime) -> None:
    """It begins at midnight where the people are."""
    assert month_of(moment, SHANGHAI) == (first, end)


@pytest.mark.parametrize(
    ("used", "moment", "expected"),
    [(0, at(15), 0), (100, at(16), 200), (30, at(1, 1), 300), (30, at(2), 300), (100, at(30, 23), 100.14)],
)
def test_the_forecast_goes_on_as_it_did(used: int, moment: datetime, expected: float) -> None:
    """The first three days count as three, so that one bad night is no forecast for the month."""
    assert forecast(used, moment, SHANGHAI) == pytest.approx(expected, abs=0.01)


def test_only_channels_with_a_quota_are_shown() -> None:
    """Quota, used and forecast; the count is asked from the first of the month on."""
    asked: list[tuple[tuple[str, ...], datetime]] = []

    def count(channels: Collection[str], since: datetime) -> Mapping[str, int]:
        asked.append((tuple(channels), since))
        return {"group": 500}

    registry = CollectorRegistry()
    registry.register(QuotaCollector(lambda: {"group": 5000, "sms": 100}, count, lambda: at(16), lambda: SHANGHAI))

    def shown(name: str, channel: str) -> float | None:
        return registry.get_sample_value(f"streamwatch_channel_{name}_messages", {"channel": channel})

    assert [shown(name, "group") for name in ("quota", "used", "forecast")] == [5000, 500, 1000]
    assert [shown(name, "sms") for name in ("quota", "used", "forecast")] == [100, 0, 0]
    assert asked[-1] == (("group", "sms"), at(1))


def test_without_a_quota_nothing_is_counted() -> None:
    """No family, no query."""
    registry = CollectorRegistry()
    registry.register(QuotaCollector(dict, lambda _, __: 1 / 0, lambda: at(16), lambda: SHANGHAI))  # type: ignore[arg-type, return-value]
    assert list(registry.collect()) == []
