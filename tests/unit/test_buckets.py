"""The histogram of one target."""

from streamwatch_exporters.buckets import Buckets


def test_a_value_counts_in_every_bucket_that_holds_it() -> None:
    """On the bound it is inside; above all bounds it is in the last one alone; the sum is that of all."""
    buckets = Buckets((0.1, 1.0))
    assert buckets.cumulative() == [("0.1", 0), ("1.0", 0), ("+Inf", 0)]
    for value in (0.05, 0.1, 0.5, 7.0):
        buckets.observe(value)
    assert buckets.cumulative() == [("0.1", 2), ("1.0", 3), ("+Inf", 4)]
    assert buckets.sum == 7.65
