"""A whole review as people and programs read it, in both languages."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from servers.told_incident import EIGHT, SHANGHAI, at, incident, note, page
from streamwatch.duty import NOBODY_HOLDS, Segment, Session
from streamwatch.incidents.timeline import Kind, acknowledged, tell
from streamwatch.language import Language, Text
from streamwatch.report.review.document import document
from streamwatch.report.review.handling import handling
from streamwatch.report.review.markdown import markdown
from streamwatch.report.review.measured import Measured
from streamwatch.report.review.reader import inert
from streamwatch.report.review.review import Record, Review, compose
from streamwatch.report.review.scope import Scope, of_session
from streamwatch.report.table import Column
from streamwatch.report.window import window

HOUR = timedelta(hours=1)
SESSION = Session(
    "1122-A",
    "demo",
    EIGHT,
    EIGHT + HOUR,
    {},
    title="Autumn | sale",
    expected_viewers=2000,
    platform="douyin",
    site="studio 2",
    started=EIGHT - timedelta(minutes=2),
    ended=EIGHT + HOUR,
    rundown=(Segment(EIGHT, "Opening", 10, "host"), Segment(EIGHT + HOUR / 3, "Product | 3")),
)
BOXES = {"P0": timedelta(seconds=60)}

GOLDEN = Path(__file__).parents[1] / "data" / "review"
ROWS = 152  # minutes, as long as people are at their places


def column(key: str, *values: float | None) -> Column:
    return Column(key, Text(key, key), Text("", ""), "max", 0, "x", values + (None,) * (ROWS - len(values)))


def step(procedure: str, anchor: str) -> Text:
    return Text(f"推流断开 {anchor}", f"Publisher gone {anchor}")


def evening() -> Review:
    """One incident that did not go as it should, and a drill that nobody took."""
    rows = {
        0.0: tell(Kind.CALLED, person="alice", why=NOBODY_HOLDS.format(role="tech")),
        1.0: tell(Kind.TRY_FAILED, person="alice", channel="chat", why="refused"),
        60.0: tell(Kind.ESCALATED, others="bob", why="no ack for 60 s"),
        90.0: acknowledged("alice"),
        120.0: note("alice", "switched <to> *backup*"),
    }
    real = incident(12, rows, evidence={"lag": {"users": 60, "samples": ["好卡啊 @all"]}})
    drill = incident(13, {}, drill=True, pages=[page(state="dead", delivered_at=None)], resolved_at=None)
    columns = (
        column("publishing", *[1.0] * 62, 0.0, 0.0, 0.5, *[1.0] * 57),
        column("viewers", *[1000.0] * 121, 1530.0),
        column("viewers_average", *[1200.0] * 122),
        column("complaints_lag", *[0.0] * 120, 70.2, 5),
        column("complaining_users_lag", *[0.0] * 120, 60, 5),
        column("orders", *[10.0] * 120, 42.0),
        column("payments_failed", *[0.0] * 121),
        column("refunds", *[0.0] * 120, 2.0),
        column("turnover_CNY", *[1990.0] * 120, 12345.6),
        column("turnover_USD", *[0.0] * 121),
        column("refunded_CNY", *[0.0] * 120, 398.0),
    )
    scope = of_session([SESSION], "1122-A", EIGHT + 12 * HOUR, SHANGHAI)
    return compose(Record(scope, (handling(real), handling(drill)), {"demo": Measured(columns)}), BOXES, SHANGHAI)


def quiet() -> Review:
    """A week of one stream of which nothing is known but that no incident came."""
    span = window(EIGHT - timedelta(weeks=1), EIGHT, 120, SHANGHAI)
    record = Record(Scope(span, "demo", (), weekly=True), (), {}, Text("没有应答", "it does not answer"))
    return compose(record, BOXES, SHANGHAI)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("name", "review"), [("evening", evening()), ("quiet_week", quiet())])
def test_as_people_read_it(name: str, review: Review, language: Language) -> None:
    """Every section, drills at the end; what is not known is said so; what people wrote is no markup."""
    assert markdown(review, language, step) == (GOLDEN / f"{name}.{language}.md").read_text(encoding="utf-8")


def test_as_programs_read_it() -> None:
    """The same facts with machine names, in seconds and ISO 8601, null where something is not known."""
    told = document(evening())
    assert told == json.loads((GOLDEN / "evening.json").read_text(encoding="utf-8"))
    assert told["drills"]["handling"][0]["seconds_to_page"] is None


def test_nothing_known_is_null() -> None:
    """And why, in one sentence."""
    told = document(quiet())
    assert told["prometheus"] == "it does not answer"
    assert [told["result"][0][key] for key in ("not_publishing_seconds", "viewers_peak", "viewers_average")] == [
        None,
        None,
        None,
    ]
    assert (told["feedback"][0]["known"], told["suggestions"], told["weekly"]) == (0, [], True)


def test_all_streams_have_one_page() -> None:
    """Incidents of no stream, as of a server, stand among the others."""
    span = window(EIGHT, EIGHT + HOUR, 60, SHANGHAI)
    server = handling(incident(stream="", procedure="infrastructure", hop="system"))
    told = markdown(compose(Record(Scope(span, None, ()), (server,), {}), BOXES, SHANGHAI), "en", step)
    assert told.startswith("# Review · all streams\n")
    assert "| (of no stream) | 0 s |" in told
    assert "No stream is known." in told


@pytest.mark.parametrize(
    ("language", "cells"),
    [("zh", ["—", "只观察，未发出", "—"]), ("en", ["—", "observed only, not sent", "—"])],
)
def test_what_was_only_observed_is_no_failed_delivery(language: Language, cells: list[str]) -> None:
    """Nobody is missed, and nothing is to be mended: not taken, nobody told, or late."""
    each = handling(incident(12, {}, pages=[page(state="observed", delivered_at=None)]))
    scope = of_session([SESSION], "1122-A", EIGHT + 12 * HOUR, SHANGHAI)
    review = compose(Record(scope, (each,), {}), BOXES, SHANGHAI)
    told = markdown(review, language, step)
    assert f"| {' | '.join(cells)} |" in told
    assert review.suggestions == ()


@pytest.mark.parametrize(
    ("language", "cells"),
    [
        ("zh", ["演练程序（代 Alice）", "不到 1 秒", "演练程序自己认领"]),
        ("en", ["the drill (for Alice)", "under 1 s", "by the drill itself"]),
    ],
)
def test_a_drill_that_took_it_itself_says_so(language: Language, cells: list[str]) -> None:
    """It would read as if Alice had taken it in no time."""
    soon = page(delivered_at=at(0.4))
    each = handling(incident(13, {0.6: acknowledged("alice")}, drill=True, pages=[soon]))
    scope = of_session([SESSION], "1122-A", EIGHT + 12 * HOUR, SHANGHAI)
    told = markdown(compose(Record(scope, (each,), {}), BOXES, SHANGHAI), language, step)
    assert f"| {' | '.join(cells)} |" in told


@pytest.mark.parametrize(
    "text", ["| a | b |", "[x](http://a)", "<b>", "`x`", "**x**", "a\nb", "@all", "&lt;", "~~x~~"]
)
def test_what_people_write_is_no_markup(text: str) -> None:
    """Nor does it break a line, or call everybody where the page is pasted."""
    assert not set(inert(text)) & set("|[]<>`*@&~\n\\")
