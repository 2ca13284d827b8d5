"""The metrics page: written faster than the library does it, and saying the same."""

import asyncio

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streamwatch_exporters.hls_watcher import Turns
from streamwatch_exporters.page import page_of


def test_the_page_says_what_the_library_would_say() -> None:
    """Every family and sample, with labels that hold quotes, line ends and Chinese, and values at the edges."""
    registry = CollectorRegistry()
    gauge = Gauge("a_ratio", "A ratio.\nOf two lines \\ 比值", ["stream", "text"], registry=registry)
    for number, text in enumerate(('quo"ted', "back\\slash", "line\nend", "中文 😀", "")):
        gauge.labels("demo", text).set(number / 3)
    for value in (float("inf"), float("-inf"), 0.0, 1e300, 1795452087.269189, 1):
        gauge.labels("edge", repr(value)).set(value)
    Gauge("plain", "Without labels.", registry=registry).set(5)
    Counter("seen", "Counted.", ["stream"], registry=registry).labels("demo").inc(7)
    Histogram("took_seconds", "Timed.", ["stream"], buckets=(0.1, 1), registry=registry).labels("demo").observe(0.5)

    def told(page: bytes) -> list[object]:
        families = text_string_to_metric_families(page.decode())
        return [(each.name, each.type, each.documentation, each.samples) for each in families]

    ours, theirs = (page.decode().splitlines() for page in (page_of([registry]), generate_latest(registry)))
    assert [line for line in ours if "{" in line] == [line for line in theirs if "{" in line]

    # The library writes when a child was made, which this exporter leaves out.
    usual = [each for each in told(generate_latest(registry)) if not str(each[0]).endswith("_created")]  # type: ignore[index]
    assert [each for each in told(page_of([registry])) if not str(each[0]).endswith("_created")] == usual  # type: ignore[index]


async def test_a_thousand_looks_begin_in_turns() -> None:
    """No more than twenty in one round of the event loop; all begin in the end, in the order they asked."""
    turns, rounds = Turns(), list[int]()
    began = list[int]()
    now = 0

    async def look(number: int) -> None:
        await turns.take()
        began.append(number)
        rounds.append(now)

    looks = [asyncio.create_task(look(number)) for number in range(1000)]
    while not all(each.done() for each in looks):
        now += 1
        await asyncio.sleep(0)

    assert began == list(range(1000))
    assert max(rounds.count(each) for each in set(rounds)) <= 40  # a round of ours may see the end of one of theirs
    assert len(set(rounds)) >= 25
