"""What the machinery saves: shares, medians and 95 of 100, folded repeats, nights; by procedure, without drills."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from servers.told_incident import SHANGHAI, alert, at, incident, page
from streamwatch.duty import NOBODY_HOLDS
from streamwatch.incidents.timeline import Kind, acknowledged, tell
from streamwatch.report.review.efficiency import TARGET, Efficiency, Spread, efficiency
from streamwatch.report.review.handling import Handling, handling
from streamwatch.report.review.reader import Reader
from streamwatch.report.review.review import Record, compose
from streamwatch.report.review.scope import Scope
from streamwatch.report.review.told_efficiency import told_efficiency
from streamwatch.report.window import window

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 16, tzinfo=SHANGHAI)
SPAN = window(MONDAY, MONDAY + 7 * DAY, 120, SHANGHAI)


def read(number: int = 12, taken: float | None = 30, over: float | None = 200, **changes: Any) -> Handling:
    rows = {} if taken is None else {taken: acknowledged("alice")}
    resolved = None if over is None else at(over)
    return handling(incident(number, rows, **{"resolved_at": resolved, **changes}))


def found(*handlings: Handling) -> Efficiency:
    return efficiency(handlings, SPAN, SHANGHAI)


def test_of_all_and_of_each_procedure() -> None:
    """In the order of the vocabulary; the first is the sum."""
    complaint = read(13, taken=None, procedure="viewer_complaints", severity="P1", false_alarm_at=at(5))
    all_of_them, complaints, = [
        (each.procedure, each.incidents, each.taken, each.false_alarms) for each in found(complaint).effects
    ]  # fmt: skip
    assert (all_of_them, complaints) == ((None, 1, 0, 1), ("viewer_complaints", 1, 0, 1))
    assert [each.procedure for each in found(complaint, read()).effects] == [
        None, "stream_interruption", "viewer_complaints",
    ]  # fmt: skip


def test_pages_that_found_somebody_by_the_duty_list() -> None:
    """Two of three pages; what everybody was called for because nobody held the role is not routed."""
    nobody = {0.0: tell(Kind.CALLED, person="alice", why=NOBODY_HOLDS.format(role="tech"))}
    two = read(pages=[page(), page("bob", delivered_at=None), page(kind="over")])
    effect = found(two, handling(incident(13, nobody))).effects[0]
    assert (effect.pages, effect.routed) == (3, 2)


def test_what_is_observed_only_is_no_page() -> None:
    """Nobody was called on purpose: it is an incident, and neither a page nor one that nobody took."""
    effect = found(read(pages=[page(state="observed", delivered_at=None)], taken=None), read()).effects[0]
    assert (effect.incidents, effect.called, effect.taken, effect.pages) == (2, 1, 1, 1)


def test_what_was_held_back_beside_a_call_is_no_page() -> None:
    """Where a team is only notified the first page goes out, and the steps after it are recorded alone."""
    steps = [
        page("bob", state="observed", delivered_at=None),
        page("charlie", state="cancelled", delivered_at=None),
    ]
    assert found(read(pages=[page(), *steps])).effects[0].pages == 1


def test_median_and_what_95_of_100_stay_below() -> None:
    """Of those that were taken; a hundred of 1 to 100 seconds."""
    several = [read(number, taken=float(number)) for number in range(1, 101)]
    assert found(*several, read(101, taken=None)).effects[0].ack == Spread(50.5, 95)
    assert found(read(taken=None)).effects[0].ack == Spread(None, None)


def test_p0_within_the_target() -> None:
    """To the second; one that is not over is not in time, a P1 does not count."""
    effect = found(
        read(1, over=TARGET), read(2, over=TARGET + 1), read(3, over=None), read(4, severity="P1", over=1)
    )
    assert (effect.effects[0].p0, effect.effects[0].p0_in_time) == (3, 1)


def test_repeats_that_were_no_message() -> None:
    """Three alerts told nine times in one incident: eight were folded."""
    told = [alert() | {"seen": 3}, alert("PlaybackStalled") | {"seen": 5}, alert("SegmentsFailing")]
    assert found(read(alerts=told)).effects[0].folded == 8


@pytest.mark.parametrize(("hour", "quiet"), [(0, 6), (6.99, 6), (7, 7), (23.9, 7)])
def test_a_night_in_which_somebody_was_called(hour: float, quiet: int) -> None:
    """From midnight to seven by the team's clocks, of seven nights; what did not arrive woke nobody."""
    rang = at(hour * 3600, MONDAY + 2 * DAY)
    effect = found(read(pages=[page(delivered_at=rang)]), read(pages=[page(delivered_at=None)]))
    assert (effect.nights, effect.quiet) == (7, quiet)


def test_drills_do_not_count_and_sessions_have_no_efficiency() -> None:
    """A week and a month have it."""
    drill = read(drill=True)
    for scope, there in (
        (Scope(SPAN, None, (), weekly=True), True),
        (Scope(SPAN, None, (), monthly=True), True),
        (Scope(SPAN, None, ()), False),
    ):
        review = compose(Record(scope, (drill,), {}), {}, SHANGHAI)
        assert (review.efficiency is not None) is there
        assert review.efficiency is None or review.efficiency.effects[0].incidents == 0


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("zh", ["| 指标 | 全部 | 直播中断 |", "| 有人认领 | 1 / 2 (50%) | 1 / 2 (50%) |",
                "| 认领用时 中位 / 95% | 30 秒 / 30 秒 | 30 秒 / 30 秒 |",
                "没有呼叫任何人的夜晚（0 点到 7 点）：7 / 7。"]),
        ("en", ["| Figure | All | stream interruption |", "| P0 over within 3 min | 0 / 2 (0%) | 0 / 2 (0%) |",
                "Nights (0 to 7 o'clock) in which nobody was called: 7 of 7."]),
    ],
)  # fmt: skip
def test_in_words(language: str, lines: list[str]) -> None:
    """Shares with their numbers; a dash where there is nothing to count."""
    reader = Reader("zh" if language == "zh" else "en", SHANGHAI)
    told = "\n\n".join(told_efficiency(found(read(), read(13, taken=None)), reader)).splitlines()
    assert [line for line in lines if line not in told] == []
    empty = "\n".join(told_efficiency(found(), reader))
    assert "| — |" in empty
