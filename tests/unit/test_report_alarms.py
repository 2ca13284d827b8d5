"""False alarms are counted by alert, so that the rules that cry wolf are found."""

from streamwatch.report.alarms import by_alert


def incident(name: str, *, false: bool = False, drill: bool = False, state: str = "resolved") -> dict[str, object]:
    at = "2026-11-22T20:00:00+08:00" if false else None
    return {"alertname": name, "false_alarm_at": at, "drill": drill, "state": state}


def test_the_alert_with_most_false_alarms_comes_first() -> None:
    """Then the one that opened most; a drill and what is part of another do not count."""
    incidents = [
        incident("Often"), incident("Often"), incident("Often", false=True),
        incident("Wolf", false=True), incident("Wolf", false=True), incident("Wolf", drill=True),
        incident("Once"), incident("Once", state="merged"),
    ]  # fmt: skip
    assert by_alert(incidents) == [
        {"alertname": "Wolf", "incidents": 2, "false_alarms": 2},
        {"alertname": "Often", "incidents": 3, "false_alarms": 1},
        {"alertname": "Once", "incidents": 1, "false_alarms": 0},
    ]
    assert by_alert([]) == []
