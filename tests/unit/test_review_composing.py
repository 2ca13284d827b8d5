"""The parts of a review: time on air, classes, complaints, and what the rules find."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from servers.told_incident import EIGHT, SHANGHAI, alert, at, incident, page
from streamwatch.duty import NOBODY_HOLDS, Session
from streamwatch.incidents.timeline import Kind, Row, acknowledged, tell
from streamwatch.language import Text
from streamwatch.report.review.counting import Class, classes
from streamwatch.report.review.feedback import Category, Sample, feedback
from streamwatch.report.review.handling import Handling, handling
from streamwatch.report.review.measured import Measured
from streamwatch.report.review.result import Result, result
from streamwatch.report.review.review import Record, compose, streams
from streamwatch.report.review.sales import Sales, sales
from streamwatch.report.review.scope import Scope
from streamwatch.report.review.suggestions import suggestions
from streamwatch.report.table import Column
from streamwatch.report.window import window

MINUTE = timedelta(minutes=1)
SPAN = window(EIGHT, EIGHT + 10 * MINUTE, 60, SHANGHAI)
BOXES = {"P0": timedelta(seconds=60), "P1": timedelta(minutes=5)}
NOTHING = Measured()
ALL = range(SPAN.rows)


def column(key: str, *values: float | None, rest: float | None = None) -> Column:
    filled = values + (rest,) * (SPAN.rows - len(values))
    return Column(key, Text(key, key), Text("", ""), "max", 0, "x", filled)


def session(start: datetime, end: datetime, stream: str = "demo") -> Session:
    return Session("1122-A", stream, start, end, {})


def read(number: int = 12, rows: dict[float, Row] | None = None, **changes: object) -> Handling:
    return handling(incident(number, rows, **changes))


def of_demo(*handlings: Handling, sessions: tuple[Session, ...] = (), measured: Measured = NOTHING) -> Result:
    return result("demo", sessions, handlings, measured, SPAN)


def test_overlapping_alerts_interrupt_once() -> None:
    """Two P0 from 0 to 200 and from 100 to 260 s are 260 s; a P2 and another procedure interrupt nothing."""
    first = read(alerts=[alert(), alert("PlaybackStalled", start=100, end=260)])
    second = read(13, alerts=[alert("BackupLost", start=300, end=400, severity="P2")])
    third = read(14, procedure="sudden_situation", alerts=[alert("SiteDown", start=300, end=400)])
    assert of_demo(first, second, third).interrupted == 260


@pytest.mark.parametrize(
    ("end", "resolved", "seconds"), [(None, None, 600 - 30), (None, at(90), 60), (700, at(700), 600 - 30)]
)
def test_what_fires_still_interrupts_to_the_end(end: float | None, resolved: str | None, seconds: float) -> None:
    """Of the time told, of the incident, or of the span: no longer."""
    each = read(alerts=[alert(start=30, end=end)], resolved_at=resolved)
    assert of_demo(each).interrupted == seconds


def test_only_the_time_on_air_counts_where_a_session_is_known() -> None:
    """On air from the second minute to the fourth: half of an interruption from the third to the fifth counts."""
    air = session(EIGHT + 2 * MINUTE, EIGHT + 4 * MINUTE)
    other = session(EIGHT, EIGHT + 9 * MINUTE, "other")
    publishing = column("publishing", 0, 0, 1, 0.25, 0, 0)
    viewers = column("viewers", 999, None, 100, 200, 999)
    average = column("viewers_average", 900, None, 90, 110, 900)
    found = of_demo(
        read(alerts=[alert(start=180, end=300)]),
        sessions=(air, other),
        measured=Measured((publishing, viewers, average)),
    )
    assert (found.interrupted, found.not_publishing) == (60, 45)
    assert (found.peak, found.average, found.known, found.publishing_known) == (200, 100, 1.0, 1.0)
    assert found.sessions == (air,)


def test_what_nobody_measured_is_not_known() -> None:
    """No viewers, no publishing, and without a session nobody knows when it should have published: None, not 0."""
    found = of_demo(measured=Measured((column("publishing", 1, 0), column("viewers"))))
    assert (found.not_publishing, found.peak, found.average, found.known) == (None, None, None, 0.0)
    assert (found.interrupted, found.incidents) == (0, {"P0": 0, "P1": 0, "P2": 0, "P3": 0})


def test_classes_are_counted_in_the_order_of_the_way() -> None:
    """Procedure by procedure, hop by hop from the encoder on; what nobody knows comes last."""
    several = [
        read(1, hop="playback", severity="P1"),
        read(2, hop="encoder"),
        read(3, hop="encoder", severity="P2"),
        read(4, procedure="audio_troubles", hop="mixer", severity="P3"),
        read(5, procedure="viewer_complaints", hop="audience", severity="P1"),
    ]
    assert classes(several) == (
        Class("stream_interruption", "encoder", {"P0": 1, "P1": 0, "P2": 1, "P3": 0}),
        Class("stream_interruption", "playback", {"P0": 0, "P1": 1, "P2": 0, "P3": 0}),
        Class("viewer_complaints", "audience", {"P0": 0, "P1": 1, "P2": 0, "P3": 0}),
        Class("audio_troubles", "mixer", {"P0": 0, "P1": 0, "P2": 0, "P3": 1}),
    )


def test_complaints_by_category_and_samples_that_are_kept() -> None:
    """Summed over the time, the loudest first; a category without any is left out; each sample stands once."""
    measured = Measured(
        (
            column("complaints_lag", 2, 3, None, 5),
            column("complaints_audio", 0, 0),
            column("complaints_price", 20),
            column("complaining_users_lag", 2, 3, None, 4),
            column("complaining_users_order", 7),
        )
    )
    evidence = {"audio": {"users": 9, "samples": ["没声音"]}, "lag": {"users": 60, "samples": ["好卡啊", "好卡啊"]}}
    found = feedback("demo", [read(evidence=evidence)], measured, ALL)
    assert found.categories == (
        Category("price", 20, None),
        Category("lag", 10, 4),
        Category("order", None, 7),
    )
    assert found.samples == (Sample("lag", "好卡啊", "12"), Sample("audio", "没声音", "12"))


def test_complaints_count_while_on_air() -> None:
    """Where a session is known; the share says for how much of it the chat was read."""
    found = feedback("demo", [], Measured((column("complaints_lag", 50, 1, None, 2, 60),)), [1, 2, 3])
    assert (found.categories, found.known) == ((Category("lag", 3, None),), 2 / 3)


def test_a_quiet_chat_and_one_that_nobody_read_differ() -> None:
    """Known and nothing; or not known."""
    quiet = feedback("demo", [], Measured((column("complaints_lag", 0, 0),)), ALL)
    assert (quiet.known, quiet.categories) == (0.2, ())
    assert feedback("demo", [], Measured((column("complaints_lag"),)), ALL).known == 0


def rules_of(*handlings: Handling) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.rule, each.text.en, each.incidents) for each in suggestions(handlings, BOXES)]


def test_nothing_to_suggest_is_nothing() -> None:
    """Taken within the time box, over the first channel, by whoever was on duty."""
    assert rules_of(read()) == []
    assert rules_of() == []


def test_acks_later_than_the_time_box() -> None:
    """Of each severity by its own box, with the worst; at the box itself is in time, P2 has none."""
    found = rules_of(
        read(1, {60.0: acknowledged("alice")}),
        read(2, {61.0: acknowledged("alice")}),
        read(3, {125.0: acknowledged("bob")}),
        read(4, {301.0: acknowledged("bob")}, severity="P1"),
        read(5, {9999.0: acknowledged("bob")}, severity="P2"),
    )
    assert found == [
        ("late_ack", "P0 taken after more than 1 min, at worst after 2 min 5 s", ("2", "3")),
        ("late_ack", "P1 taken after more than 5 min, at worst after 5 min 1 s", ("4",)),
    ]


def test_an_ack_is_awaited_from_the_call_that_made_it_urgent() -> None:
    """A P2 that is raised to P0 after ten minutes: half a minute later is in time, and an ack before is none."""
    raised = tell(Kind.RAISED, what="StreamNotPublishing", severity="P0")
    before, soon, late = ({600.0: raised, when: acknowledged("alice")} for when in (300.0, 630.0, 700.0))
    assert rules_of(read(1, before), read(2, soon)) == []
    assert [each[2] for each in rules_of(read(3, late))] == [("3",)]


def test_incidents_that_nobody_took_and_gaps_in_duty() -> None:
    """One line for each rule, with all of its incidents."""
    gap = tell(Kind.CALLED, person="bob", why=NOBODY_HOLDS.format(role="tech"))
    found = rules_of(read(1, {}), read(2, {1.0: gap}), read(3, {1.0: gap, 2.0: acknowledged("bob")}))
    assert found == [
        ("not_taken", "nobody took it", ("1", "2")),
        ("duty_gap", "nobody held the role it went to", ("2", "3")),
    ]


def test_pages_that_needed_a_second_channel_or_never_arrived() -> None:
    """By person and channel, so that the contact to mend is named."""
    ack = acknowledged("alice")
    rows = {1.0: tell(Kind.TRY_FAILED, person="alice", channel="chat", why="no"), 9.0: ack}
    lost = [page(), page("bob", state="dead", delivered_at=None)]
    assert rules_of(read(1, rows), read(2, rows), read(3, {9.0: ack}, pages=lost)) == [
        ("second_channel", "Alice was reached over phone, not over chat", ("1", "2")),
        ("undelivered", "a page never reached Bob", ("3",)),
    ]


def test_an_alert_that_fires_three_times() -> None:
    """In one incident or in several, of one stream; three variants at once, or twice, are not that."""
    variants = [alert("VariantStalled", fingerprint=name) for name in ("low", "mid", "high")]
    twice = [alert(), alert(start=300, end=310)]
    other = read(4, stream="other", alerts=[alert()])
    assert rules_of(read(1, alerts=variants), read(2, alerts=twice), other) == []
    assert rules_of(read(2, alerts=twice), read(3, alerts=[alert()])) == [
        ("often", "StreamNotPublishing fired 3 times (demo)", ("2", "3"))
    ]


USELESS = "pages of StreamNotPublishing: 2 said that they were no use, 1 that they were"


def said(useful: bool, why: str = "") -> dict[str, object]:
    return {"person": "alice", "useful": useful, "why": why}


def test_pages_of_no_use_are_told_by_alert() -> None:
    """With the reasons, never with who said it; an alert whose pages were all of use is not told."""
    handlings = [
        read(1, ratings=[said(False, "the backup was in use"), said(True)]),
        read(2, ratings=[said(False, "the backup was in use")]),
        read(3, alertname="BackupLost", ratings=[said(True)]),
        read(4, alertname="Wolf", false_alarm_at=at(60)),
    ]
    found = [each for each in suggestions(handlings, BOXES) if each.rule in ("not_useful", "false_alarm")]
    assert [(each.rule, each.text.en, each.incidents) for each in found] == [
        ("false_alarm", "Wolf was called a false alarm, times: 1", ("4",)),
        ("not_useful", f"{USELESS} (the backup was in use)", ("1", "2")),
    ]  # fmt: skip
    assert found[1].text.zh == "StreamNotPublishing 的呼叫：2 人次说没用，1 人次说有用（the backup was in use）"


def composed(*handlings: Handling, **changes: Any) -> Any:
    scope = Scope(SPAN, changes.pop("stream", None), changes.pop("sessions", ()))
    return compose(Record(scope, handlings, changes.pop("measured", {})), BOXES, SHANGHAI)


def test_drills_are_kept_apart_everywhere() -> None:
    """A late drill with complaints that interrupts is in no count, and suggests nothing."""
    drill = read(13, {500.0: acknowledged("bob")}, drill=True, evidence={"lag": {"samples": ["x"]}})
    review = composed(read(), drill)
    assert [each.number for each in review.handlings] == ["12"]
    assert [each.number for each in review.drills] == ["13"]
    assert (review.results[0].interrupted, review.results[0].incidents["P0"]) == (200, 1)
    assert [each.total for each in (*review.classes, *review.drill_classes)] == [1, 1]
    assert (review.suggestions, review.feedback[0].samples) == ((), ())


def test_what_a_drill_stopped_is_not_counted_as_not_publishing() -> None:
    """A minute before its alert it may have begun; what a real interruption darkened in that time counts."""
    publishing = column("publishing", 1, 1, 0.5, 0, 1, 1, 1, 0.25, rest=1.0)
    drill = read(13, drill=True, opened_at=at(190), resolved_at=at(200), alerts=[alert(start=190, end=200)])
    air, measured = (session(EIGHT, EIGHT + 10 * MINUTE),), {"demo": Measured((publishing,))}
    (found,) = composed(drill, sessions=air, measured=measured).results
    assert (found.not_publishing, found.publishing_known) == (45, 1.0)
    real = read(alerts=[alert(start=170, end=230)])
    (found,) = composed(real, drill, sessions=air, measured=measured).results
    assert found.not_publishing == 45 + 30 + 60


def test_a_drill_of_what_people_report_stops_nothing() -> None:
    """It is open until somebody says that it is over, and the stream goes on."""
    drill = read(13, drill=True, alerts=[alert("PersonHurt", fingerprint="person-1", end=None)])
    air = (session(EIGHT, EIGHT + 10 * MINUTE),)
    measured = {"demo": Measured((column("publishing", 0.5, rest=1.0),))}
    assert composed(drill, sessions=air, measured=measured).results[0].not_publishing == 30


def test_what_the_session_before_left_open_interrupts_and_is_no_incident() -> None:
    """It is counted there; the minutes are dark here."""
    air = (session(EIGHT + MINUTE, EIGHT + 10 * MINUTE),)
    scope = Scope(SPAN, "demo", air, "1122-A")
    review = compose(Record(scope, (), {}, carried=(read(),)), BOXES, SHANGHAI)
    assert (review.handlings, review.results[0].incidents["P0"]) == ((), 0)
    assert review.results[0].interrupted == 140
    assert review.minutes is not None
    assert [each.seconds for each in review.minutes.bad] == [180]


def test_nobody_is_late_for_what_was_only_observed() -> None:
    """Somebody saw it in the console, long after."""
    watched = page(state="observed", channel="phone", delivered_at=None)
    assert rules_of(read(1, {900.0: acknowledged("alice")}, pages=[watched])) == []
    assert rules_of(read(2, {}, pages=[watched, watched | {"state": "cancelled"}])) == []


def test_the_streams_of_a_week() -> None:
    """Those with a session, an incident or a measurement; a drill's own stream and a name without data are none."""
    seen = Measured((column("viewers", 1),))
    record = Record(
        Scope(SPAN, None, (session(EIGHT, EIGHT + MINUTE, "planned"),)),
        (read(), read(13, stream="", procedure="infrastructure"), read(14, stream="drill-obs", drill=True)),
        {"seen": seen, "unseen": NOTHING, "drill-obs": seen},
    )
    assert streams(record) == ["", "demo", "planned", "seen"]
    assert [each.stream for each in compose(record, BOXES, SHANGHAI).feedback] == ["demo", "planned", "seen"]


def test_a_stream_that_was_asked_for_is_told_whatever_is_known() -> None:
    """Nothing at all is told as that."""
    review = composed(stream="demo")
    assert [(each.stream, each.peak) for each in review.results] == [("demo", None)]
    assert (review.handlings, review.classes, review.suggestions) == ((), (), ())


def test_what_was_sold_on_air() -> None:
    """Orders, turnover by currency and the best minute, of the rows on air; a step of two minutes is halved."""
    measured = Measured(
        (
            column("orders", 99, 10, 40, None, 2),
            column("payments_failed", 9, 0, 1, None, 0),
            column("turnover_CNY", 9900, 1000, 4000, None, 200.5),
            column("turnover_USD", None, None, 5),
        )
    )
    assert sales("demo", measured, range(1, 5), 120) == Sales(
        "demo", 0.75, 52, 20, 1, None, {"CNY": 5200.5, "USD": 5}, {}
    )


def test_a_shop_that_nobody_heard_has_no_sales() -> None:
    """It is left out; one that was heard and sold nothing sold 0."""
    assert sales("demo", Measured((column("orders", 5),)), range(1, 5), 60) is None
    found = sales("demo", Measured((column("orders", 0, 0),)), range(2), 60)
    assert found is not None
    assert (found.orders, found.peak, found.known) == (0, 0, 1.0)
