"""False alarms are counted by alert, so that the rules that cry wolf are found."""

from streamwatch.report.alarms import by_alert


def incident(
    name: str, *said: bool, false: bool = False, drill: bool = False, state: str = "resolved"
) -> dict[str, object]:
    """*said*: whether the page was useful, by each of those who said it."""
    at = "2026-11-22T20:00:00+08:00" if false else None
    ratings = [{"person": "alice", "useful": each, "why": ""} for each in said]
    return {"alertname": name, "false_alarm_at": at, "drill": drill, "state": state, "ratings": ratings}


def counted(name: str, incidents: int, false: int, useful: int = 0, useless: int = 0) -> dict[str, object]:
    return {
        "alertname": name,
        "incidents": incidents,
        "false_alarms": false,
        "useful": useful,
        "not_useful": useless,
    }


def test_the_alert_with_most_false_alarms_comes_first() -> None:
    """Then the one that opened most; a drill and what is part of another do not count."""
    incidents = [
        incident("Often"), incident("Often"), incident("Often", false=True),
        incident("Wolf", false=True), incident("Wolf", false=True), incident("Wolf", drill=True),
        incident("Once"), incident("Once", state="merged"),
    ]  # fmt: skip
    assert by_alert(incidents) == [counted("Wolf", 2, 2), counted("Often", 3, 1), counted("Once", 1, 0)]
    assert by_alert([]) == []


def test_what_people_said_of_its_pages_is_counted_too() -> None:
    """Of the same false alarms, the one whose pages were of no use comes first; a receiver of before tells none."""
    older = {key: value for key, value in incident("Older").items() if key != "ratings"}
    incidents = [
        incident("Good", True, True),
        incident("Bad", False, True),
        incident("Bad", False, drill=True),
        older,
    ]
    assert by_alert(incidents) == [counted("Bad", 1, 0, 1, 1), counted("Good", 1, 0, 2), counted("Older", 1, 0)]
