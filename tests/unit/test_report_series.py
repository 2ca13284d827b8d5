"""The fixed list of series: keys, words and PromQL with a stream's name in it."""

import pytest

from streamwatch.report.series import SERIES, Series, quoted

KEYS = {series.key: series for series in SERIES}


def test_the_list() -> None:
    """These are the columns people rely on; a change here is a change for users."""
    assert list(KEYS) == [
        "publishing",
        "received_bytes_per_second",
        "playlist_age_seconds",
        "stall_ratio",
        "download_ratio",
        "ingest_readers",
        "viewers",
        "chat_messages_per_minute",
        "chatters",
        "complaining_users",
        "orders_per_minute",
        "turnover_per_minute",
    ]


@pytest.mark.parametrize(
    ("stream", "literal"),
    [
        ("demo", '"demo"'),
        ("直播间😀", '"直播间😀"'),
        ('a"} or vector(1) #', '"a\\"} or vector(1) #"'),
        ("back\\slash", '"back\\\\slash"'),
        ("two\nlines", '"two\\nlines"'),
        ("tab\there", '"tab\\there"'),
        ("null\x00byte", '"null\\u0000byte"'),
    ],
)
def test_a_stream_cannot_leave_its_quotes(stream: str, literal: str) -> None:
    """Whatever a stream is called, it stays one label value."""
    assert quoted(stream) == literal


@pytest.mark.parametrize("series", SERIES, ids=lambda series: str(series.key))
def test_every_query_asks_for_the_one_stream(series: Series) -> None:
    """No placeholder is left over, and no series of another stream is taken in."""
    query = series.promql("demo", 60)
    assert '{stream="demo"' in query
    assert "$" not in query


@pytest.mark.parametrize("series", SERIES, ids=lambda series: str(series.key))
def test_every_series_speaks_both_languages(series: Series) -> None:
    """Name and unit stand in Chinese and in English."""
    assert all([series.name.zh, series.name.en, series.unit.zh, series.unit.en])
    assert series.name.zh != series.name.en


def test_a_stream_with_a_dollar_is_left_alone() -> None:
    """A name that looks like a placeholder is not filled in."""
    assert '{stream="$step"}' in KEYS["publishing"].promql("$step", 60)


@pytest.mark.parametrize(("step", "rate"), [(5, 60), (59, 60), (60, 60), (61, 61), (3600, 3600)])
def test_a_rate_looks_back_a_minute_at_least(step: int, rate: int) -> None:
    """A short step would leave a counter without its two samples; a value spans its step otherwise."""
    assert f"[{rate}s]" in KEYS["received_bytes_per_second"].promql("demo", step)
    assert f"[{step}s]" in KEYS["viewers"].promql("demo", step)
