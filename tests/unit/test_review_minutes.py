"""The best and worst minutes: what stands out, why, what follows one another, and what is not known."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from servers.told_incident import EIGHT, SHANGHAI, alert, incident
from streamwatch.language import Text
from streamwatch.report.review.handling import Handling, handling
from streamwatch.report.review.measured import Measured
from streamwatch.report.review.minutes import TOLD, Minutes, minutes
from streamwatch.report.review.reader import Reader
from streamwatch.report.review.told_minutes import told_minutes
from streamwatch.report.table import Column
from streamwatch.report.window import window

MINUTE = timedelta(minutes=1)
SPAN = window(EIGHT, EIGHT + 30 * MINUTE, 60, SHANGHAI)
ALL = range(SPAN.rows)


def column(key: str, *values: float | None, rest: float | None = None) -> Column:
    filled = values + (rest,) * (SPAN.rows - len(values))
    return Column(key, Text(key, key), Text("", ""), "max", 0, "x", filled)


def told(*columns: Column, handlings: Sequence[Handling] = (), rows: Sequence[int] = ALL) -> Minutes:
    return minutes(handlings, Measured(columns), rows, SPAN)


def dark(start: float, end: float) -> Handling:
    return handling(incident(12, alerts=[alert(start=start, end=end)]))


def english(found: Minutes) -> tuple[list[tuple[int, int, str]], list[tuple[int, int, str]]]:
    good, bad = (
        [
            ((each.at - EIGHT) // MINUTE, each.seconds // 60, "; ".join(why.en for why in each.why))
            for each in spells
        ]
        for spells in (found.good, found.bad)
    )
    return good, bad


def test_an_interruption_is_one_bad_spell_told_by_its_darkest_minute() -> None:
    """From 3:30 to 6:00 nothing was seen: three minutes, of which the fifth is the first all dark."""
    good, bad = english(told(handlings=[dark(210, 360)]))
    assert (good, bad) == ([], [(4, 3, "interrupted 1 min")])


def test_viewers_that_come_and_go() -> None:
    """A tenth within a minute counts, of ten or more; the peak is good by itself."""
    good, bad = english(told(column("viewers", 5, 9, 100, 109, 120, 90, None, 40, rest=41)))
    assert good == [(4, 1, "most viewers, 120; viewers 109 → 120 (+10%)")]
    assert bad == [(5, 1, "viewers 120 → 90 (-25%)")]


def test_complaints_count_over_all_categories_and_spoil_a_full_chat() -> None:
    """Two people and one make three; while they complain a fast chat is no praise."""
    lag = column("complaining_users_lag", 0, 2, 2, rest=0)
    price = column("complaining_users_price", 0, 1, 0, rest=0)
    chat = column("chat_messages_per_minute", 10, 60, 60, rest=10)
    good, bad = english(told(lag, price, chat))
    assert good == [(2, 1, "60 chat messages a minute")]
    assert bad == [(1, 1, "3 people complained")]


@pytest.mark.parametrize(("low", "bad"), [(499, [(1, 1, "bitrate 50% of the usual")]), (500, [])])
def test_less_than_half_of_the_usual_bitrate_is_bad(low: float, bad: list[tuple[int, int, str]]) -> None:
    """The usual is the median of the session; a minute without data says nothing."""
    found = english(told(column("received_bytes_per_second", 1000, low, None, rest=1000)))
    assert found == ([], bad)


def test_a_stream_that_was_not_there_is_bad_once() -> None:
    """Where it counts as interrupted already it is not told twice; three seconds are a scrape that was late."""
    publishing = column("publishing", 1, 0.5, 0.96, 0, rest=1)
    good, bad = english(told(publishing, handlings=[dark(180, 240)]))
    assert (good, bad) == ([], [(3, 1, "interrupted 1 min"), (1, 1, "not publishing 30 s")])


def test_minutes_of_a_drill_are_neither_good_nor_bad() -> None:
    """Nor is that viewers whom it sent away come back. What really interrupted is told still."""
    publishing = column("publishing", 1, 1, 0.9, 0, rest=1)
    viewers = column("viewers", 100, 100, 50, 20, rest=100)
    angry = column("complaining_users_lag", 0, 0, 9, 9, rest=0)
    columns = Measured((publishing, viewers, angry))
    good, bad = english(minutes([dark(180, 240)], columns, ALL, SPAN, {2, 3}))
    assert good == [(0, 1, "most viewers, 100")]
    assert bad == [(3, 1, "interrupted 1 min")]


def test_five_of_each_the_strongest_first() -> None:
    """Of seven bad minutes apart the five worst; of equal ones the earlier."""
    values = [100.0 if row % 4 == 0 else 1000.0 for row in ALL]
    values[8] = 0.0
    _, bad = english(told(column("received_bytes_per_second", *values)))
    assert [row for row, _, _ in bad] == [8, 0, 4, 12, 16]
    assert len(bad) == TOLD


def test_only_the_time_on_air_is_judged() -> None:
    """Before it, nobody watches."""
    values = (0, 0, 0, *[1000] * 27)
    assert english(told(column("received_bytes_per_second", *values), rows=range(3, 30))) == ([], [])


def test_what_is_not_known_is_said() -> None:
    """A session of which nothing was measured has no best minute; one with viewers alone names the rest."""
    reader = Reader("en", SHANGHAI)
    nothing = [*told_minutes(told(), reader)]
    assert nothing[0] == "Not known: nothing of it was measured."
    some = "\n".join(told_minutes(told(column("viewers", rest=50)), reader))
    assert "Not known, and not counted: publishing, bitrate, chat, orders, complaints." in some
    assert "| Best | With its like | Why |" in some
    assert "Worst: no minute stands out." in some


@pytest.mark.parametrize(
    ("language", "line"), [("zh", "- 改进（责任人、期限）：________"), ("en", "- Causes: ________")]
)
def test_people_have_lines_to_fill_in(language: str, line: str) -> None:
    """In both languages, whatever was measured."""
    reader = Reader("zh" if language == "zh" else "en", SHANGHAI)
    assert line in "\n".join(told_minutes(told(), reader))
